/* cell_table.h - cells.csv: which cells a sweep has, what each sets, where it ran.
 *
 *     cell,folder,row,method,train.lr
 *     "B71,method=pm","cells/B71,method=pm",B71,pm,
 *
 * One line for each cell, one column for each setting that any cell makes; a field is
 * empty where a cell leaves the base's value.  Equal cells have one folder.  Fields are
 * quoted as RFC 4180 says. */
#ifndef MMOFL_STORE_CELL_TABLE_H
#define MMOFL_STORE_CELL_TABLE_H

#include <stdio.h>

#include "base/arena.h"

typedef struct mmofl_cell_row {
    const char *name;         /* of the cell */
    const char *folder;       /* of its run, relative to the sweep's folder */
    const char *row;          /* "" when the sweep has no named rows */
    const char *const *value; /* n_paths texts */
} mmofl_cell_row;

typedef struct mmofl_cell_table {
    mmofl_arena arena; /* owns all of it when it was read */
    int n_paths;
    const char *const *path; /* settings: "train.lr" */
    int n_rows;
    const mmofl_cell_row *row;
} mmofl_cell_table;

/** The table as CSV.  malloc; the caller frees.  NULL when memory is short. */
char *mmofl_cell_table_text(const mmofl_cell_table *table);

/** Read a file of that form.
 * @retval MMOFL_E_SYNTAX       no CSV, or another header
 * @retval MMOFL_E_COUNT        a line with more or fewer fields than the header
 * @retval MMOFL_E_UNSAFE_PATH  a folder outside the sweep's
 * @retval MMOFL_E_LIMIT        over 16 MB, 1,000 columns or 100,000 lines
 * @retval MMOFL_E_NOT_FOUND, E_IO, E_MEMORY
 * On success the caller owns it: mmofl_cell_table_free. */
MMOFL_CHECKED mmofl_status mmofl_cell_table_read(const char *path,
                                                 mmofl_cell_table *table,
                                                 mmofl_error *err);

/** NULL is allowed. */
void mmofl_cell_table_free(mmofl_cell_table *table);

/** Write a field, quoted when it must be. */
void mmofl_cell_table_write_field(FILE *to, const char *text);

#endif
