/* seed_run.h - one seed of an experiment, from its first round (or its checkpoint) to
 * its end, kept in a run folder round by round. */
#ifndef MMOFL_RUN_SEED_RUN_H
#define MMOFL_RUN_SEED_RUN_H

#include "run/setup.h"
#include "store/run_folder.h"

/** What there is to tell after a round. */
typedef struct mmofl_round_news {
    uint64_t seed;
    int first, round,
        rounds; /* this process's first round, the one that is done, the last */
    double prequential_accuracy; /* NaN when nothing arrived */
    double test_accuracy;        /* the latest; NaN before the first test */
    double validation_macro_f1;  /* the same */
} mmofl_round_news;

/** Where the seconds of a run went; no result depends on it. */
typedef struct mmofl_run_times {
    double setup;    /* partition, model, memory of the threads; a checkpoint */
    double training; /* whole rounds */
    double testing;
    double writing; /* each round's record and checkpoint, and the files at the end */
} mmofl_run_times;

/** Who watches a run; NULL functions are not called. */
typedef struct mmofl_run_watch {
    void (*round_done)(void *context, const mmofl_round_news *news);
    bool (*stop_asked)(void *context); /* asked after each round */
    void *context;
    mmofl_run_times *times; /* what a seed took is added; NULL: nobody asks */
} mmofl_run_watch;

/** Run seed number i of the experiment in the folder; a seed that is done is left
 * alone.  With ranks all call it, and folder is NULL but on rank 0; the status and the
 * message are the same on all.  Exports metrics.csv, metrics.jsonl, confusion.csv and
 * the model at the end.
 * @retval E_INTERRUPTED  asked to stop: the folder holds every finished round */
MMOFL_CHECKED mmofl_status mmofl_seed_run(const mmofl_setup *setup,
                                          mmofl_run_folder *folder, int i,
                                          const mmofl_run_watch *watch,
                                          mmofl_error *err);

#endif
