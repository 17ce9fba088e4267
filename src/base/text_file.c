/* text_file.c - a stream with a name that it gets at the end. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <unistd.h>

#include "base/text_file.h"

/* "path.part"; path fits. */
typedef struct part_name {
    char text[sizeof((mmofl_text_file *)0)->path + sizeof ".part"];
} part_name;

static part_name part_of(const char *path)
{
    part_name part;
    snprintf(part.text, sizeof part.text, "%s.part", path);
    return part;
}

mmofl_status mmofl_text_file_open(mmofl_text_file *file, const char *path,
                                  mmofl_error *err)
{
    if (snprintf(file->path, sizeof file->path, "%s", path) >= (int)sizeof file->path)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", path);
    part_name part = part_of(path);
    file->to = fopen(part.text, "we");
    return file->to ? MMOFL_OK : mmofl_fail_errno(err, errno, "%s", part.text);
}

mmofl_status mmofl_text_file_close(mmofl_text_file *file, mmofl_status status,
                                   mmofl_error *err)
{
    part_name part = part_of(file->path);
    errno = 0; /* a write that failed before left a mark in the stream and no number */
    int e = fflush(file->to) != 0 || ferror(file->to) ? (errno ? errno : EIO) : 0;
    if (fclose(file->to) != 0 && !e)
        e = errno;
    file->to = NULL;
    if (!status && !e && rename(part.text, file->path) != 0)
        e = errno;
    if (!status && e)
        status = mmofl_fail_errno(err, e, "%s: not written", file->path);
    if (status)
        unlink(part.text);
    return status;
}
