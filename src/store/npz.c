/* npz.c - .npy headers by hand, the zip around them by libarchive.
 *
 *   .npy 1.0:  | 93 "NUMPY" 1 0 | n: 2 bytes | dict as text, padded to n | data |
 *              the first three together fill a multiple of 64 bytes
 *
 * Entries carry no time: libarchive then writes the zip format's first day, 1980-01-01,
 * in every time zone. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/arena.h"
#include "store/npz.h"

enum { PATH_BYTES = 4096, NPY_ALIGN = 64, NPY_HEADER_BYTES = 320 };

struct name_link {
    const char *name;
    struct name_link *next;
};

struct mmofl_npz {
    struct archive *archive;
    struct name_link *names; /* in the arena */
    mmofl_arena arena;
    int fd;
    bool is_broken; /* a write failed: what is in the part is of no use */
    char path[PATH_BYTES], part[PATH_BYTES];
};

/* The libarchive error as ours; without an errno it is a plain I/O error. */
static mmofl_status fail_archive(mmofl_npz *npz, mmofl_error *err)
{
    int e = archive_errno(npz->archive);
    npz->is_broken = true;
    if (e > 0)
        return mmofl_fail_errno(err, e, "%s: not written", npz->path);
    const char *text = archive_error_string(npz->archive);
    return mmofl_fail(err, MMOFL_E_IO, "%s: not written: %s", npz->path,
                      text ? text : "libarchive gives no reason");
}

static mmofl_status open_archive(mmofl_npz *npz, mmofl_error *err)
{
    npz->archive = archive_write_new();
    if (!npz->archive)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", npz->path);
    /* No padding to tape blocks: the file ends where the zip ends. */
    if (archive_write_set_format_zip(npz->archive) != ARCHIVE_OK ||
        archive_write_set_options(npz->archive, "zip:compression=store") !=
            ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(npz->archive, 1) != ARCHIVE_OK ||
        archive_write_open_fd(npz->archive, npz->fd) != ARCHIVE_OK)
        return fail_archive(npz, err);
    return MMOFL_OK;
}

mmofl_status mmofl_npz_new(const char *path, mmofl_npz **out, mmofl_error *err)
{
    mmofl_npz *npz = calloc(1, sizeof *npz);
    if (!npz)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    int n = snprintf(npz->part, sizeof npz->part, "%s.part", path);
    if (n < 0 || (size_t)n >= sizeof npz->part) {
        free(npz);
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", path);
    }
    memcpy(npz->path, path, strlen(path) + 1);
    npz->fd = open(npz->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (npz->fd < 0) {
        mmofl_status st = mmofl_fail_errno(err, errno, "%s", npz->part);
        free(npz);
        return st;
    }
    mmofl_status st = open_archive(npz, err);
    if (st) {
        mmofl_npz_abandon(npz);
        return st;
    }
    *out = npz;
    return MMOFL_OK;
}

/* The bytes before the data; returns how many.  NPY_HEADER_BYTES hold the longest: 8
 * dims of 20 digits. */
static size_t npy_header(const mmofl_tensor *t, char *out)
{
    enum { PREFIX = 10 };
    char dims[MMOFL_TENSOR_DIMS * 22 + 1] = "";
    size_t n = 0;
    for (int i = 0; i < t->n_dims; i++)
        n += (size_t)snprintf(dims + n, sizeof dims - n, i ? " %zu," : "%zu,",
                              t->dim[i]);
    if (t->n_dims > 1)
        dims[n - 1] = '\0'; /* only a tuple of one needs the comma at its end */
    int text = snprintf(out + PREFIX, NPY_HEADER_BYTES - PREFIX,
                        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                        mmofl_tensor_type_descr(t->type), dims);
    size_t used = PREFIX + (size_t)text + 1;
    size_t padded = (used + NPY_ALIGN - 1) / NPY_ALIGN * NPY_ALIGN;
    memset(out + used - 1, ' ', padded - used);
    out[padded - 1] = '\n';
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (char)((padded - PREFIX) & 0xff);
    out[9] = (char)((padded - PREFIX) >> 8);
    return padded;
}

static mmofl_status write_bytes(mmofl_npz *npz, const void *data, size_t size,
                                mmofl_error *err)
{
    for (size_t done = 0; done < size;) {
        la_ssize_t n =
            archive_write_data(npz->archive, (const char *)data + done, size - done);
        if (n <= 0)
            return fail_archive(npz, err);
        done += (size_t)n;
    }
    return MMOFL_OK;
}

static mmofl_status write_entry(mmofl_npz *npz, const mmofl_tensor *tensor,
                                size_t bytes, mmofl_error *err)
{
    char header[NPY_HEADER_BYTES], name[PATH_BYTES];
    size_t header_size = npy_header(tensor, header);
    int n = snprintf(name, sizeof name, "%s.npy", tensor->name);
    if (n < 0 || (size_t)n >= sizeof name)
        return mmofl_fail(err, MMOFL_E_RANGE, "%s: a name of %d bytes", npz->path, n);
    struct archive_entry *entry = archive_entry_new();
    if (!entry)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", npz->path);
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)(header_size + bytes));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    mmofl_status st = MMOFL_OK;
    if (archive_write_header(npz->archive, entry) != ARCHIVE_OK)
        st = fail_archive(npz, err);
    archive_entry_free(entry);
    if (!st)
        st = write_bytes(npz, header, header_size, err);
    if (!st)
        st = write_bytes(npz, tensor->data, bytes, err);
    if (!st && archive_write_finish_entry(npz->archive) != ARCHIVE_OK)
        st = fail_archive(npz, err);
    return st;
}

