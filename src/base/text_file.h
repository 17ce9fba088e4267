/* text_file.h - a text file that is written line by line, as long as it may be, and is
 * there whole or not at all. */
#ifndef MMOFL_BASE_TEXT_FILE_H
#define MMOFL_BASE_TEXT_FILE_H

#include <stdio.h>

#include "mmofl/status.h"

typedef struct mmofl_text_file {
    FILE *to; /* write here; what goes wrong is told when the file is closed */
    char path[4096];
} mmofl_text_file;

/** Begin "path.part".
 * @retval MMOFL_E_NOT_FOUND (folder), MMOFL_E_IO, MMOFL_E_NO_SPACE
 * @retval MMOFL_E_LIMIT  the path is too long
 * On success the caller owes it mmofl_text_file_close. */
MMOFL_CHECKED mmofl_status mmofl_text_file_open(mmofl_text_file *file, const char *path,
                                                mmofl_error *err);

/** With status OK the file takes its name, in place of what had it; else, and where it
 * was not written well, path is as it was and the part is removed.
 * @retval status  where that is not OK
 * @retval MMOFL_E_NO_SPACE, MMOFL_E_IO */
MMOFL_CHECKED mmofl_status mmofl_text_file_close(mmofl_text_file *file,
                                                 mmofl_status status, mmofl_error *err);

#endif
