/* file.c - POSIX files; atomic replacement by write, sync, rename, sync. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { PATH_BYTES = 4096 };

static mmofl_status open_to_read(const char *path, int *fd, size_t *size,
                                 mmofl_error *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return mmofl_fail_errno(err, errno, "%s", path);
    struct stat st;
    if (fstat(*fd, &st) != 0) {
        int e = errno;
        close(*fd);
        return mmofl_fail_errno(err, e, "%s", path);
    }
    if (!S_ISREG(st.st_mode)) {
        close(*fd);
        return mmofl_fail(err, MMOFL_E_IO, "%s: not a regular file", path);
    }
    if ((uint64_t)st.st_size > SIZE_MAX) {
        close(*fd);
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: does not fit in memory", path);
    }
    *size = (size_t)st.st_size;
    return MMOFL_OK;
}

static mmofl_status read_all(int fd, unsigned char *data, size_t size, const char *path,
                             mmofl_error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, data + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mmofl_fail_errno(err, errno, "%s", path);
        if (n == 0)
            return mmofl_fail(err, MMOFL_E_IO, "%s: became shorter while being read",
                              path);
        done += (size_t)n;
    }
    return MMOFL_OK;
}

mmofl_status mmofl_file_read(const char *path, size_t limit, unsigned char **data,
                             size_t *size, mmofl_error *err)
{
    int fd;
    size_t n = 0;
    mmofl_status st = open_to_read(path, &fd, &n, err);
    if (st)
        return st;
    unsigned char *bytes = NULL;
    if (n > limit)
        st = mmofl_fail(err, MMOFL_E_LIMIT, "%s: %zu bytes, at most %zu are read", path,
                        n, limit);
    else if (!(bytes = malloc(n + 1)))
        st = mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %zu bytes", path, n);
    else
        st = read_all(fd, bytes, n, path, err);
    close(fd);
    if (st) {
        free(bytes);
        return st;
    }
    bytes[n] = 0;
    *data = bytes;
    *size = n;
    return MMOFL_OK;
}

static int write_all(int fd, const mmofl_piece *piece)
{
    for (size_t done = 0; done < piece->size;) {
        ssize_t n = write(fd, (const char *)piece->data + done, piece->size - done);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0)
            done += (size_t)n;
    }
    return 0;
}

mmofl_status mmofl_file_sync(const char *path, mmofl_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mmofl_fail_errno(err, errno, "%s", path);
    int e = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    /* EINVAL is how a file system says that it cannot sync a folder; there is no more
     * to do. */
    if (e && !(e == EINVAL && mmofl_file_is_folder(path)))
        return mmofl_fail_errno(err, e, "%s: cannot be put on the disk", path);
    return MMOFL_OK;
}

mmofl_status mmofl_file_sync_name(const char *path, mmofl_error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mmofl_file_sync(".", err);
    char folder[PATH_BYTES];
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    if (n >= sizeof folder)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", path);
    memcpy(folder, path, n);
    folder[n] = '\0';
    return mmofl_file_sync(folder, err);
}

/* Write the pieces; the file has `mode`, less what the process masks. */
static mmofl_status write_pieces(const char *path, const mmofl_piece *pieces, size_t n,
                                 mode_t mode, bool sync, mmofl_error *err)
{
    char part[PATH_BYTES];
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", path);
    unlink(part); /* one of a stopped process may have another mode */
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return mmofl_fail_errno(err, errno, "%s", part);
    int e = 0;
    for (size_t i = 0; i < n && !e; i++)
        e = write_all(fd, &pieces[i]);
    if (!e && sync && fsync(fd) != 0)
        e = errno;
    if (close(fd) != 0 && !e)
        e = errno;
    if (!e && rename(part, path) != 0)
        e = errno;
    if (e) {
        unlink(part);
        return mmofl_fail_errno(err, e, "%s: not written", path);
    }
    return sync ? mmofl_file_sync_name(path, err) : MMOFL_OK;
}

mmofl_status mmofl_file_write_pieces(const char *path, const mmofl_piece *pieces,
                                     size_t n, bool sync, mmofl_error *err)
{
    return write_pieces(path, pieces, n, 0666, sync, err);
}

mmofl_status mmofl_file_write_secret(const char *path, const void *data, size_t size,
                                     mmofl_error *err)
{
    mmofl_piece piece = {data, size};
    return write_pieces(path, &piece, 1, 0600, true, err);
}

mmofl_status mmofl_file_write(const char *path, const void *data, size_t size,
                              bool sync, mmofl_error *err)
{
    mmofl_piece piece = {data, size};
    return mmofl_file_write_pieces(path, &piece, 1, sync, err);
}

mmofl_status mmofl_file_map(const char *path, mmofl_mapping *mapping, mmofl_error *err)
{
    int fd;
    size_t size = 0;
    mmofl_status st = open_to_read(path, &fd, &size, err);
    if (st)
        return st;
    void *data = NULL;
    if (size > 0)
        data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    int e = errno;
    close(fd);
    if (data == MAP_FAILED)
        return mmofl_fail_errno(err, e, "%s: cannot be mapped", path);
    *mapping = (mmofl_mapping){data, size};
    return MMOFL_OK;
}

void mmofl_file_unmap(mmofl_mapping *mapping)
{
    if (mapping->data)
        munmap((void *)(uintptr_t)mapping->data, mapping->size);
    *mapping = (mmofl_mapping){0};
}

mmofl_status mmofl_file_make_folders(const char *path, mmofl_error *err)
{
    char prefix[PATH_BYTES];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof prefix)
        return mmofl_fail(err, MMOFL_E_LIMIT, "folder path of %zu bytes", n);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        if (mkdir(prefix, 0777) != 0 && errno != EEXIST)
            return mmofl_fail_errno(err, errno, "%s: cannot make the folder", prefix);
    }
    if (!mmofl_file_is_folder(path))
        return mmofl_fail(err, MMOFL_E_EXISTS, "%s: exists and is not a folder", path);
    return MMOFL_OK;
}

mmofl_status mmofl_file_join(char *out, size_t size, const char *a, const char *b,
                             mmofl_error *err)
{
    size_t n = strlen(a);
    const char *slash = n > 0 && a[n - 1] != '/' && *b ? "/" : "";
    char joined[PATH_BYTES];
    int w = snprintf(joined, sizeof joined, "%s%s%s", a, slash, b);
    if (w < 0 || (size_t)w >= sizeof joined || (size_t)w >= size)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s/%s: path too long", a, b);
    memcpy(out, joined, (size_t)w + 1);
    return MMOFL_OK;
}

bool mmofl_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool mmofl_file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

mmofl_status mmofl_file_cache_folder(char *out, size_t size, mmofl_error *err)
{
    const char *own = getenv("MMOFL_CACHE_DIR"), *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (own && *own)
        return mmofl_file_join(out, size, own, "", err);
    if (xdg && *xdg)
        return mmofl_file_join(out, size, xdg, "mmofl", err);
    if (home && *home)
        return mmofl_file_join(out, size, home, ".cache/mmofl", err);
    return mmofl_fail(err, MMOFL_E_NOT_FOUND,
                      "no cache folder: set MMOFL_CACHE_DIR, XDG_CACHE_HOME or HOME");
}
