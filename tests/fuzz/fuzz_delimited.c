/* fuzz_delimited.c - any bytes as a table: every cell of one that is accepted lies in
 * the text, and what is read as a number is one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/delimited.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_cell(const mmofl_delimited *table, size_t row, int column,
                     mmofl_cell cell)
{
    float x;
    int64_t n;
    char place[64];
    mmofl_error err;
    if (cell.line < 1 || cell.column < 1 ||
        (cell.size && memchr(cell.data, '\0', cell.size)))
        abort();
    mmofl_delimited_place(table, cell, place, sizeof place);
    if (row == SIZE_MAX)
        return;
    if (!mmofl_delimited_float(table, row, column, &x, &err) && !isfinite(x))
        abort();
    if (!mmofl_delimited_integer(table, row, column, -5, 5, &n, &err) &&
        (n < -5 || n > 5))
        abort();
}

static void use(const mmofl_delimited *table)
{
    size_t rows = mmofl_delimited_rows(table), row = SIZE_MAX;
    int column;
    mmofl_error err;
    do {
        for (int c = 0; c < mmofl_delimited_columns(table); c++)
            use_cell(table, row, c, mmofl_delimited_cell(table, row, c));
    } while (++row < rows);
    if (mmofl_delimited_column(table, "label", &column, &err) == MMOFL_OK &&
        mmofl_delimited_cell(table, SIZE_MAX, column).size != 5)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    char *copy = malloc(size > 1 ? size - 1 : 1); /* no zero at its end */
    mmofl_delimited *table;
    mmofl_error err;
    if (!copy)
        return 0;
    memcpy(copy, data + 1, size - 1);
    mmofl_text text = {copy, size - 1, "fuzz"};
    if (mmofl_delimited_open(text, data[0] % 2 ? ',' : '\t', &table, &err) ==
        MMOFL_OK) {
        use(table);
        mmofl_delimited_close(table);
    }
    return 0;
}
