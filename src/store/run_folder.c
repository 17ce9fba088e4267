/* run_folder.c - layout, lock, opening and beginning; run_commit.c keeps the rounds.
 *
 * A folder is a run's when run.sqlite is in it, and config.yaml is written first: a
 * process killed between the two leaves a folder that may be created again. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/run_files.h"

enum { CONFIG_LIMIT = 16 * 1024 * 1024 };

struct mmofl_run_folder {
    char *path, *config;
    mmofl_run_store *store;
    int lock_fd; /* -1 = not locked */
    bool syncs_always;
    pthread_mutex_t turn; /* who holds it may use the store; recursive */
};

mmofl_status mmofl_run_folder_path(const mmofl_run_folder *folder, const char *file,
                                   char *out, size_t size, mmofl_error *err)
{
    return mmofl_file_join(out, size, folder->path, file, err);
}

mmofl_status mmofl_run_folder_seed_path(const mmofl_run_folder *folder, uint64_t seed,
                                        const char *file, char *out, size_t size,
                                        mmofl_error *err)
{
    char inner[MMOFL_RUN_PATH_BYTES];
    int n = snprintf(inner, sizeof inner, "seed-%" PRIu64 "%s%s", seed,
                     *file ? "/" : "", file);
    if (n < 0 || (size_t)n >= sizeof inner)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", file);
    return mmofl_file_join(out, size, folder->path, inner, err);
}

const char *mmofl_run_folder_config(const mmofl_run_folder *folder)
{
    return folder->config;
}

mmofl_run_store *mmofl_run_folder_store(mmofl_run_folder *folder)
{
    return folder->store;
}

void mmofl_run_folder_sync_always(mmofl_run_folder *folder)
{
    folder->syncs_always = true;
}

bool mmofl_run_folder_syncs_always(const mmofl_run_folder *folder)
{
    return folder->syncs_always;
}

void mmofl_run_folder_hold(mmofl_run_folder *folder)
{
    pthread_mutex_lock(&folder->turn);
}

void mmofl_run_folder_release(mmofl_run_folder *folder)
{
    pthread_mutex_unlock(&folder->turn);
}

static bool turn_init(pthread_mutex_t *turn)
{
    pthread_mutexattr_t recursive;
    if (pthread_mutexattr_init(&recursive) != 0)
        return false;
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    bool made = pthread_mutex_init(turn, &recursive) == 0;
    pthread_mutexattr_destroy(&recursive);
    return made;
}

static mmofl_run_folder *folder_new(const char *path)
{
    mmofl_run_folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return NULL;
    folder->lock_fd = -1;
    folder->path = strdup(path);
    if (folder->path && turn_init(&folder->turn))
        return folder;
    free(folder->path);
    free(folder);
    return NULL;
}

void mmofl_run_folder_close(mmofl_run_folder *folder)
{
    if (!folder)
        return;
    mmofl_run_store_close(folder->store);
    mmofl_run_files_unlock(folder->lock_fd);
    pthread_mutex_destroy(&folder->turn);
    free(folder->config);
    free(folder->path);
    free(folder);
}

/* Refuse a folder that holds anything but what an interrupted creation leaves. */
static mmofl_status check_empty(const char *folder, mmofl_error *err)
{
    char summary[MMOFL_RUN_PATH_BYTES], store[MMOFL_RUN_PATH_BYTES];
    mmofl_status st =
        mmofl_file_join(summary, sizeof summary, folder, "summary.json", err);
    if (!st)
        st = mmofl_file_join(store, sizeof store, folder, "run.sqlite", err);
    if (st)
        return st;
    if (mmofl_file_exists(store))
        return mmofl_fail(err, MMOFL_E_EXISTS,
                          mmofl_file_exists(summary)
                              ? "%s: holds a finished run, wanted a new or empty folder"
                              : "%s: holds an unfinished run, resume it or choose "
                                "another folder",
                          folder);
    DIR *dir = opendir(folder);
    if (!dir)
        return mmofl_fail_errno(err, errno, "%s", folder);
    for (struct dirent *entry; !st && (entry = readdir(dir));) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") && strcmp(name, "..") && strcmp(name, "lock") &&
            strcmp(name, "config.yaml") && strcmp(name, "config.yaml.part"))
            st = mmofl_fail(err, MMOFL_E_EXISTS,
                            "%s: not empty and no run (it holds %s), wanted a new or "
                            "empty folder",
                            folder, name);
    }
    closedir(dir);
    return st;
}

