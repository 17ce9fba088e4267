/* text_table.h - tables of numbers as text: one row a line, numbers between blanks,
 * line ends LF or CRLF, blank lines only at the end.
 *
 * Errors name "file:line:column" (columns counted in bytes from 1). */
#ifndef MMOFL_DATA_TEXT_TABLE_H
#define MMOFL_DATA_TEXT_TABLE_H

#include "mmofl/status.h"

typedef struct mmofl_text {
    const char *data; /* borrowed; needs no zero at its end */
    size_t size;
    const char *name; /* for errors */
} mmofl_text;

/** Read rows x columns numbers; the one in row r, column c goes, as float, to
 * out[(r * columns + c) * stride].
 * @retval MMOFL_E_TRUNCATED  the text is empty
 * @retval MMOFL_E_COUNT      another number of rows, or of columns in some row
 * @retval MMOFL_E_SYNTAX     something that is no number
 * @retval MMOFL_E_NONFINITE  NaN, infinity, or beyond float */
MMOFL_CHECKED mmofl_status mmofl_text_read_floats(mmofl_text text, size_t rows,
                                                  size_t columns, size_t stride,
                                                  float *out, mmofl_error *err);

/** Which numbers of a long table are kept. */
typedef struct mmofl_text_columns {
    int n;           /* numbers in a row of the text */
    const int *slot; /* (n) place in a row that is kept; -1 = checked, but not kept */
    int kept;        /* numbers in a row that is kept, at most n */
    bool nan;        /* the word NaN is a value: one that was not recorded */
} mmofl_text_columns;

/** Read all rows there are.  *values (malloc, the caller frees) receives (*rows, kept),
 * *rows >= 1.
 * @retval MMOFL_E_MEMORY, and as mmofl_text_read_floats
 * Cost: some 10 ns per number of the text. */
MMOFL_CHECKED mmofl_status mmofl_text_read_rows(mmofl_text text,
                                                const mmofl_text_columns *columns,
                                                float **values, size_t *rows,
                                                mmofl_error *err);

/** "file:line:column" of a number in a table that could be read, for errors about its
 * meaning.  Cost: one pass. */
void mmofl_text_place(mmofl_text text, size_t row, int column, char *place,
                      size_t size);

/** Read one integer from min to max per line.  *values (malloc, the caller frees)
 * receives *n >= 1 numbers.
 * @retval MMOFL_E_MEMORY, and as above
 * @retval MMOFL_E_TYPE   a number that is not whole
 * @retval MMOFL_E_RANGE  outside min ... max */
MMOFL_CHECKED mmofl_status mmofl_text_read_integers(mmofl_text text, int32_t min,
                                                    int32_t max, int32_t **values,
                                                    size_t *n, mmofl_error *err);

#endif
