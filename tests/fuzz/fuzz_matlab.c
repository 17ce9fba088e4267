/* fuzz_matlab.c - no input may crash the reader or make it take more memory than asked
 * for, and what it accepts must be what it says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/matlab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 4096 };
    uint8_t *exact = malloc(size ? size : 1); /* no zero at its end */
    mmofl_matlab_array array;
    mmofl_error err;
    if (!exact)
        return 0;
    memcpy(exact, data, size);
    if (mmofl_matlab_read(exact, size, "fuzz", "x", MOST, &array, &err) == MMOFL_OK) {
        size_t count = 1;
        for (int i = 0; i < array.n_dims; i++)
            count *= array.dim[i];
        if (count != array.count || count > MOST)
            abort();
        for (size_t i = 0; i < count; i++)
            if (!isfinite(array.values[i]))
                abort();
        free(array.values);
    }
    free(exact);
    return 0;
}
