/* archive.h - the files of a data set as its user has them: a zip, a zip inside a zip,
 * or an unpacked folder; read into memory, never unpacked to disk.
 *
 * An archive comes from the network, so it is taken for hostile: names that leave it,
 * links, and sizes beyond the limits are refused when it is opened, before anything is
 * read.  "__MACOSX/" and ".DS_Store", which macOS adds, are not seen. */
#ifndef MMOFL_DATA_ARCHIVE_H
#define MMOFL_DATA_ARCHIVE_H

#include "mmofl/status.h"

typedef struct mmofl_archive mmofl_archive;

typedef struct mmofl_archive_limits {
    size_t entries;     /* most files */
    size_t entry_bytes; /* largest file, unpacked */
    size_t total_bytes; /* all files, unpacked */
    size_t ratio; /* most unpacked bytes per packed byte, for totals above 16 MiB */
} mmofl_archive_limits;

/** Far above any data set this library reads, far below what hurts a machine. */
mmofl_archive_limits mmofl_archive_default_limits(void);

typedef struct mmofl_archive_entry {
    const char *path; /* "UCI HAR Dataset/train/y_train.txt" */
    size_t bytes;     /* unpacked */
    int64_t mtime_ns; /* of a file in a folder; 0 in a zip */
} mmofl_archive_entry;

/** Open a zip file or a folder and list it.  An archive with one zip at its top level
 * is that zip: the official UCI-HAR download is a zip in a zip.  One such level.
 * limits: NULL = the default ones.
 * @retval MMOFL_E_NOT_FOUND, MMOFL_E_IO, MMOFL_E_MEMORY
 * @retval MMOFL_E_TRUNCATED    an empty file, or a zip without its end
 * @retval MMOFL_E_SYNTAX       not a zip
 * @retval MMOFL_E_CORRUPT      a zip that is damaged
 * @retval MMOFL_E_LIMIT        beyond a limit, or a zip in a zip in a zip
 * @retval MMOFL_E_UNSAFE_PATH  absolute, with "..", or a link or device
 * @retval MMOFL_E_UNSUPPORTED  encrypted */
MMOFL_CHECKED mmofl_status mmofl_archive_open(const char *path,
                                              const mmofl_archive_limits *limits,
                                              mmofl_archive **archive,
                                              mmofl_error *err);

/** As open, but a zip at the top level stays a file among the others: for prepared
 * folders that hold tables beside the archive that they describe. */
MMOFL_CHECKED mmofl_status mmofl_archive_open_outer(const char *path,
                                                    const mmofl_archive_limits *limits,
                                                    mmofl_archive **archive,
                                                    mmofl_error *err);

/** As open, for the bytes of a zip, which it borrows; name is used in errors. */
MMOFL_CHECKED mmofl_status mmofl_archive_open_memory(const void *data, size_t size,
                                                     const char *name,
                                                     const mmofl_archive_limits *limits,
                                                     mmofl_archive **archive,
                                                     mmofl_error *err);

enum { MMOFL_ARCHIVE_STAMP_BYTES = 32 };

/** A digest that changes when the archive at path does: of its size and time, or of
 * the names, sizes and times in a folder.  Reads no file.
 * @retval MMOFL_E_NOT_FOUND, MMOFL_E_IO, and what open refuses in a folder */
MMOFL_CHECKED mmofl_status mmofl_archive_stamp(
    const char *path, unsigned char stamp[MMOFL_ARCHIVE_STAMP_BYTES], mmofl_error *err);

/** NULL is allowed. */
void mmofl_archive_close(mmofl_archive *archive);

/** The path or name it was opened by. */
const char *mmofl_archive_name(const mmofl_archive *archive);

/** Entries are regular files, folders sorted by path, zips in the order they list. */
size_t mmofl_archive_count(const mmofl_archive *archive);
const mmofl_archive_entry *mmofl_archive_entry_at(const mmofl_archive *archive,
                                                  size_t index);

/** The entry whose path is `tail` or ends in "/tail".
 * @retval MMOFL_E_MISSING    none
 * @retval MMOFL_E_DUPLICATE  more than one */
MMOFL_CHECKED mmofl_status mmofl_archive_find(const mmofl_archive *archive,
                                              const char *tail, size_t *index,
                                              mmofl_error *err);

/** Read an entry into *data (malloc, the caller frees; a zero byte follows the last one
 * and is not counted).  Threads may read from one archive side by side.
 * @retval MMOFL_E_CORRUPT      checksum or length differs, or damaged
 * @retval MMOFL_E_UNSUPPORTED  neither stored nor deflated
 * @retval MMOFL_E_MEMORY, MMOFL_E_IO, MMOFL_E_NOT_FOUND
 * Cost: 1 to 2 ns for each unpacked byte. */
MMOFL_CHECKED mmofl_status mmofl_archive_read(const mmofl_archive *archive,
                                              size_t index, unsigned char **data,
                                              size_t *size, mmofl_error *err);

#endif
