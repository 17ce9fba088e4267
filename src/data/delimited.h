/* delimited.h - tables with a header line: CSV (RFC 4180, quotes allowed) and TSV (no
 * quoting), UTF-8, line ends LF or CRLF.
 *
 * A table is cut into cells once; cells are borrowed pieces of the text.  A byte order
 * mark in front and empty lines at the end are left out.  Errors name
 * "file:line:column" (columns counted in bytes from 1). */
#ifndef MMOFL_DATA_DELIMITED_H
#define MMOFL_DATA_DELIMITED_H

#include "data/text_table.h"

/** A cell: bytes of the text, quotes taken off (a doubled quote inside a quoted cell
 * was made single in place). */
typedef struct mmofl_cell {
    const char *data; /* no zero at its end */
    size_t size;
    int line, column; /* where it starts */
} mmofl_cell;

typedef struct mmofl_delimited mmofl_delimited;

/** Cut the text, whose bytes (from malloc) it takes over and changes: they are freed
 * when the table is closed, and when this fails.  The name is copied.
 * delimiter: ',' or '\t'.
 * @retval MMOFL_E_MEMORY
 * @retval MMOFL_E_TRUNCATED  the text is empty, or a quote that never ends
 * @retval MMOFL_E_SYNTAX     a zero byte, something behind a closing quote, a quote
 * inside a cell without quotes, a carriage return on its own
 * @retval MMOFL_E_COUNT      a row with another number of cells than the header
 * @retval MMOFL_E_DUPLICATE  two columns of one name
 * @retval MMOFL_E_LIMIT      more than 2^31 - 1 bytes or 65,536 columns
 * Cost: two passes over the text; 24 bytes of memory per cell. */
MMOFL_CHECKED mmofl_status mmofl_delimited_open(mmofl_text text, char delimiter,
                                                mmofl_delimited **table,
                                                mmofl_error *err);
/** NULL is allowed. */
void mmofl_delimited_close(mmofl_delimited *table);

size_t mmofl_delimited_rows(const mmofl_delimited *table); /* header not counted */
int mmofl_delimited_columns(const mmofl_delimited *table);
const char *mmofl_delimited_name(const mmofl_delimited *table);

/** The column of that name.
 * @retval MMOFL_E_MISSING  none; err lists those that are there */
MMOFL_CHECKED mmofl_status mmofl_delimited_column(const mmofl_delimited *table,
                                                  const char *name, int *column,
                                                  mmofl_error *err);

/** row < rows; row SIZE_MAX is the header. */
mmofl_cell mmofl_delimited_cell(const mmofl_delimited *table, size_t row, int column);

/** The cell, all of it, as a number in the C locale.
 * @retval MMOFL_E_SYNTAX     no number (or an empty cell)
 * @retval MMOFL_E_NONFINITE  NaN, infinity, or beyond float */
MMOFL_CHECKED mmofl_status mmofl_delimited_float(const mmofl_delimited *table,
                                                 size_t row, int column, float *value,
                                                 mmofl_error *err);

/** The cell, all of it, as a whole number ("3", also "3.0").
 * @retval MMOFL_E_SYNTAX, MMOFL_E_NONFINITE  as for a float
 * @retval MMOFL_E_TYPE   not whole
 * @retval MMOFL_E_RANGE  outside min ... max */
MMOFL_CHECKED mmofl_status mmofl_delimited_integer(const mmofl_delimited *table,
                                                   size_t row, int column, int64_t min,
                                                   int64_t max, int64_t *value,
                                                   mmofl_error *err);

/** "file:line:column", for errors about a cell's meaning. */
void mmofl_delimited_place(const mmofl_delimited *table, mmofl_cell cell, char *text,
                           size_t size);

#endif
