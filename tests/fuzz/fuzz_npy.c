/* fuzz_npy.c - no input may crash the reader, and what it accepts must be what it says:
 * as many values as the shape has, all inside the buffer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_values(const mmofl_npy *npy)
{
    float *floats = malloc((npy->count + 1) * sizeof *floats);
    int64_t *integers = malloc((npy->count + 1) * sizeof *integers);
    mmofl_error err;
    if (floats && integers) {
        if (mmofl_npy_floats(npy, "fuzz", 0, npy->count, floats, &err) == MMOFL_OK)
            for (size_t i = 0; i < npy->count; i++)
                if (!isfinite(floats[i]))
                    abort();
        if (mmofl_npy_integers(npy, "fuzz", 0, npy->count, -9, 99, integers, &err) ==
            MMOFL_OK)
            for (size_t i = 0; i < npy->count; i++)
                if (integers[i] < -9 || integers[i] > 99)
                    abort();
    }
    free(floats);
    free(integers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1); /* no zero at its end */
    mmofl_npy npy;
    mmofl_error err;
    if (!exact)
        return 0;
    memcpy(exact, data, size);
    if (mmofl_npy_parse(exact, size, "fuzz", &npy, &err) == MMOFL_OK) {
        size_t count = 1;
        for (int i = 0; i < npy.n_dims; i++)
            count *= npy.dim[i];
        if (count != npy.count || npy.count > size)
            abort();
        read_values(&npy);
    }
    free(exact);
    return 0;
}
