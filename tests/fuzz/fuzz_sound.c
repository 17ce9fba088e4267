/* fuzz_sound.c - no bytes may crash a decoder or its caller, and what comes out is
 * finite and no louder than promised.
 *
 * A file states its rate; so that mutations of the header get through, the rate that is
 * asked for is the one that stands where a WAV or a FLAC has it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/sound.h"
#include "sound_leaks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int stated_rate(const uint8_t *data, size_t size)
{
    if (size >= 28 && memcmp(data, "RIFF", 4) == 0)
        return data[24] | data[25] << 8 | (data[26] & 15) << 16;
    if (size >= 21 && memcmp(data, "fLaC", 4) == 0)
        return data[18] << 12 | data[19] << 4 | data[20] >> 4;
    return 8000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 5000 };
    static float out[MOST];
    size_t n = size % MOST + 1;
    unsigned char *exact = malloc(size > 0 ? size : 1);
    mmofl_error err;
    if (!exact)
        return 0;
    memcpy(exact, data, size);
    if (mmofl_sound_read(exact, size, "fuzz", stated_rate(data, size), n, out, &err) ==
        MMOFL_OK)
        for (size_t i = 0; i < n; i++)
            if (!(fabsf(out[i]) <= MMOFL_SOUND_LOUDEST))
                abort();
    free(exact);
    return 0;
}
