/* run_store.h - what a run measured, in one SQLite file that any tool can open.
 *
 * Tables: run (one row per seed), round (one row per round and run, one column per
 * metric), evaluation and confusion (rounds that were evaluated), measure (named
 * numbers that methods and analyses leave, one row each), injected (what an imbalance
 * did to the samples of a device, one row for each modality), prototype (a method's
 * global prototypes in evaluated rounds, one row for each modality and class), timing
 * (seconds, kept apart since equal runs differ in it), checkpoint (which tensor file
 * holds the state after a round).  All that a round leaves is written in one
 * transaction: after a crash a round is there as a whole or not at all. Doubles come
 * back with the same bits (-0 as 0). Threads: one owner.  Every err names the file and
 * holds SQLite's own text.
 *
 * Statuses that every function here may return, besides its own:
 *   E_NO_SPACE  the disk is full; nothing of the call was kept
 *   E_CORRUPT   the file is damaged, no SQLite file, or none of ours
 *   E_STATE     another process is using it (waited for 2 seconds)
 *   E_IO        cannot be opened, read or written
 *   E_MEMORY */
#ifndef MMOFL_STORE_RUN_STORE_H
#define MMOFL_STORE_RUN_STORE_H

#include "mmofl/status.h"

/** The metrics of a round: REAL(name, may it be NaN in round record r), COUNT(name).
 * The struct, the SQL and the exports are made from this list, in this order. */
#define MMOFL_ROUND_METRIC_LIST(REAL, COUNT)                                           \
    REAL(step_size, false)                          /* eta of the round */             \
    COUNT(participants)                             /* devices that trained */         \
    COUNT(steps)                                    /* mini-batches, all devices */    \
    COUNT(samples_new)                              /* arrived this round */           \
    REAL(prequential_loss, r->samples_new == 0)     /* mean over devices */            \
    REAL(prequential_accuracy, r->samples_new == 0) /* in [0, 1] */                    \
    REAL(train_loss, r->participants == 0)          /* mean over devices */            \
    REAL(cumulative_loss, false)                    /* sum over all rounds */          \
    COUNT(bytes_up)                                 /* devices to coordinator */       \
    COUNT(bytes_down)                               /* coordinator to devices */

enum {
    MMOFL_ROUND_EVALUATIONS = 16,       /* at most, per round */
    MMOFL_PART_BYTES = 32,              /* of a part's name, its zero included */
    MMOFL_CHECKPOINT_DIGEST_BYTES = 32, /* BLAKE2b of a checkpoint file */
    MMOFL_MEASURE_BYTES = 64, /* of a measure's name or modality, zero included */
    MMOFL_PROTOTYPE_FEATURES = 1 << 20 /* of one modality, at most */
};

/** Parts of the data that a run judges its model on. */
#define MMOFL_PART_TEST "test"
#define MMOFL_PART_DISTURBED "disturbed"   /* the test part with losses and noise */
#define MMOFL_PART_VALIDATION "validation" /* held out of the training part */

/** The model after a round, judged on one part of the data; all finite. */
typedef struct mmofl_evaluation_record {
    const char *part; /* MMOFL_PART_TEST, ...; of a-z, 0-9 and _ */
    double loss, accuracy, macro_f1;
    int n_classes;             /* C */
    const uint64_t *confusion; /* (C,C) row-major, row = true class; NULL = none */
} mmofl_evaluation_record;

/** A named number that a round leaves, for what only some methods or analyses know: an
 * error term, the loss on substituted samples, an entry of a prototype.  A name stands
 * for one quantity in one unit; the report draws one figure for each name. */
typedef struct mmofl_measure {
    const char *name;     /* "error_quantity"; of a-z, 0-9 and _ */
    int device;           /* -1 = all devices */
    const char *modality; /* "" = all modalities, or none */
    double value;         /* finite: what was not measured has no row */
} mmofl_measure;

/** What became of the samples that arrived at a device in a round, for one modality. */
typedef struct mmofl_injected_record {
    int device;           /* from 0 */
    const char *modality; /* as in a measure, not empty */
    int64_t samples;      /* in which it was recorded */
    int64_t missing;      /* of them: lost; <= samples */
    int64_t disturbed;    /* of those left: disturbed; <= samples - missing */
} mmofl_injected_record;

/** The global prototype of one modality and class after a round. */
typedef struct mmofl_prototype_record {
    const char *modality; /* as in a measure, not empty */
    int class_number;     /* from 0 */
    uint32_t seen;        /* updates so far; 0 = it does not exist yet */
    size_t n;             /* features of the modality, >= 1 */
    const float *mean;    /* (n) finite; zeros where it does not exist */
} mmofl_prototype_record;

