/* archive_folder.c - an unpacked archive.  The folder itself may be a link; links below
 * it are refused as in a zip, because a walk through them may leave the folder or never
 * end. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/archive_parts.h"

enum { MAX_DEPTH = 32, PATH_BYTES = 4096 };

static mmofl_status walk(mmofl_archive *archive, const char *below, int depth,
                         mmofl_error *err);

/* One name in the folder `below` (a path inside the archive, "" at the top). */
static mmofl_status visit(mmofl_archive *archive, const char *below, const char *name,
                          int depth, mmofl_error *err)
{
    char path[PATH_BYTES], full[PATH_BYTES];
    if (snprintf(path, sizeof path, "%s%s%s", below, *below ? "/" : "", name) >=
        (int)sizeof path)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s/%s: path too long", below, name);
    mmofl_status st = mmofl_file_join(full, sizeof full, archive->name, path, err);
    if (st)
        return st;
    struct stat info;
    if (lstat(full, &info) != 0)
        return mmofl_fail_errno(err, errno, "%s", path);
    if (S_ISDIR(info.st_mode))
        return walk(archive, path, depth + 1, err);
    if (!S_ISREG(info.st_mode))
        return mmofl_fail(err, MMOFL_E_UNSAFE_PATH, "'%.200s' is a link or device",
                          path);
    if ((uint64_t)info.st_size > SIZE_MAX)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%.200s does not fit in memory", path);
    int64_t mtime_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    return mmofl_archive_add(archive, path, (size_t)info.st_size, mtime_ns, NULL, err);
}

static mmofl_status walk(mmofl_archive *archive, const char *below, int depth,
                         mmofl_error *err)
{
    char full[PATH_BYTES];
    if (depth > MAX_DEPTH)
        return mmofl_fail(err, MMOFL_E_LIMIT, "more than %d folders deep", MAX_DEPTH);
    mmofl_status st = mmofl_file_join(full, sizeof full, archive->name, below, err);
    if (st)
        return st;
    DIR *folder = opendir(full);
    if (!folder)
        return mmofl_fail_errno(err, errno, "%s", full);
    while (!st) {
        errno = 0;
        const struct dirent *item = readdir(folder);
        if (!item) {
            if (errno)
                st = mmofl_fail_errno(err, errno, "%s", full);
            break;
        }
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            st = visit(archive, below, item->d_name, depth, err);
    }
    closedir(folder);
    return st;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const mmofl_archive_entry *)a)->path,
                  ((const mmofl_archive_entry *)b)->path);
}

mmofl_status mmofl_archive_folder_list(mmofl_archive *archive, mmofl_error *err)
{
    mmofl_status st = walk(archive, "", 0, err);
    /* A folder lists in whatever order; ours must not depend on it. */
    if (!st && archive->count > 0)
        qsort(archive->entries, archive->count, sizeof *archive->entries, by_path);
    return st;
}

mmofl_status mmofl_archive_folder_read(const mmofl_archive *archive, size_t index,
                                       unsigned char **data, size_t *size,
                                       mmofl_error *err)
{
    char full[PATH_BYTES];
    mmofl_status st = mmofl_file_join(full, sizeof full, archive->name,
                                      archive->entries[index].path, err);
    if (st)
        return st;
    return mmofl_file_read(full, archive->limits.entry_bytes, data, size, err);
}
