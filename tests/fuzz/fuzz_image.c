/* fuzz_image.c - no bytes may crash a decoder or its caller, and each pixel that comes
 * out is one of 0 to 255. */
#include <stdlib.h>
#include <string.h>

#include "data/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int side = (int)(size % 40) + 1; /* smaller and larger than most pictures here */
    size_t count = (size_t)side * (size_t)side * 3;
    unsigned char *exact = malloc(size > 0 ? size : 1);
    float *out = malloc(count * sizeof *out);
    mmofl_error err;
    if (exact && out) {
        memcpy(exact, data, size);
        if (mmofl_image_square(exact, size, "fuzz", side, out, &err) == MMOFL_OK)
            for (size_t i = 0; i < count; i++)
                if (!(out[i] >= 0 && out[i] <= 255))
                    abort();
    }
    free(exact);
    free(out);
    return 0;
}
