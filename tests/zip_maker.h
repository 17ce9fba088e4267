/* zip_maker.h - small zips made in memory, for tests. */
#ifndef MMOFL_TESTS_ZIP_MAKER_H
#define MMOFL_TESTS_ZIP_MAKER_H

#include <archive.h>
#include <archive_entry.h>

#include "check.h"

typedef struct zip_file {
    const char *path;
    const void *data;
    size_t size;
} zip_file;

typedef struct zip {
    unsigned char *data; /* free() it */
    size_t size;
} zip;

/* options: libarchive's, such as "zip:zip64"; NULL: none */
static inline zip zip_make_with(const zip_file *files, size_t n, const char *options)
{
    size_t room = 65536;
    for (size_t i = 0; i < n; i++)
        room += 2 * files[i].size + 1024;
    zip made = {malloc(room), 0};
    struct archive *writer = archive_write_new();
    CHECK(made.data && writer);
    CHECK_INT(archive_write_set_format_zip(writer), ARCHIVE_OK);
    CHECK_INT(archive_write_set_options(writer, options), ARCHIVE_OK);
    CHECK_INT(archive_write_open_memory(writer, made.data, room, &made.size),
              ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, files[i].path);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)files[i].size);
        CHECK_INT(archive_write_header(writer, entry), ARCHIVE_OK);
        if (files[i].size > 0)
            CHECK(archive_write_data(writer, files[i].data, files[i].size) ==
                  (la_ssize_t)files[i].size);
        archive_entry_free(entry);
    }
    CHECK_INT(archive_write_close(writer), ARCHIVE_OK);
    archive_write_free(writer);
    return made;
}

static inline zip zip_make(const zip_file *files, size_t n)
{
    return zip_make_with(files, n, NULL);
}

#endif