/** A checkpoint file that holds the state after a round. */
typedef struct mmofl_checkpoint_record {
    int round;
    const char *file; /* name without folder */
    unsigned char digest[MMOFL_CHECKPOINT_DIGEST_BYTES];
} mmofl_checkpoint_record;

/** All that one round leaves.  NaN stands for "not measured" and is allowed only where
 * the list above says so; infinities never are. */
typedef struct mmofl_round_record {
    int round; /* >= 0, ascending; 0 is the state before training */
#define MMOFL_ROUND_REAL(name, may_lack) double name;
#define MMOFL_ROUND_COUNT(name) int64_t name;
    MMOFL_ROUND_METRIC_LIST(MMOFL_ROUND_REAL, MMOFL_ROUND_COUNT)
#undef MMOFL_ROUND_REAL
#undef MMOFL_ROUND_COUNT
    double seconds; /* wall clock; not part of the metrics */
    int n_evaluations;
    const mmofl_evaluation_record *evaluations;
    size_t n_measures;
    const mmofl_measure *measures; /* different in (name, device, modality) */
    size_t n_injected;
    const mmofl_injected_record *injected; /* different in (device, modality) */
    size_t n_prototypes;
    const mmofl_prototype_record *prototypes; /* different in (modality, class) */
} mmofl_round_record;

/** Run statuses: name. */
#define MMOFL_RUN_STATUS_LIST(X)                                                       \
    X(RUNNING, "running")                                                              \
    X(INTERRUPTED, "interrupted") X(DONE, "done") X(FAILED, "failed")

typedef enum mmofl_run_status {
#define MMOFL_RUN_STATUS_ENUM(name, text) MMOFL_RUN_##name,
    MMOFL_RUN_STATUS_LIST(MMOFL_RUN_STATUS_ENUM)
#undef MMOFL_RUN_STATUS_ENUM
        MMOFL_RUN_STATUS_COUNT
} mmofl_run_status;

/** "running" for MMOFL_RUN_RUNNING; "?" for a number that is no status. */
const char *mmofl_run_status_name(mmofl_run_status status);

/** What a run is; borrowed texts. */
typedef struct mmofl_run_record {
    const char *name;
    uint64_t seed;
    const char *config;  /* resolved, as YAML */
    const char *version; /* of the program */
} mmofl_run_record;

typedef struct mmofl_sql mmofl_run_store; /* sql.h */

typedef enum mmofl_run_store_mode {
    MMOFL_RUN_STORE_READ,
    MMOFL_RUN_STORE_WRITE /* makes the file where there is none, checks it else */
} mmofl_run_store_mode;

/** Open a store.  The caller owns it: mmofl_run_store_close.
 * @retval MMOFL_E_VERSION  of another version of the schema */
MMOFL_CHECKED mmofl_status mmofl_run_store_open(const char *path,
                                                mmofl_run_store_mode mode,
                                                mmofl_run_store **store,
                                                mmofl_error *err);

/** NULL is allowed. */
void mmofl_run_store_close(mmofl_run_store *store);

/** Add a run that is running since now, on this host.
 * @retval MMOFL_E_DUPLICATE  a run of that seed is there */
MMOFL_CHECKED mmofl_status mmofl_run_store_add_run(mmofl_run_store *store,
                                                   const mmofl_run_record *run,
                                                   int64_t *id, mmofl_error *err);

/** The run of that seed.
 * @param[out] same_config  its config is, byte for byte, `config`
 * @retval MMOFL_E_MISSING  no run has that seed */
MMOFL_CHECKED mmofl_status mmofl_run_store_find_run(
    mmofl_run_store *store, uint64_t seed, const char *config, int64_t *id,
    mmofl_run_status *status, bool *same_config, mmofl_error *err);

/** Set the status; all but running also set the time of the end.  On the disk when it
 * returns, with everything written before. */
MMOFL_CHECKED mmofl_status mmofl_run_store_set_status(mmofl_run_store *store,
                                                      int64_t run,
                                                      mmofl_run_status status,
                                                      mmofl_error *err);

/** Write a round in one transaction.
 * @param[in] checkpoint   the file that holds the state after the round, or NULL; rows
 *                         of other checkpoints go, but for that of round keep_round
 * @param[in] is_durable   be on the disk when this returns (costs an fsync); else the
 *                         last rounds may be lost with the power, though never torn
 * @retval MMOFL_E_DUPLICATE  the round is there already, or a measure twice
 * @retval MMOFL_E_NONFINITE  NaN or infinity where a number is wanted
 * @retval MMOFL_E_RANGE      a negative round or count, more missing or disturbed than
 *                            there is, the name of a part, measure or modality, or a
 *                            prototype's class or number of features */
MMOFL_CHECKED mmofl_status mmofl_run_store_add_round(
    mmofl_run_store *store, int64_t run, const mmofl_round_record *record,
    const mmofl_checkpoint_record *checkpoint, int keep_round, bool is_durable,
    mmofl_error *err);

