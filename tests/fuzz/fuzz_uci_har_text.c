/* fuzz_uci_har_text.c - the text tables of UCI-HAR: any bytes, exact-size buffers, and
 * numbers that must be finite and, where strtod may be asked, equal to its answer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "data/text_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare_with_strtod(const char *text, size_t size)
{
    char copy[256];
    double got;
    if (size >= sizeof copy)
        return;
    memcpy(copy, text, size);
    copy[size] = '\0';
    const char *end = mmofl_number_read(copy, copy + size, &got);
    if (!end)
        return;
    copy[end - copy] = '\0'; /* strtod would also read on: 0x10 */
    double wanted = strtod(copy, NULL);
    if (memcmp(&got, &wanted, sizeof got) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t rows = data[0] % 8U + 1, columns = data[1] % 8U + 1;
    char *exact = malloc(size - 2 ? size - 2 : 1); /* no zero at its end */
    float *out = malloc(rows * columns * sizeof *out);
    int32_t *values;
    size_t n;
    mmofl_error err;
    if (exact && out) {
        memcpy(exact, data + 2, size - 2);
        mmofl_text text = {exact, size - 2, "fuzz"};
        if (mmofl_text_read_floats(text, rows, columns, 1, out, &err) == MMOFL_OK)
            for (size_t i = 0; i < rows * columns; i++)
                if (!isfinite(out[i]))
                    abort();
        if (mmofl_text_read_integers(text, 1, 6, &values, &n, &err) == MMOFL_OK) {
            for (size_t i = 0; i < n; i++)
                if (values[i] < 1 || values[i] > 6)
                    abort();
            free(values);
        }
        compare_with_strtod(exact, size - 2);
    }
    free(exact);
    free(out);
    return 0;
}
