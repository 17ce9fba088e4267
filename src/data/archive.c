/* archive.c - one list of entries over a zip, a zip in a zip, or a folder; the limits
 * and the rules for names live here, so that they hold for all three.
 *
 * A zip bomb is refused by what its directory declares (entry, total, ratio), and an
 * entry that unpacks to more than it declared is refused while it is read, so memory
 * never exceeds the declared size, whatever the archive says. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "data/archive_parts.h"

enum { RATIO_FROM_BYTES = 16 << 20 };

mmofl_archive_limits mmofl_archive_default_limits(void)
{
    return (mmofl_archive_limits){.entries = 200000,
                                  .entry_bytes = (size_t)1 << 30,
                                  .total_bytes = (size_t)2 << 30,
                                  .ratio = 100};
}

/* --- the list of entries ---------------------------------------------------------- */

/* Does a part of the path between slashes equal one of these? */
static bool has_part(const char *path, const char *part)
{
    size_t n = strlen(part);
    for (const char *at = path; *at;) {
        size_t len = strcspn(at, "/\\");
        if (len == n && memcmp(at, part, n) == 0)
            return true;
        at += len + (at[len] != '\0');
    }
    return false;
}

mmofl_status mmofl_archive_check_path(const char *path, mmofl_error *err)
{
    bool drive = path[0] && path[1] == ':';
    if (path[0] == '/' || path[0] == '\\' || drive || has_part(path, ".."))
        return mmofl_fail(err, MMOFL_E_UNSAFE_PATH,
                          "'%.200s' is a path that leaves the archive", path);
    if (strlen(path) > MMOFL_ARCHIVE_PATH_BYTES)
        return mmofl_fail(err, MMOFL_E_LIMIT, "a path of more than %d bytes",
                          MMOFL_ARCHIVE_PATH_BYTES);
    return MMOFL_OK;
}

static mmofl_status check_limits(const mmofl_archive *archive, const char *path,
                                 size_t bytes, mmofl_error *err)
{
    const mmofl_archive_limits *limits = &archive->limits;
    size_t total;
    if (archive->count == limits->entries)
        return mmofl_fail(err, MMOFL_E_LIMIT, "more than %zu files", limits->entries);
    if (bytes > limits->entry_bytes)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%.200s unpacks to %zu bytes, limit %zu",
                          path, bytes, limits->entry_bytes);
    if (!mmofl_bytes_sum(archive->total_bytes, bytes, &total) ||
        total > limits->total_bytes)
        return mmofl_fail(err, MMOFL_E_LIMIT, "unpacks to more than %zu bytes",
                          limits->total_bytes);
    if (!archive->folder && total > RATIO_FROM_BYTES &&
        total / limits->ratio > archive->zip_bytes)
        return mmofl_fail(err, MMOFL_E_LIMIT,
                          "unpacks to more than %zu times its size: a zip bomb?",
                          limits->ratio);
    return MMOFL_OK;
}

static bool grow(mmofl_archive *archive)
{
    if (archive->count < archive->capacity)
        return true;
    size_t capacity = archive->capacity ? 2 * archive->capacity : 64;
    mmofl_archive_entry *entries =
        realloc(archive->entries, capacity * sizeof *entries);
    if (!entries)
        return false;
    archive->entries = entries;
    mmofl_zip_place *place = realloc(archive->place, capacity * sizeof *place);
    if (!place)
        return false;
    archive->place = place;
    archive->capacity = capacity;
    return true;
}

mmofl_status mmofl_archive_add(mmofl_archive *archive, const char *path, size_t bytes,
                               int64_t mtime_ns, const mmofl_zip_place *place,
                               mmofl_error *err)
{
    mmofl_status st = mmofl_archive_check_path(path, err);
    if (st || has_part(path, "__MACOSX") || has_part(path, ".DS_Store"))
        return st;
    if ((st = check_limits(archive, path, bytes, err)))
        return st;
    size_t n = strlen(path) + 1;
    char *copy = malloc(n);
    if (!copy || !grow(archive)) {
        free(copy);
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the list of files");
    }
    memcpy(copy, path, n);
    mmofl_archive_entry *entry = &archive->entries[archive->count];
    entry->path = copy;
    entry->bytes = bytes;
    entry->mtime_ns = mtime_ns;
    archive->place[archive->count] = place ? *place : (mmofl_zip_place){0};
    archive->count++;
    archive->total_bytes += bytes;
    return MMOFL_OK;
}