/** Add measures to a round that is there, in a transaction of their own: for what is
 * known only later, such as the regret of every round once the run is done.  (What is
 * known in time goes with the round, as mmofl_round_record.measures.)
 * @retval MMOFL_E_DUPLICATE  a measure of that name, device and modality is there, or
 *                            the round is not
 * @retval MMOFL_E_NONFINITE  NaN or infinity
 * @retval MMOFL_E_RANGE      device below -1, or a name */
MMOFL_CHECKED mmofl_status mmofl_run_store_add_measures(mmofl_run_store *store,
                                                        int64_t run, int round,
                                                        const mmofl_measure *measures,
                                                        size_t n, mmofl_error *err);

/** Drop all measures of that name in all rounds, to write them anew; there may be none.
 */
MMOFL_CHECKED mmofl_status mmofl_run_store_drop_measures(mmofl_run_store *store,
                                                         int64_t run, const char *name,
                                                         mmofl_error *err);

/** Drop everything after `round`, so that the run can go on from there; -1 drops all.
 * On the disk when it returns. */
MMOFL_CHECKED mmofl_status mmofl_run_store_rewind(mmofl_run_store *store, int64_t run,
                                                  int round, mmofl_error *err);

/** Drop the rows of all checkpoints but that of `round`. */
MMOFL_CHECKED mmofl_status mmofl_run_store_keep_checkpoint(mmofl_run_store *store,
                                                           int64_t run, int round,
                                                           mmofl_error *err);

/** The visitors below are called row by row; what they get is borrowed for the call.
 * A status other than OK stops the walk, which then returns it. */
typedef mmofl_status mmofl_round_visit(void *context, const mmofl_round_record *record);
typedef mmofl_status mmofl_checkpoint_visit(void *context,
                                            const mmofl_checkpoint_record *checkpoint);

/** One non-zero cell of a confusion matrix. */
typedef struct mmofl_confusion_cell {
    int round;
    const char *part;
    int true_class, predicted_class;
    uint64_t count;
} mmofl_confusion_cell;

typedef mmofl_status mmofl_confusion_visit(void *context,
                                           const mmofl_confusion_cell *cell);
typedef mmofl_status mmofl_part_visit(void *context, const char *part);
typedef mmofl_status mmofl_measure_visit(void *context, int round,
                                         const mmofl_measure *measure);
typedef mmofl_status mmofl_injected_visit(void *context, int round,
                                          const mmofl_injected_record *injected);
typedef mmofl_status mmofl_prototype_visit(void *context, int round,
                                           const mmofl_prototype_record *prototype);

/** All rounds of a run, first to last, with their evaluations by name of the part but
 * without confusion matrices. */
MMOFL_CHECKED mmofl_status mmofl_run_store_each_round(mmofl_run_store *store,
                                                      int64_t run,
                                                      mmofl_round_visit *visit,
                                                      void *context, mmofl_error *err);

/** The cells of all confusion matrices: by round, part, true and predicted class. */
MMOFL_CHECKED mmofl_status mmofl_run_store_each_confusion(mmofl_run_store *store,
                                                          int64_t run,
                                                          mmofl_confusion_visit *visit,
                                                          void *context,
                                                          mmofl_error *err);

/** What was injected in a run: by round, device and modality. */
MMOFL_CHECKED mmofl_status mmofl_run_store_each_injected(mmofl_run_store *store,
                                                         int64_t run,
                                                         mmofl_injected_visit *visit,
                                                         void *context,
                                                         mmofl_error *err);

/** The prototypes of a run: by round, modality and class.
 * @retval MMOFL_E_CORRUPT  a mean that is no list of finite floats */
MMOFL_CHECKED mmofl_status mmofl_run_store_each_prototype(mmofl_run_store *store,
                                                          int64_t run,
                                                          mmofl_prototype_visit *visit,
                                                          void *context,
                                                          mmofl_error *err);

/** All measures of a run: by round, name, modality and device. */
MMOFL_CHECKED mmofl_status mmofl_run_store_each_measure(mmofl_run_store *store,
                                                        int64_t run,
                                                        mmofl_measure_visit *visit,
                                                        void *context,
                                                        mmofl_error *err);

/** The parts that were ever evaluated in the run, by name. */
MMOFL_CHECKED mmofl_status mmofl_run_store_each_part(mmofl_run_store *store,
                                                     int64_t run,
                                                     mmofl_part_visit *visit,
                                                     void *context, mmofl_error *err);

/** The checkpoints of a run, newest first. */
MMOFL_CHECKED mmofl_status mmofl_run_store_each_checkpoint(
    mmofl_run_store *store, int64_t run, mmofl_checkpoint_visit *visit, void *context,
    mmofl_error *err);

#endif
