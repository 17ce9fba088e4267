/* archive_parts.h - what archive.c shares with its two kinds of archive. */
#ifndef MMOFL_DATA_ARCHIVE_PARTS_H
#define MMOFL_DATA_ARCHIVE_PARTS_H

#include "base/file.h"
#include "data/archive.h"

enum { MMOFL_ARCHIVE_PATH_BYTES = 1024 }; /* of a path, at most */

/** Where a file lies in a zip. */
typedef struct mmofl_zip_place {
    uint64_t at;     /* of its header */
    uint64_t packed; /* bytes */
    uint32_t crc;    /* of the unpacked bytes */
    uint32_t method;
} mmofl_zip_place;

struct mmofl_archive {
    char *name;
    mmofl_archive_limits limits;
    bool folder;
    mmofl_mapping mapping; /* of the zip file, when it was opened by path */
    unsigned char *inner;  /* the zip inside the zip */
    const void *zip;       /* the zip that is listed: borrowed, mapping or inner */
    size_t zip_bytes;
    mmofl_archive_entry *entries; /* paths are malloc'ed */
    mmofl_zip_place *place;       /* (count) of a zip */
    size_t count, capacity;
    size_t total_bytes;
};

/** List one regular file; junk is passed over.  place: NULL in a folder.
 * @retval E_UNSAFE_PATH, E_LIMIT, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_archive_add(mmofl_archive *archive, const char *path,
                                             size_t bytes, int64_t mtime_ns,
                                             const mmofl_zip_place *place,
                                             mmofl_error *err);

/** Refuse a path that is absolute or climbs. */
MMOFL_CHECKED mmofl_status mmofl_archive_check_path(const char *path, mmofl_error *err);

/** List everything: archive_zip.c and archive_folder.c. */
MMOFL_CHECKED mmofl_status mmofl_archive_zip_list(mmofl_archive *archive,
                                                  mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_archive_folder_list(mmofl_archive *archive,
                                                     mmofl_error *err);

/** Read one entry; errors do not yet name the archive. */
MMOFL_CHECKED mmofl_status mmofl_archive_zip_read(const mmofl_archive *archive,
                                                  size_t index, unsigned char **data,
                                                  size_t *size, mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_archive_folder_read(const mmofl_archive *archive,
                                                     size_t index, unsigned char **data,
                                                     size_t *size, mmofl_error *err);

#endif
