/* run_files.c - checkpoint files on the disk.
 *
 * A name is on the disk only when its folder was synced too, and a rename may get there
 * before the data it renames; hence a digest and not just a look at the size. */
#define _DEFAULT_SOURCE /* flock */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file.h"
#include "store/run_files.h"

void mmofl_run_files_name(int round, char name[MMOFL_RUN_FILE_BYTES])
{
    name[0] = '\0';
    if (round >= 0)
        snprintf(name, MMOFL_RUN_FILE_BYTES, "checkpoint-%d.safetensors", round);
}

mmofl_status mmofl_run_files_lock(const char *folder, int *out, mmofl_error *err)
{
    char path[MMOFL_RUN_PATH_BYTES];
    mmofl_status st = mmofl_file_join(path, sizeof path, folder, "lock", err);
    if (st)
        return st;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return mmofl_fail_errno(err, errno, "%s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int e = errno;
        close(fd);
        if (e == EWOULDBLOCK)
            return mmofl_fail(err, MMOFL_E_STATE, "%s: another process is using it",
                              folder);
        return mmofl_fail_errno(err, e, "%s: cannot be locked", path);
    }
    *out = fd;
    return MMOFL_OK;
}

void mmofl_run_files_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}

mmofl_status mmofl_run_files_digest(const char *path,
                                    unsigned char digest[MMOFL_CHECKPOINT_DIGEST_BYTES],
                                    mmofl_error *err)
{
    mmofl_mapping file;
    mmofl_status st = mmofl_file_map(path, &file, err);
    if (st)
        return st;
    if (sodium_init() < 0) { /* picks the fast code; needed once, harmless again */
        mmofl_file_unmap(&file);
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "libsodium does not start");
    }
    crypto_generichash(digest, MMOFL_CHECKPOINT_DIGEST_BYTES, file.data, file.size,
                       NULL, 0);
    mmofl_file_unmap(&file);
    return MMOFL_OK;
}

bool mmofl_run_files_is_whole(const char *path,
                              const unsigned char digest[MMOFL_CHECKPOINT_DIGEST_BYTES])
{
    unsigned char found[MMOFL_CHECKPOINT_DIGEST_BYTES];
    return mmofl_run_files_digest(path, found, NULL) == MMOFL_OK &&
           memcmp(found, digest, MMOFL_CHECKPOINT_DIGEST_BYTES) == 0;
}

mmofl_status mmofl_run_files_sync(const char *folder, const char *name,
                                  mmofl_error *err)
{
    char path[MMOFL_RUN_PATH_BYTES];
    mmofl_status st = mmofl_file_join(path, sizeof path, folder, name, err);
    if (!st)
        st = mmofl_file_sync(path, err);
    return st ? st : mmofl_file_sync(folder, err);
}

mmofl_status mmofl_run_files_sync_all(const char *folder, mmofl_error *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return mmofl_fail_errno(err, errno, "%s", folder);
    mmofl_status st = MMOFL_OK;
    for (struct dirent *entry; !st && (entry = readdir(dir));) {
        char path[MMOFL_RUN_PATH_BYTES];
        if (entry->d_name[0] == '.')
            continue;
        st = mmofl_file_join(path, sizeof path, folder, entry->d_name, err);
        if (!st)
            st = mmofl_file_sync(path, err);
    }
    closedir(dir);
    return st ? st : mmofl_file_sync(folder, err);
}

void mmofl_run_files_remove(const char *folder, int round)
{
    char name[MMOFL_RUN_FILE_BYTES], path[MMOFL_RUN_PATH_BYTES];
    mmofl_run_files_name(round, name);
    if (*name && mmofl_file_join(path, sizeof path, folder, name, NULL) == MMOFL_OK)
        unlink(path);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

static bool is_stray(const char *name, const char *keep)
{
    return ends_with(name, ".part") ||
           (strncmp(name, "checkpoint-", strlen("checkpoint-")) == 0 &&
            ends_with(name, ".safetensors") && strcmp(name, keep) != 0);
}

mmofl_status mmofl_run_files_clean(const char *folder, const char *keep,
                                   mmofl_error *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return mmofl_fail_errno(err, errno, "%s", folder);
    mmofl_status st = MMOFL_OK;
    for (struct dirent *entry; !st && (entry = readdir(dir));)
        if (is_stray(entry->d_name, keep) &&
            unlinkat(dirfd(dir), entry->d_name, 0) != 0 && errno != ENOENT)
            st = mmofl_fail_errno(err, errno, "%s/%s: cannot be removed", folder,
                                  entry->d_name);
    closedir(dir);
    return st;
}
