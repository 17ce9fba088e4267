/* run_folder.h - the folder that a run leaves behind, and how it survives a crash.
 *
 *   DIR/config.yaml                          resolved experiment
 *   DIR/run.sqlite                           run store (store/run_store.h)
 *   DIR/lock                                 held while a process writes to the folder
 *   DIR/summary.json                         there when all seeds are done
 *   DIR/seed-<s>/checkpoint-<round>.safetensors   state after a round
 *   DIR/seed-<s>/model.safetensors           final model
 *   DIR/seed-<s>/metrics.csv, metrics.jsonl, confusion.csv
 *
 * Order of writes, so that the store never names a state that cannot be had:
 *   1. checkpoint file of round t, under its name when whole;
 *   2. one transaction: round t, and the row that names the file with its digest;
 *   3. removal of the older file - except that the newest checkpoint known to be *on
 *      the disk* stays.  Once a second, file, folder and transaction are synced, and
 *      round t becomes that checkpoint.
 * Rounds without a checkpoint have step 2 alone; resuming takes them back and does
 * them again.  kill -9 leaves the kernel's view: at most a stray file.  Power loss may
 * take the last rounds and the data of files that were not synced: resuming goes
 * through the rows, newest first, to one whose file has the digest of its row; the
 * synced one has.
 * Threads: the seeds of a folder may run on different threads, each with a mmofl_run of
 * its own: begin, commit and finish take turns by themselves.
 * Statuses of run_store.h besides those named here. */
#ifndef MMOFL_STORE_RUN_FOLDER_H
#define MMOFL_STORE_RUN_FOLDER_H

#include "store/run_store.h"
#include "store/safetensors.h"

typedef struct mmofl_run_folder mmofl_run_folder;

enum { MMOFL_RUN_FILE_BYTES = 64 };

/** One seed's run in a folder; filled by mmofl_run_folder_begin. */
typedef struct mmofl_run {
    int64_t id; /* in the store */
    uint64_t seed;
    mmofl_run_status status;
    int round; /* state of `checkpoint`: go on after it; -1: begin at the beginning */
    char checkpoint[MMOFL_RUN_FILE_BYTES]; /* file in the seed's folder; "" = none */
    /* The rest is the folder's. */
    int synced_round;   /* newest checkpoint that is on the disk; -1 = none */
    int stale_round;    /* checkpoint that synced_round has replaced; -1 = none */
    double kept_at_s;   /* mmofl_clock_seconds of the last checkpoint */
    double synced_at_s; /* mmofl_clock_seconds of the last sync */
} mmofl_run;

/** Make the folder (and those above it) for a new run, and lock it.
 * @param[in] config  resolved experiment, as YAML; copied
 * @retval MMOFL_E_EXISTS  the folder holds a run, finished or not, or other files
 * @retval MMOFL_E_STATE   another process is using it
 * @retval MMOFL_E_IO, MMOFL_E_NO_SPACE, MMOFL_E_MEMORY
 * The caller owns it: mmofl_run_folder_close. */
MMOFL_CHECKED mmofl_status mmofl_run_folder_create(const char *path, const char *config,
                                                   mmofl_run_folder **folder,
                                                   mmofl_error *err);

/** Would mmofl_run_folder_create take this path?  Nothing is made: a run that is
 * refused for another reason leaves no trace.  @retval MMOFL_E_EXISTS as there,
 * MMOFL_E_IO */
MMOFL_CHECKED mmofl_status mmofl_run_folder_check_new(const char *path,
                                                      mmofl_error *err);

/** Open the folder of a run to go on with it, and lock it.
 * @retval MMOFL_E_NOT_FOUND  no such folder, or no run in it
 * @retval MMOFL_E_STATE      another process is using it */
MMOFL_CHECKED mmofl_status mmofl_run_folder_open(const char *path,
                                                 mmofl_run_folder **folder,
                                                 mmofl_error *err);

/** Unlock.  What was committed stays.  NULL is allowed. */
void mmofl_run_folder_close(mmofl_run_folder *folder);

/** config.yaml's text, and the store; both the folder's.  While other seeds run, the
 * store is used between hold and release only. */
const char *mmofl_run_folder_config(const mmofl_run_folder *folder);
mmofl_run_store *mmofl_run_folder_store(mmofl_run_folder *folder);

/** Keep other threads out of the store, until release; a thread may hold it twice. */
void mmofl_run_folder_hold(mmofl_run_folder *folder);
void mmofl_run_folder_release(mmofl_run_folder *folder);

/** "DIR/file" and "DIR/seed-<s>/file" in out, MMOFL_E_LIMIT when it does not fit. */
MMOFL_CHECKED mmofl_status mmofl_run_folder_path(const mmofl_run_folder *folder,
                                                 const char *file, char *out,
                                                 size_t size, mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_run_folder_seed_path(const mmofl_run_folder *folder,
                                                      uint64_t seed, const char *file,
                                                      char *out, size_t size,
                                                      mmofl_error *err);

/** Begin a seed's run, or go on with it where it is there: then the newest checkpoint
 * whose file is whole is chosen, the store rewound to it, and files that no row names
 * are removed.  A run that is done is left untouched (run->status says so); every other
 * is running afterwards.
 * @retval MMOFL_E_STATE  config.yaml is not what this run began with */
MMOFL_CHECKED mmofl_status mmofl_run_folder_begin(mmofl_run_folder *folder,
                                                  const char *name, uint64_t seed,
                                                  const char *version, mmofl_run *run,
                                                  mmofl_error *err);

/** The state after a round, as it goes to a checkpoint file; borrowed. */
typedef struct mmofl_run_state {
    const mmofl_tensor *tensors;
    size_t n_tensors;
    const mmofl_metadata *metadata;
    size_t n_metadata;
} mmofl_run_state;

/** From now on every commit is synced: what was told to others of a round must not be
 * undone by a power loss. */
void mmofl_run_folder_sync_always(mmofl_run_folder *folder);

/** Is it time for a checkpoint?  Where rounds are shorter than the twentieth of a
 * second that is left between two, they are worked out again faster than each would be
 * kept. */
bool mmofl_run_folder_is_due(const mmofl_run *run);

/** Keep a round: its checkpoint (state NULL: none for this round) and its record.
 * On failure the round is not there, and the last checkpoint still is.
 * Cost: one file of the state's size, one hash over it; an fsync once a second,
 * or always. */
MMOFL_CHECKED mmofl_status mmofl_run_folder_commit(mmofl_run_folder *folder,
                                                   mmofl_run *run,
                                                   const mmofl_round_record *record,
                                                   const mmofl_run_state *state,
                                                   mmofl_error *err);

/** End a run for now or for good: sync what it left, keep its last checkpoint only, set
 * its status. */
MMOFL_CHECKED mmofl_status mmofl_run_folder_finish(mmofl_run_folder *folder,
                                                   mmofl_run *run,
                                                   mmofl_run_status status,
                                                   mmofl_error *err);

#endif