mmofl_status mmofl_run_folder_check_new(const char *path, mmofl_error *err)
{
    if (!mmofl_file_exists(path))
        return MMOFL_OK;
    if (!mmofl_file_is_folder(path))
        return mmofl_fail(err, MMOFL_E_EXISTS, "%s: exists and is not a folder", path);
    return check_empty(path, err);
}

static mmofl_status open_store(mmofl_run_folder *folder, mmofl_error *err)
{
    char path[MMOFL_RUN_PATH_BYTES];
    mmofl_status st =
        mmofl_run_folder_path(folder, "run.sqlite", path, sizeof path, err);
    if (!st)
        st = mmofl_run_store_open(path, MMOFL_RUN_STORE_WRITE, &folder->store, err);
    return st;
}

static mmofl_status fill_new(mmofl_run_folder *folder, const char *config,
                             mmofl_error *err)
{
    char path[MMOFL_RUN_PATH_BYTES];
    folder->config = strdup(config);
    if (!folder->config)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", folder->path);
    /* Looked at before locking, so that a refused folder does not even get a lock file,
     * and again under the lock. */
    mmofl_status st = check_empty(folder->path, err);
    if (!st)
        st = mmofl_run_files_lock(folder->path, &folder->lock_fd, err);
    if (!st)
        st = check_empty(folder->path, err);
    if (!st)
        st = mmofl_run_folder_path(folder, "config.yaml", path, sizeof path, err);
    if (!st)
        st = mmofl_file_write(path, config, strlen(config), true, err);
    if (!st)
        st = open_store(folder, err);
    if (!st)
        st = mmofl_file_sync(folder->path, err);
    return st;
}

mmofl_status mmofl_run_folder_create(const char *path, const char *config,
                                     mmofl_run_folder **out, mmofl_error *err)
{
    mmofl_status st = mmofl_file_make_folders(path, err);
    if (st)
        return st;
    mmofl_run_folder *folder = folder_new(path);
    if (!folder)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    st = fill_new(folder, config, err);
    if (st) {
        mmofl_run_folder_close(folder);
        return st;
    }
    *out = folder;
    return MMOFL_OK;
}

/* A store, or what a process leaves that was killed before it made one: a lock and a
 * config (which is written atomically). */
static bool holds_a_run(const mmofl_run_folder *folder)
{
    static const char *const file[] = {"run.sqlite", "lock", "config.yaml"};
    bool there[3];
    for (int i = 0; i < 3; i++) {
        char path[MMOFL_RUN_PATH_BYTES];
        there[i] = mmofl_run_folder_path(folder, file[i], path, sizeof path, NULL) ==
                       MMOFL_OK &&
                   mmofl_file_exists(path);
    }
    return there[0] || (there[1] && there[2]);
}

static mmofl_status fill_old(mmofl_run_folder *folder, mmofl_error *err)
{
    char path[MMOFL_RUN_PATH_BYTES];
    unsigned char *config = NULL;
    size_t size;
    if (!holds_a_run(folder))
        return mmofl_fail(err, MMOFL_E_NOT_FOUND, "%s: no run there (no run.sqlite)",
                          folder->path);
    mmofl_status st = mmofl_run_files_lock(folder->path, &folder->lock_fd, err);
    if (!st)
        st = mmofl_run_folder_path(folder, "config.yaml", path, sizeof path, err);
    if (!st)
        st = mmofl_file_read(path, CONFIG_LIMIT, &config, &size, err);
    if (st)
        return st;
    folder->config = (char *)config;
    return open_store(folder, err);
}

