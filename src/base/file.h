/* file.h - files read whole, mapped, or written so that a reader never sees half of
 * one. */
#ifndef MMOFL_BASE_FILE_H
#define MMOFL_BASE_FILE_H

#include "mmofl/status.h"

/** Read a whole file of at most limit bytes into *data (malloc, the caller frees; a
 * zero byte follows the last one and is not counted).
 * @retval MMOFL_E_NOT_FOUND, MMOFL_E_IO, MMOFL_E_MEMORY
 * @retval MMOFL_E_LIMIT  larger than limit */
MMOFL_CHECKED mmofl_status mmofl_file_read(const char *path, size_t limit,
                                           unsigned char **data, size_t *size,
                                           mmofl_error *err);

/** Write a whole file atomically: into "path.part", then renamed.  With sync the file
 * is synced before the rename and its folder after it, so that a power loss takes
 * neither the data nor the name.  On failure path is as it was and the part is removed;
 * only if syncing the folder fails is the new file there.
 * @retval MMOFL_E_NO_SPACE, MMOFL_E_NOT_FOUND (folder), MMOFL_E_IO
 * Cost: with sync two fsyncs. */
MMOFL_CHECKED mmofl_status mmofl_file_write(const char *path, const void *data,
                                            size_t size, bool sync, mmofl_error *err);

/** One piece of a file that is written in pieces. */
typedef struct mmofl_piece {
    const void *data;
    size_t size;
} mmofl_piece;

/** As mmofl_file_write, the pieces one after the other. */
MMOFL_CHECKED mmofl_status mmofl_file_write_pieces(const char *path,
                                                   const mmofl_piece *pieces, size_t n,
                                                   bool sync, mmofl_error *err);

/** As mmofl_file_write with sync, for a file that only its owner may read or write. */
MMOFL_CHECKED mmofl_status mmofl_file_write_secret(const char *path, const void *data,
                                                   size_t size, mmofl_error *err);

/** A read-only mapping of a whole file. */
typedef struct mmofl_mapping {
    const unsigned char *data; /* NULL for an empty file */
    size_t size;
} mmofl_mapping;

MMOFL_CHECKED mmofl_status mmofl_file_map(const char *path, mmofl_mapping *mapping,
                                          mmofl_error *err);
void mmofl_file_unmap(mmofl_mapping *mapping);

/** Put a folder's names on the disk, or a file's data.  A file system that cannot sync
 * a folder counts as having done it.  @retval MMOFL_E_NOT_FOUND, MMOFL_E_IO */
MMOFL_CHECKED mmofl_status mmofl_file_sync(const char *path, mmofl_error *err);

/** Put on the disk that a file is called so: its folder's names.
 * @retval MMOFL_E_NOT_FOUND, MMOFL_E_IO, MMOFL_E_LIMIT (the path) */
MMOFL_CHECKED mmofl_status mmofl_file_sync_name(const char *path, mmofl_error *err);

/** Make a folder and those above it; one that exists is fine. */
MMOFL_CHECKED mmofl_status mmofl_file_make_folders(const char *path, mmofl_error *err);

/** "a/b" in out, cut never: MMOFL_E_LIMIT when it does not fit.  An empty a or b gives
 * the other one alone.  out may be a or b. */
MMOFL_CHECKED mmofl_status mmofl_file_join(char *out, size_t size, const char *a,
                                           const char *b, mmofl_error *err);

bool mmofl_file_exists(const char *path);
bool mmofl_file_is_folder(const char *path);

/** $MMOFL_CACHE_DIR, else $XDG_CACHE_HOME/mmofl, else ~/.cache/mmofl. */
MMOFL_CHECKED mmofl_status mmofl_file_cache_folder(char *out, size_t size,
                                                   mmofl_error *err);

#endif
