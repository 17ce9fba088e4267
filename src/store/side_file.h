/* side_file.h - long values of a table, in a plain file beside it.
 *
 * SQLite would copy them into pages, sum these up, write them to its log and later to
 * its file; here they are written once.  The table's rows say where a value lies and
 * what its check is; a row is committed after mmofl_side_file_sync, so what a row names
 * is on the disk.  Who owns the rows gives out the places; values are written over when
 * no row names them any more.  Only src/store includes it. */
#ifndef MMOFL_STORE_SIDE_FILE_H
#define MMOFL_STORE_SIDE_FILE_H

#include "mmofl/status.h"

typedef struct mmofl_side_file {
    int fd; /* -1: not open */
    char *path;
} mmofl_side_file;

/** Where a value lies. */
typedef struct mmofl_side_value {
    uint64_t at, size;
    uint64_t check; /* of its bytes */
} mmofl_side_value;

/** Open the file "path-suffix", or make it.  On success: mmofl_side_file_close.
 * @retval E_IO, E_NOT_FOUND (the folder), E_NO_SPACE, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_side_file_open(mmofl_side_file *file, const char *path,
                                                const char *suffix, mmofl_error *err);

/** {.fd = -1} is allowed. */
void mmofl_side_file_close(mmofl_side_file *file);

/** Write a value at value->at, and fill in the rest of *value.
 * @retval E_NO_SPACE, E_IO  parts of it may be there */
MMOFL_CHECKED mmofl_status mmofl_side_file_put(mmofl_side_file *file,
                                               mmofl_side_value *value,
                                               const void *data, size_t size,
                                               mmofl_error *err);

/** Put on the disk what was written.  @retval E_NO_SPACE, E_IO */
MMOFL_CHECKED mmofl_status mmofl_side_file_sync(mmofl_side_file *file,
                                                mmofl_error *err);

/** Read a value: malloc, the caller frees.
 * @retval E_CORRUPT  it is not what was written
 * @retval E_IO, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_side_file_get(const mmofl_side_file *file,
                                               const mmofl_side_value *value,
                                               void **data, mmofl_error *err);

#endif