mmofl_status mmofl_npz_add(mmofl_npz *npz, const mmofl_tensor *tensor, mmofl_error *err)
{
    const char *name = tensor->name;
    size_t bytes;
    if (npz->is_broken)
        return mmofl_fail(err, MMOFL_E_STATE, "%s: an earlier write failed", npz->path);
    if (name[0] == '\0' || name[0] == '/' || name[0] == '.')
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: array name \"%s\" is empty or begins with / or .",
                          npz->path, name);
    if (tensor->n_dims < 0 || tensor->n_dims > MMOFL_TENSOR_DIMS)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: array %s has %d dims, wanted 0 to %d", npz->path, name,
                          tensor->n_dims, MMOFL_TENSOR_DIMS);
    if (!mmofl_tensor_bytes(tensor, &bytes) ||
        bytes > (size_t)INT64_MAX - NPY_HEADER_BYTES)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: the size of array %s overflows",
                          npz->path, name);
    for (const struct name_link *link = npz->names; link; link = link->next)
        if (strcmp(link->name, name) == 0)
            return mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: array %s is there already",
                              npz->path, name);
    struct name_link *link = MMOFL_ARENA_NEW(&npz->arena, 1, struct name_link);
    char *copy = mmofl_arena_text(&npz->arena, name);
    if (!link || !copy)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", npz->path);
    *link = (struct name_link){copy, npz->names};
    npz->names = link;
    return write_entry(npz, tensor, bytes, err);
}

mmofl_status mmofl_npz_add_text(mmofl_npz *npz, const char *name, const char *text,
                                mmofl_error *err)
{
    mmofl_tensor bytes = {name, MMOFL_TENSOR_U8, 1, {strlen(text)}, text};
    return mmofl_npz_add(npz, &bytes, err);
}

mmofl_status mmofl_npz_finish(mmofl_npz *npz, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    if (npz->is_broken)
        st = mmofl_fail(err, MMOFL_E_STATE, "%s: an earlier write failed", npz->path);
    else if (archive_write_close(npz->archive) != ARCHIVE_OK)
        st = fail_archive(npz, err);
    else if (rename(npz->part, npz->path) != 0)
        st = mmofl_fail_errno(err, errno, "%s: not written", npz->path);
    if (!st)
        npz->part[0] = '\0'; /* nothing to remove */
    mmofl_npz_abandon(npz);
    return st;
}

void mmofl_npz_abandon(mmofl_npz *npz)
{
    if (!npz)
        return;
    archive_write_free(npz->archive);
    close(npz->fd);
    if (npz->part[0])
        unlink(npz->part);
    mmofl_arena_free(&npz->arena);
    free(npz);
}