static void forget_entries(mmofl_archive *archive)
{
    for (size_t i = 0; i < archive->count; i++)
        free((char *)(uintptr_t)archive->entries[i].path);
    archive->count = 0;
    archive->total_bytes = 0;
}

/* --- opening ---------------------------------------------------------------------- */

void mmofl_archive_close(mmofl_archive *archive)
{
    if (!archive)
        return;
    forget_entries(archive);
    free(archive->entries);
    free(archive->place);
    free(archive->inner);
    mmofl_file_unmap(&archive->mapping);
    free(archive->name);
    free(archive);
}

static mmofl_status new_archive(const char *name, const mmofl_archive_limits *limits,
                                mmofl_archive **archive, mmofl_error *err)
{
    mmofl_archive *made = calloc(1, sizeof *made);
    size_t n = strlen(name) + 1;
    if (!made || !(made->name = malloc(n))) {
        mmofl_archive_close(made);
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", name);
    }
    memcpy(made->name, name, n);
    made->limits = limits ? *limits : mmofl_archive_default_limits();
    *archive = made;
    return MMOFL_OK;
}

/* The only zip at the top level; count when there is none, or more than one. */
static size_t find_inner(const mmofl_archive *archive)
{
    size_t found = archive->count;
    for (size_t i = 0; i < archive->count; i++) {
        const char *path = archive->entries[i].path;
        size_t n = strlen(path);
        if (strchr(path, '/') || n < 5 ||
            (strcmp(path + n - 4, ".zip") != 0 && strcmp(path + n - 4, ".ZIP") != 0))
            continue;
        if (found != archive->count)
            return archive->count;
        found = i;
    }
    return found;
}

static mmofl_status list(mmofl_archive *archive, mmofl_error *err)
{
    return archive->folder ? mmofl_archive_folder_list(archive, err)
                           : mmofl_archive_zip_list(archive, err);
}

/* Let the zip at index take the archive's place. */
static mmofl_status enter_inner(mmofl_archive *archive, size_t index, mmofl_error *err)
{
    mmofl_status st =
        mmofl_archive_read(archive, index, &archive->inner, &archive->zip_bytes, err);
    if (st)
        return st;
    forget_entries(archive);
    archive->folder = false;
    archive->zip = archive->inner;
    if ((st = list(archive, err)))
        return st;
    if (find_inner(archive) != archive->count)
        return mmofl_fail(err, MMOFL_E_LIMIT, "a zip in a zip in a zip");
    return MMOFL_OK;
}

/* List what has been attached (with `enter`, the zip in it) and hand it over, or close
 * it. */
static mmofl_status list_and_hand_over(mmofl_archive *made, bool enter,
                                       mmofl_archive **archive, mmofl_error *err)
{
    mmofl_error local = {0};
    mmofl_status st = list(made, &local);
    if (!st && enter && find_inner(made) != made->count)
        st = enter_inner(made, find_inner(made), &local);
    if (st) {
        mmofl_fail(err, st, "%s: %s", made->name, local.text);
        mmofl_archive_close(made);
        return st;
    }
    *archive = made;
    return MMOFL_OK;
}

static mmofl_status open_path(const char *path, const mmofl_archive_limits *limits,
                              bool enter, mmofl_archive **archive, mmofl_error *err)
{
    mmofl_archive *made;
    mmofl_status st = new_archive(path, limits, &made, err);
    if (st)
        return st;
    made->folder = mmofl_file_is_folder(path);
    if (!made->folder && (st = mmofl_file_map(path, &made->mapping, err))) {
        mmofl_archive_close(made);
        return st;
    }
    made->zip = made->mapping.data;
    made->zip_bytes = made->mapping.size;
    return list_and_hand_over(made, enter, archive, err);
}

mmofl_status mmofl_archive_open(const char *path, const mmofl_archive_limits *limits,
                                mmofl_archive **archive, mmofl_error *err)
{
    return open_path(path, limits, true, archive, err);
}

mmofl_status mmofl_archive_open_outer(const char *path,
                                      const mmofl_archive_limits *limits,
                                      mmofl_archive **archive, mmofl_error *err)
{
    return open_path(path, limits, false, archive, err);
}

