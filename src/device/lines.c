/* lines.c - a buffer that grows up to the longest line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/input.h"
#include "device/lines.h"

enum { FIRST_ROOM = 65536 };

/* Room for more bytes behind the last one. */
static mmofl_status make_room(mmofl_lines *l)
{
    if (l->from > 0) {
        memmove(l->text, l->text + l->from, l->size - l->from);
        l->size -= l->from;
        l->from = 0;
    }
    if (l->size < l->room)
        return MMOFL_OK;
    if (l->room >= MMOFL_INPUT_LINE_BYTES) {
        l->is_skipping = true;
        l->size = 0;
        return MMOFL_OK;
    }
    size_t room = l->room ? 2 * l->room : FIRST_ROOM;
    char *text = realloc(l->text, room);
    if (!text)
        return MMOFL_E_MEMORY;
    l->text = text;
    l->room = room;
    return MMOFL_OK;
}

mmofl_status mmofl_lines_read(mmofl_lines *l, int fd)
{
    mmofl_status st = make_room(l);
    if (st)
        return st;
    ssize_t n = read(fd, l->text + l->size, l->room - l->size);
    if (n > 0) {
        l->size += (size_t)n;
        return MMOFL_OK;
    }
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? MMOFL_OK : MMOFL_E_IO;
    if (l->size > l->from && l->text[l->size - 1] != '\n')
        l->text[l->size++] = '\n'; /* make_room has left a byte */
    return MMOFL_E_TRUNCATED;
}

const char *mmofl_lines_next(mmofl_lines *l, size_t *size)
{
    while (l->from < l->size) {
        char *from = l->text + l->from;
        char *end = memchr(from, '\n', l->size - l->from);
        if (!end)
            return NULL;
        l->from += (size_t)(end - from) + 1;
        *size = (size_t)(end - from);
        if (*size > 0 && from[*size - 1] == '\r')
            --*size;
        bool was_skipping = l->is_skipping;
        l->is_skipping = false;
        if (*size > 0 && !was_skipping)
            return from;
    }
    return NULL;
}

void mmofl_lines_free(mmofl_lines *lines)
{
    free(lines->text);
    *lines = (mmofl_lines){0};
}
