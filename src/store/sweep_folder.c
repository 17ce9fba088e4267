/* sweep_folder.c - making, locking and opening a sweep's folder. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/run_files.h"
#include "store/sweep_folder.h"

enum { YAML_LIMIT = 16 * 1024 * 1024 };

struct mmofl_sweep_folder {
    char *path, *text;
    int lock_fd; /* -1 = not locked */
};

mmofl_status mmofl_sweep_folder_path(const mmofl_sweep_folder *folder, const char *file,
                                     char *out, size_t size, mmofl_error *err)
{
    return mmofl_file_join(out, size, folder->path, file, err);
}

const char *mmofl_sweep_folder_text(const mmofl_sweep_folder *folder)
{
    return folder->text;
}

bool mmofl_sweep_folder_is(const char *path)
{
    char file[MMOFL_RUN_PATH_BYTES];
    return mmofl_file_join(file, sizeof file, path, "sweep.yaml", NULL) == MMOFL_OK &&
           mmofl_file_exists(file);
}

static mmofl_sweep_folder *folder_new(const char *path)
{
    mmofl_sweep_folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return NULL;
    folder->lock_fd = -1;
    folder->path = strdup(path);
    if (folder->path)
        return folder;
    free(folder);
    return NULL;
}

void mmofl_sweep_folder_close(mmofl_sweep_folder *folder)
{
    if (!folder)
        return;
    mmofl_run_files_unlock(folder->lock_fd);
    free(folder->text);
    free(folder->path);
    free(folder);
}

/* Refuse a folder that holds anything but what an interrupted creation leaves. */
static mmofl_status check_empty(const char *path, mmofl_error *err)
{
    if (mmofl_sweep_folder_is(path))
        return mmofl_fail(err, MMOFL_E_EXISTS,
                          "%s: holds a sweep, resume it or choose another folder",
                          path);
    static const char *const left[] = {
        ".", "..", "lock", "cells.csv", "cells.csv.part", "sweep.yaml.part"};
    DIR *dir = opendir(path);
    if (!dir)
        return mmofl_fail_errno(err, errno, "%s", path);
    mmofl_status st = MMOFL_OK;
    for (struct dirent *entry; !st && (entry = readdir(dir));) {
        bool known = false;
        for (size_t i = 0; i < sizeof left / sizeof *left; i++)
            known = known || strcmp(entry->d_name, left[i]) == 0;
        if (!known)
            st = mmofl_fail(err, MMOFL_E_EXISTS,
                            "%s: not empty (it holds %s), wanted a new or empty folder",
                            path, entry->d_name);
    }
    closedir(dir);
    return st;
}

static mmofl_status write_file(const mmofl_sweep_folder *folder, const char *file,
                               const char *text, mmofl_error *err)
{
    char path[MMOFL_RUN_PATH_BYTES];
    mmofl_status st = mmofl_sweep_folder_path(folder, file, path, sizeof path, err);
    return st ? st : mmofl_file_write(path, text, strlen(text), true, err);
}

static mmofl_status fill_new(mmofl_sweep_folder *folder, const char *sweep_yaml,
                             const char *cells_csv, mmofl_error *err)
{
    folder->text = strdup(sweep_yaml);
    if (!folder->text)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", folder->path);
    /* Looked at before locking, so that a refused folder does not even get a lock file,
     * and again under the lock. */
    mmofl_status st = check_empty(folder->path, err);
    if (!st)
        st = mmofl_run_files_lock(folder->path, &folder->lock_fd, err);
    if (!st)
        st = check_empty(folder->path, err);
    if (!st)
        st = write_file(folder, "cells.csv", cells_csv, err);
    if (!st)
        st = write_file(folder, "sweep.yaml", sweep_yaml, err);
    if (!st)
        st = mmofl_file_sync(folder->path, err);
    return st;
}

mmofl_status mmofl_sweep_folder_create(const char *path, const char *sweep_yaml,
                                       const char *cells_csv, mmofl_sweep_folder **out,
                                       mmofl_error *err)
{
    mmofl_status st = mmofl_file_make_folders(path, err);
    if (st)
        return st;
    mmofl_sweep_folder *folder = folder_new(path);
    if (!folder)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    st = fill_new(folder, sweep_yaml, cells_csv, err);
    if (st)
        mmofl_sweep_folder_close(folder);
    else
        *out = folder;
    return st;
}

mmofl_status mmofl_sweep_folder_share(const char *path, mmofl_sweep_folder **out,
                                      mmofl_error *err)
{
    mmofl_sweep_folder *folder = folder_new(path);
    if (!folder)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    *out = folder;
    return MMOFL_OK;
}

mmofl_status mmofl_sweep_folder_open(const char *path, mmofl_sweep_folder **out,
                                     mmofl_error *err)
{
    char file[MMOFL_RUN_PATH_BYTES];
    unsigned char *text;
    size_t size;
    if (!mmofl_sweep_folder_is(path))
        return mmofl_fail(err, MMOFL_E_NOT_FOUND, "%s: no sweep there (no sweep.yaml)",
                          path);
    mmofl_sweep_folder *folder = folder_new(path);
    if (!folder)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    mmofl_status st = mmofl_run_files_lock(path, &folder->lock_fd, err);
    if (!st)
        st = mmofl_sweep_folder_path(folder, "sweep.yaml", file, sizeof file, err);
    if (!st)
        st = mmofl_file_read(file, YAML_LIMIT, &text, &size, err);
    if (st) {
        mmofl_sweep_folder_close(folder);
        return st;
    }
    folder->text = (char *)text;
    *out = folder;
    return MMOFL_OK;
}
