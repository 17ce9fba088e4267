/* archive_zip.c - zips through libarchive's seeking reader, which goes by the central
 * directory: a zip that was cut off is noticed at once, and headers cost no unpacking.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "data/archive_parts.h"

static const char *reason(struct archive *reader)
{
    const char *text = archive_error_string(reader);
    return text ? text : "damaged";
}

/* Why it could not be opened, by what it starts with. */
static mmofl_status refuse_zip(const mmofl_archive *archive, mmofl_error *err)
{
    if (archive->zip_bytes >= 2 && memcmp(archive->zip, "PK", 2) == 0)
        return mmofl_fail(err, MMOFL_E_TRUNCATED,
                          "a zip whose directory is missing: cut off?");
    return mmofl_fail(err, MMOFL_E_SYNTAX, "not a zip file");
}

static mmofl_status open_reader(const mmofl_archive *archive, struct archive **reader,
                                mmofl_error *err)
{
    if (archive->zip_bytes == 0)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "an empty file");
    struct archive *made = archive_read_new();
    if (!made)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a zip reader");
    if (archive_read_support_format_zip_seekable(made) != ARCHIVE_OK ||
        archive_read_open_memory(made, archive->zip, archive->zip_bytes) !=
            ARCHIVE_OK) {
        archive_read_free(made);
        return refuse_zip(archive, err);
    }
    *reader = made;
    return MMOFL_OK;
}

static const char *path_of(struct archive_entry *entry)
{
    const char *path = archive_entry_pathname_utf8(entry);
    return path ? path : archive_entry_pathname(entry);
}

static mmofl_status add_entry(mmofl_archive *archive, struct archive_entry *entry,
                              size_t header, mmofl_error *err)
{
    const char *path = path_of(entry);
    if (!path || !*path)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "file %zu has no readable name",
                          header);
    mmofl_status st = mmofl_archive_check_path(path, err);
    if (st)
        return st;
    if (archive_entry_filetype(entry) == AE_IFDIR)
        return MMOFL_OK;
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
        archive_entry_symlink(entry))
        return mmofl_fail(err, MMOFL_E_UNSAFE_PATH, "'%.200s' is a link or device",
                          path);
    if (archive_entry_is_encrypted(entry))
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "%.200s is encrypted", path);
    int64_t bytes = archive_entry_size(entry);
    if (!archive_entry_size_is_set(entry) || bytes < 0)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%.200s has no size", path);
    if ((uint64_t)bytes > SIZE_MAX)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%.200s does not fit in memory", path);
    return mmofl_archive_add(archive, path, (size_t)bytes, 0, header, err);
}

mmofl_status mmofl_archive_zip_list(mmofl_archive *archive, mmofl_error *err)
{
    struct archive *reader;
    mmofl_status st = open_reader(archive, &reader, err);
    if (st)
        return st;
    struct archive_entry *entry;
    int got = ARCHIVE_OK;
    for (size_t header = 0; !st; header++) {
        got = archive_read_next_header(reader, &entry);
        if (got == ARCHIVE_EOF)
            break;
        if (got < ARCHIVE_WARN) /* a warning is about a date or a name's letters */
            st = mmofl_fail(err, MMOFL_E_CORRUPT, "%s", reason(reader));
        else if (header >= 2 * archive->limits.entries) /* folders and junk count too */
            st = mmofl_fail(err, MMOFL_E_LIMIT, "more than %zu entries", header);
        else
            st = add_entry(archive, entry, header, err);
    }
    archive_read_free(reader);
    return st;
}

/* Bring the cursor to just behind the header of that number. */
static mmofl_status skip_to(const mmofl_archive *archive, mmofl_archive_cursor *cursor,
                            size_t header, mmofl_error *err)
{
    if (cursor->next > header)
        mmofl_archive_cursor_end(cursor);
    if (!cursor->reader) {
        mmofl_status st = open_reader(archive, &cursor->reader, err);
        if (st)
            return st;
        cursor->next = 0;
    }
    for (; cursor->next <= header; cursor->next++) {
        struct archive_entry *entry;
        int got = archive_read_next_header(cursor->reader, &entry);
        if (got < ARCHIVE_WARN || got == ARCHIVE_EOF)
            return mmofl_fail(err, MMOFL_E_CORRUPT, "%s", reason(cursor->reader));
    }
    return MMOFL_OK;
}

/* Threads take turns at headers, because libarchive computes each one's date with
 * mktime and so touches the time zone that the whole process shares.  Headers are
 * quick; unpacking, which is not, goes on side by side. */
static mmofl_status go_to(const mmofl_archive *archive, mmofl_archive_cursor *cursor,
                          size_t header, mmofl_error *err)
{
    pthread_mutex_lock(archive->turn);
    mmofl_status st = skip_to(archive, cursor, header, err);
    pthread_mutex_unlock(archive->turn);
    return st;
}

/* Unpack exactly `size` bytes.  One byte more is asked for, so that an entry which is
 * longer than declared shows, and so that libarchive gets to compare the checksum. */
static mmofl_status unpack(struct archive *reader, unsigned char *data, size_t size,
                           mmofl_error *err)
{
    size_t done = 0;
    while (done <= size) {
        la_ssize_t got = archive_read_data(reader, data + done, size + 1 - done);
        if (got < 0)
            return mmofl_fail(err, MMOFL_E_CORRUPT, "%s", reason(reader));
        if (got == 0)
            break;
        done += (size_t)got;
    }
    if (done != size)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "does not have the declared %zu bytes",
                          size);
    data[size] = 0;
    return MMOFL_OK;
}

mmofl_status mmofl_archive_zip_read(const mmofl_archive *archive,
                                    mmofl_archive_cursor *cursor, size_t index,
                                    unsigned char **data, size_t *size,
                                    mmofl_error *err)
{
    size_t bytes = archive->entries[index].bytes;
    unsigned char *made = malloc(bytes + 1);
    if (!made)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu bytes", bytes);
    mmofl_status st = go_to(archive, cursor, archive->header[index], err);
    if (!st)
        st = unpack(cursor->reader, made, bytes, err);
    if (st) {
        mmofl_archive_cursor_end(cursor); /* where it stands is not known any more */
        free(made);
        return st;
    }
    *data = made;
    *size = bytes;
    return MMOFL_OK;
}

void mmofl_archive_cursor_end(mmofl_archive_cursor *cursor)
{
    if (cursor->reader)
        archive_read_free(cursor->reader);
    *cursor = (mmofl_archive_cursor){0};
}
