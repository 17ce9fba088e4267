/* side_file.c - pwrite, fdatasync, pread, and XXH3 to find damage by. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/file.h"
#include "store/side_file.h"

mmofl_status mmofl_side_file_open(mmofl_side_file *file, const char *path,
                                  const char *suffix, mmofl_error *err)
{
    size_t n = strlen(path), more = strlen(suffix) + 1;
    char *name = malloc(n + 1 + more);
    if (!name)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    memcpy(name, path, n);
    name[n] = '-';
    memcpy(name + n + 1, suffix, more);
    bool is_new = !mmofl_file_exists(name); /* then its name is to be kept, too */
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    mmofl_status st = fd < 0   ? mmofl_fail_errno(err, errno, "%s", name)
                      : is_new ? mmofl_file_sync_name(name, err)
                               : MMOFL_OK;
    if (st) {
        if (fd >= 0)
            close(fd);
        free(name);
        return st;
    }
    *file = (mmofl_side_file){fd, name};
    return MMOFL_OK;
}

void mmofl_side_file_close(mmofl_side_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    *file = (mmofl_side_file){.fd = -1};
}

mmofl_status mmofl_side_file_put(mmofl_side_file *file, mmofl_side_value *value,
                                 const void *data, size_t size, mmofl_error *err)
{
    const char *bytes = data;
    for (size_t done = 0; done < size;) {
        ssize_t n =
            pwrite(file->fd, bytes + done, size - done, (off_t)(value->at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mmofl_fail_errno(err, n < 0 ? errno : ENOSPC, "%s: not written",
                                    file->path);
        done += (size_t)n;
    }
    value->size = size;
    value->check = XXH3_64bits(data, size);
    return MMOFL_OK;
}

mmofl_status mmofl_side_file_sync(mmofl_side_file *file, mmofl_error *err)
{
    if (fdatasync(file->fd) != 0)
        return mmofl_fail_errno(err, errno, "%s: not synced", file->path);
    return MMOFL_OK;
}

static mmofl_status read_whole(const mmofl_side_file *file, uint64_t at, char *to,
                               size_t size, mmofl_error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(file->fd, to + done, size - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mmofl_fail_errno(err, errno, "%s: not readable", file->path);
        if (n == 0)
            return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: cut off", file->path);
        done += (size_t)n;
    }
    return MMOFL_OK;
}

mmofl_status mmofl_side_file_get(const mmofl_side_file *file,
                                 const mmofl_side_value *value, void **data,
                                 mmofl_error *err)
{
    size_t size = (size_t)value->size;
    char *bytes = size == value->size ? malloc(size + 1) : NULL; /* of nothing, too */
    if (!bytes)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %llu bytes",
                          file->path, (unsigned long long)value->size);
    mmofl_status st = read_whole(file, value->at, bytes, size, err);
    if (!st && XXH3_64bits(bytes, size) != value->check)
        st = mmofl_fail(err, MMOFL_E_CORRUPT, "%s: damaged at byte %llu", file->path,
                        (unsigned long long)value->at);
    if (st)
        free(bytes);
    else
        *data = bytes;
    return st;
}
