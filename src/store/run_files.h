/* run_files.h - checkpoint files of a run on the disk: names, digests, syncing, strays.
 * Only the folders' own files here include it. */
#ifndef MMOFL_STORE_RUN_FILES_H
#define MMOFL_STORE_RUN_FILES_H

#include "store/run_folder.h"

enum { MMOFL_RUN_PATH_BYTES = 4096 };

/** Was mmofl_run_folder_sync_always called? */
bool mmofl_run_folder_syncs_always(const mmofl_run_folder *folder);

/** "checkpoint-<round>.safetensors"; "" for round -1. */
void mmofl_run_files_name(int round, char name[MMOFL_RUN_FILE_BYTES]);

/** Take the lock file of a folder, so that one process at a time writes there; the
 * kernel gives it back however the holder ends.
 * @param[out] fd  for mmofl_run_files_unlock
 * @retval MMOFL_E_STATE  another process has it */
MMOFL_CHECKED mmofl_status mmofl_run_files_lock(const char *folder, int *fd,
                                                mmofl_error *err);

/** -1 is allowed. */
void mmofl_run_files_unlock(int fd);

/** BLAKE2b of a file's bytes. */
MMOFL_CHECKED mmofl_status mmofl_run_files_digest(
    const char *path, unsigned char digest[MMOFL_CHECKPOINT_DIGEST_BYTES],
    mmofl_error *err);

/** Does the file exist and have that digest? */
bool mmofl_run_files_is_whole(
    const char *path, const unsigned char digest[MMOFL_CHECKPOINT_DIGEST_BYTES]);

/** Put a file of the folder, and its name, on the disk. */
MMOFL_CHECKED mmofl_status mmofl_run_files_sync(const char *folder, const char *name,
                                                mmofl_error *err);

/** Put all files of the folder, and their names, on the disk. */
MMOFL_CHECKED mmofl_status mmofl_run_files_sync_all(const char *folder,
                                                    mmofl_error *err);

/** Remove the checkpoint of a round (-1: nothing).  One that cannot be removed is a
 * stray that the next resume tries again, so there is no status. */
void mmofl_run_files_remove(const char *folder, int round);

/** Remove unfinished files (*.part) and all checkpoints but the one named `keep`. */
MMOFL_CHECKED mmofl_status mmofl_run_files_clean(const char *folder, const char *keep,
                                                 mmofl_error *err);

#endif