mmofl_status mmofl_run_folder_open(const char *path, mmofl_run_folder **out,
                                   mmofl_error *err)
{
    mmofl_run_folder *folder = folder_new(path);
    if (!folder)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    mmofl_status st = fill_old(folder, err);
    if (st) {
        mmofl_run_folder_close(folder);
        return st;
    }
    *out = folder;
    return MMOFL_OK;
}

/* What resuming looks for among the checkpoint rows. */
typedef struct search {
    const mmofl_run_folder *folder;
    mmofl_run *run;
    mmofl_error *err;
} search;

/* Take the first row whose file is whole: rows come newest first. */
static mmofl_status consider(void *context, const mmofl_checkpoint_record *row)
{
    search *s = context;
    char file[MMOFL_RUN_FILE_BYTES], path[MMOFL_RUN_PATH_BYTES];
    mmofl_run_files_name(row->round, file);
    /* The store may come from elsewhere: only the one name that a round has is opened.
     */
    if (s->run->round >= 0 || strcmp(file, row->file) != 0)
        return MMOFL_OK;
    mmofl_status st = mmofl_run_folder_seed_path(s->folder, s->run->seed, file, path,
                                                 sizeof path, s->err);
    if (!st && mmofl_run_files_is_whole(path, row->digest)) {
        s->run->round = row->round;
        memcpy(s->run->checkpoint, file, sizeof file);
    }
    return st;
}

/* Choose the state to go on from and make store and folder agree with it. */
static mmofl_status recover(mmofl_run_folder *folder, const char *seed_folder,
                            mmofl_run *run, mmofl_error *err)
{
    search s = {folder, run, err};
    mmofl_status st =
        mmofl_run_store_each_checkpoint(folder->store, run->id, consider, &s, err);
    if (!st && run->round >= 0)
        st = mmofl_run_files_sync(seed_folder, run->checkpoint, err);
    if (!st)
        st = mmofl_run_store_rewind(folder->store, run->id, run->round, err);
    if (!st)
        st = mmofl_run_store_keep_checkpoint(folder->store, run->id, run->round, err);
    /* Durable, so that files are removed only after the rows that named them. */
    if (!st)
        st = mmofl_run_store_set_status(folder->store, run->id, MMOFL_RUN_RUNNING, err);
    if (!st)
        st = mmofl_run_files_clean(seed_folder, run->checkpoint, err);
    if (!st)
        run->status = MMOFL_RUN_RUNNING;
    run->synced_round = run->round;
    return st;
}

static mmofl_status begin(mmofl_run_folder *folder, const char *name, uint64_t seed,
                          const char *version, mmofl_run *out, mmofl_error *err)
{
    char path[MMOFL_RUN_PATH_BYTES];
    mmofl_run run = {.seed = seed,
                     .round = -1,
                     .synced_round = -1,
                     .stale_round = -1,
                     .synced_at_s = mmofl_clock_seconds()};
    bool same_config = true;
    mmofl_status st =
        mmofl_run_folder_seed_path(folder, seed, "", path, sizeof path, err);
    if (!st)
        st = mmofl_file_make_folders(path, err);
    if (!st)
        st = mmofl_file_sync(folder->path, err);
    if (st)
        return st;
    st = mmofl_run_store_find_run(folder->store, seed, folder->config, &run.id,
                                  &run.status, &same_config, err);
    if (st == MMOFL_E_MISSING) {
        mmofl_run_record record = {name, seed, folder->config, version};
        st = mmofl_run_store_add_run(folder->store, &record, &run.id, err);
    } else if (!st && !same_config) {
        st = mmofl_fail(err, MMOFL_E_STATE,
                        "%s: config.yaml is not what the run with seed %" PRIu64
                        " began with",
                        folder->path, seed);
    } else if (!st && run.status != MMOFL_RUN_DONE) {
        st = recover(folder, path, &run, err);
    }
    if (!st)
        *out = run;
    return st;
}

mmofl_status mmofl_run_folder_begin(mmofl_run_folder *folder, const char *name,
                                    uint64_t seed, const char *version, mmofl_run *run,
                                    mmofl_error *err)
{
    mmofl_run_folder_hold(folder);
    mmofl_status st = begin(folder, name, seed, version, run, err);
    mmofl_run_folder_release(folder);
    return st;
}
