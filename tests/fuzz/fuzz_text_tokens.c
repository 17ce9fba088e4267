/* fuzz_text_tokens.c - any bytes: ids lie within the vocabulary, padding stands behind
 * them and only there, and a shorter length gives the same ids, fewer of them. */
#include <stdlib.h>
#include <string.h>

#include "data/text_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const int32_t *ids, int length, int vocabulary, int used, int whole)
{
    if (used > length || used > whole || (whole < length && used != whole))
        abort();
    for (int i = 0; i < length; i++)
        if (i < used ? ids[i] < 1 || ids[i] >= vocabulary : ids[i] != 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    int vocabulary = data[0] + 2, length = data[1];
    unsigned char *exact = malloc(size > 2 ? size - 2 : 1); /* no zero at its end */
    int32_t ids[256], some[256];
    int used, whole;
    mmofl_error err;
    if (!exact)
        return 0;
    memcpy(exact, data + 2, size - 2);
    if (mmofl_text_tokens(exact, size - 2, "fuzz", vocabulary, length, ids, &used,
                          &whole, &err) == MMOFL_OK) {
        check(ids, length, vocabulary, used, whole);
        if (mmofl_text_tokens(exact, size - 2, "fuzz", vocabulary, length / 2, some,
                              NULL, NULL, &err) != MMOFL_OK ||
            memcmp(ids, some, (size_t)(length / 2) * sizeof *ids) != 0)
            abort();
    }
    free(exact);
    return 0;
}
