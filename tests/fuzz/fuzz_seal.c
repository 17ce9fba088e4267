/* fuzz_seal.c - no object may crash the reader or the unpacker; what is opened has the
 * size that was let in. */
#include <stdlib.h>
#include <string.h>

#include "wire/seal.h"

enum { LIMIT = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[MMOFL_KEY_BYTES] = {1};
    mmofl_envelope e;
    mmofl_error err;
    const uint8_t *message;
    size_t n;
    if (mmofl_envelope_read(data, size, LIMIT, &e, &err))
        return 0;
    if (strlen(e.sender) >= sizeof e.sender || e.session == 0 ||
        e.message_bytes > LIMIT)
        abort();
    (void)!mmofl_envelope_verify(&e, "home", key, &err);
    if (mmofl_envelope_open(&e, &message, &n, &err) == MMOFL_OK) {
        unsigned sum = 0;
        if (n > LIMIT)
            abort();
        for (size_t i = 0; i < n; i++)
            sum += message[i];
        (void)sum;
    }
    mmofl_envelope_free(&e);
    return 0;
}
