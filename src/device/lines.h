/* lines.h - whole lines out of bytes that come in pieces. */
#ifndef MMOFL_DEVICE_LINES_H
#define MMOFL_DEVICE_LINES_H

#include "mmofl/status.h"

/** {0} is empty. */
typedef struct mmofl_lines {
    char *text;
    size_t size, from, room;
    bool is_skipping; /* the rest of a line that was too long */
} mmofl_lines;

/** Read once from a descriptor.  @retval OK, also when there is nothing now
 *  @retval E_TRUNCATED  the end: what has no line end is the last line
 *  @retval E_IO, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_lines_read(mmofl_lines *lines, int fd);

/** The next whole line, without its end, borrowed until the next call of either; NULL:
 * there is none yet.  Empty lines are passed over. */
const char *mmofl_lines_next(mmofl_lines *lines, size_t *size);

void mmofl_lines_free(mmofl_lines *lines);

#endif
