/* run_commit.c - keeping a round, and ending a run; run_folder.h tells the order.
 *
 *   round        t-1        t          t+1       t+2
 *   file         kept       written    written   ...
 *   sync              (second over) S
 *   rows after   {t-1, S0}  {t, S0}    {t+1, t}  {t+2, t}
 *
 * When round t is synced, the file of the old synced round S0 must outlive that
 * transaction: it goes with the next one ("stale"). */
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/run_files.h"

static const double SYNC_SECONDS = 1.0, KEEP_SECONDS = 0.05;

bool mmofl_run_folder_is_due(const mmofl_run *run)
{
    return run->round < 0 || mmofl_clock_seconds() - run->kept_at_s > KEEP_SECONDS;
}

/* Write the record when it is this thread's turn. */
static mmofl_status add_round(mmofl_run_folder *folder, const mmofl_run *run,
                              const mmofl_round_record *record,
                              const mmofl_checkpoint_record *row, int keep_round,
                              bool is_durable, mmofl_error *err)
{
    mmofl_run_folder_hold(folder);
    mmofl_status st =
        mmofl_run_store_add_round(mmofl_run_folder_store(folder), run->id, record, row,
                                  keep_round, is_durable, err);
    mmofl_run_folder_release(folder);
    return st;
}

/* Write the state of `row->round` and fill in the row that will name it. */
static mmofl_status write_state(const char *seed_folder, const mmofl_run_state *state,
                                bool is_durable, mmofl_checkpoint_record *row,
                                mmofl_error *err)
{
    char path[MMOFL_RUN_PATH_BYTES];
    mmofl_status st = mmofl_file_join(path, sizeof path, seed_folder, row->file, err);
    if (!st)
        st = mmofl_safetensors_write(path, state->tensors, state->n_tensors,
                                     state->metadata, state->n_metadata, is_durable,
                                     err);
    if (st)
        return st;
    return mmofl_run_files_digest(path, row->digest, err);
}

/* The transaction for the checkpoint of `round` is through: remove files whose rows it
 * dropped, and remember which ones are left. */
static void move_on(mmofl_run *run, const char *seed_folder, int round,
                    const char *file, bool is_durable)
{
    int kept = run->synced_round;
    if (run->round != kept)
        mmofl_run_files_remove(seed_folder, run->round);
    mmofl_run_files_remove(seed_folder, run->stale_round);
    run->stale_round = -1;
    run->round = round;
    run->kept_at_s = mmofl_clock_seconds();
    memcpy(run->checkpoint, file, MMOFL_RUN_FILE_BYTES);
    if (is_durable) {
        run->stale_round = kept;
        run->synced_round = round;
        run->synced_at_s = mmofl_clock_seconds();
    }
}

mmofl_status mmofl_run_folder_commit(mmofl_run_folder *folder, mmofl_run *run,
                                     const mmofl_round_record *record,
                                     const mmofl_run_state *state, mmofl_error *err)
{
    if (!state)
        return add_round(folder, run, record, NULL, -1, false, err);
    if (record->round <= run->round)
        return mmofl_fail(err, MMOFL_E_DUPLICATE, "round %d after round %d",
                          record->round, run->round);
    char seed_folder[MMOFL_RUN_PATH_BYTES], file[MMOFL_RUN_FILE_BYTES];
    mmofl_run_files_name(record->round, file);
    mmofl_checkpoint_record row = {.round = record->round, .file = file};
    bool is_durable = mmofl_run_folder_syncs_always(folder) ||
                      mmofl_clock_seconds() - run->synced_at_s > SYNC_SECONDS;
    mmofl_status st = mmofl_run_folder_seed_path(folder, run->seed, "", seed_folder,
                                                 sizeof seed_folder, err);
    if (st)
        return st;
    st = write_state(seed_folder, state, is_durable, &row, err);
    if (!st)
        st = add_round(folder, run, record, &row, run->synced_round, is_durable, err);
    if (st)
        mmofl_run_files_remove(seed_folder, record->round);
    else
        move_on(run, seed_folder, record->round, file, is_durable);
    return st;
}

mmofl_status mmofl_run_folder_finish(mmofl_run_folder *folder, mmofl_run *run,
                                     mmofl_run_status status, mmofl_error *err)
{
    mmofl_run_store *store = mmofl_run_folder_store(folder);
    char seed_folder[MMOFL_RUN_PATH_BYTES];
    mmofl_status st = mmofl_run_folder_seed_path(folder, run->seed, "", seed_folder,
                                                 sizeof seed_folder, err);
    if (!st && run->round >= 0)
        st = mmofl_run_files_sync_all(seed_folder, err);
    mmofl_run_folder_hold(folder);
    if (!st)
        st = mmofl_run_store_keep_checkpoint(store, run->id, run->round, err);
    if (!st)
        st = mmofl_run_store_set_status(store, run->id, status, err);
    mmofl_run_folder_release(folder);
    if (st)
        return st;
    run->status = status;
    if (run->round != run->synced_round)
        mmofl_run_files_remove(seed_folder, run->synced_round);
    mmofl_run_files_remove(seed_folder, run->stale_round);
    run->synced_round = run->round;
    run->stale_round = -1;
    return MMOFL_OK;
}