mmofl_status mmofl_archive_open_memory(const void *data, size_t size, const char *name,
                                       const mmofl_archive_limits *limits,
                                       mmofl_archive **archive, mmofl_error *err)
{
    mmofl_archive *made;
    mmofl_status st = new_archive(name, limits, &made, err);
    if (st)
        return st;
    made->zip = data;
    made->zip_bytes = size;
    return list_and_hand_over(made, true, archive, err);
}

/* --- stamp ------------------------------------------------------------------------ */

static void stamp_file(crypto_generichash_state *state, const char *path,
                       uint64_t bytes, int64_t mtime_ns)
{
    crypto_generichash_update(state, (const unsigned char *)path, strlen(path) + 1);
    crypto_generichash_update(state, (const unsigned char *)&bytes, sizeof bytes);
    crypto_generichash_update(state, (const unsigned char *)&mtime_ns, sizeof mtime_ns);
}

static mmofl_status stamp_folder(crypto_generichash_state *state, const char *path,
                                 mmofl_error *err)
{
    mmofl_archive *folder;
    mmofl_error local = {0};
    mmofl_status st = new_archive(path, NULL, &folder, err);
    if (st)
        return st;
    folder->folder = true;
    if ((st = mmofl_archive_folder_list(folder, &local)))
        mmofl_fail(err, st, "%s: %s", path, local.text);
    for (size_t i = 0; i < folder->count && !st; i++)
        stamp_file(state, folder->entries[i].path, folder->entries[i].bytes,
                   folder->entries[i].mtime_ns);
    mmofl_archive_close(folder);
    return st;
}

mmofl_status mmofl_archive_stamp(const char *path,
                                 unsigned char stamp[MMOFL_ARCHIVE_STAMP_BYTES],
                                 mmofl_error *err)
{
    crypto_generichash_state state;
    struct stat info;
    if (stat(path, &info) != 0)
        return mmofl_fail_errno(err, errno, "%s", path);
    crypto_generichash_init(&state, NULL, 0, MMOFL_ARCHIVE_STAMP_BYTES);
    if (S_ISDIR(info.st_mode)) {
        mmofl_status st = stamp_folder(&state, path, err);
        if (st)
            return st;
    } else {
        stamp_file(&state, "", (uint64_t)info.st_size,
                   (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec);
    }
    crypto_generichash_final(&state, stamp, MMOFL_ARCHIVE_STAMP_BYTES);
    return MMOFL_OK;
}

/* --- use -------------------------------------------------------------------------- */

const char *mmofl_archive_name(const mmofl_archive *archive)
{
    return archive->name;
}

size_t mmofl_archive_count(const mmofl_archive *archive)
{
    return archive->count;
}

const mmofl_archive_entry *mmofl_archive_entry_at(const mmofl_archive *archive,
                                                  size_t index)
{
    return &archive->entries[index];
}

static bool ends_in(const char *path, const char *tail)
{
    size_t n = strlen(path), t = strlen(tail);
    return n >= t && strcmp(path + n - t, tail) == 0 &&
           (n == t || path[n - t - 1] == '/');
}

mmofl_status mmofl_archive_find(const mmofl_archive *archive, const char *tail,
                                size_t *index, mmofl_error *err)
{
    size_t found = archive->count;
    for (size_t i = 0; i < archive->count; i++) {
        if (!ends_in(archive->entries[i].path, tail))
            continue;
        if (found != archive->count)
            return mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: holds both %s and %s",
                              archive->name, archive->entries[found].path,
                              archive->entries[i].path);
        found = i;
    }
    if (found == archive->count)
        return mmofl_fail(err, MMOFL_E_MISSING, "%s: holds no %s", archive->name, tail);
    *index = found;
    return MMOFL_OK;
}

mmofl_status mmofl_archive_read(const mmofl_archive *archive, size_t index,
                                unsigned char **data, size_t *size, mmofl_error *err)
{
    mmofl_error local = {0};
    mmofl_status st =
        archive->folder ? mmofl_archive_folder_read(archive, index, data, size, &local)
                        : mmofl_archive_zip_read(archive, index, data, size, &local);
    if (st)
        mmofl_fail(err, st, "%s: %s: %s", archive->name, archive->entries[index].path,
                   local.text);
    return st;
}
