/* sweep.h - all jobs of a sweep on all threads, kept so that they can be interrupted.
 *
 * A job is one seed of one cell, simulated on one thread, so that threads need not wait
 * for each other; when there are no more jobs than threads, the last ones get several
 * (schedule.h).  Their bytes do not depend on it.  Every finished round is in its
 * cell's run folder; running the sweep again goes on where it was. */
#ifndef MMOFL_RUN_SWEEP_H
#define MMOFL_RUN_SWEEP_H

#include "run/summary.h"
#include "run/sweep_plan.h"
#include "store/sweep_folder.h"

/** How far a sweep is; rounds are those of all jobs. */
typedef struct mmofl_sweep_news {
    int jobs_done, jobs;
    uint64_t rounds_done, rounds_found, rounds; /* found: done before this process */
} mmofl_sweep_news;

/** Who watches; NULL functions are not called.  One thread calls at a time. */
typedef struct mmofl_sweep_watch {
    void (*progress)(void *context, const mmofl_sweep_news *news);
    bool (*stop_asked)(void *context); /* asked after each round; from any thread */
    void *context;
} mmofl_sweep_watch;

/** Results of a cell's seeds, in the order of its list. */
typedef struct mmofl_cell_result {
    mmofl_seed_summary *seed; /* NULL when a seed is not done */
    int n;
} mmofl_cell_result;

/** Run what is not done yet, on `threads` threads (0 = one per core) of each rank, and
 * write each cell's summary.json when its seeds are done.  With ranks all call it with
 * the same plan and see the same folder; each runs some of the cells (sweep_ranks.h),
 * watches these, and gets the outcome and the results of all.  A job that fails (it
 * diverged, say) does not stop the others; a full disk, a failing one and an
 * interruption stop all.
 * @param[out] result  one for each cell of the plan, equal cells having equal ones; on
 *                     failure, too.  The caller frees it: mmofl_sweep_results_free
 * @retval MMOFL_E_INTERRUPTED  asked to stop: every finished round is kept
 * @retval others               of the first job, by its number, that failed; err names
 *                              cell and seed and how many others failed */
MMOFL_CHECKED mmofl_status mmofl_sweep_run(const mmofl_sweep_plan *plan,
                                           const mmofl_sweep_folder *folder,
                                           const mmofl_ranks *ranks, int threads,
                                           const mmofl_sweep_watch *watch,
                                           mmofl_cell_result **result,
                                           mmofl_error *err);

/** NULL is allowed. */
void mmofl_sweep_results_free(const mmofl_sweep_plan *plan, mmofl_cell_result *result);

/** Everything as JSON: {"name", "cells": [{"cell", "folder", "settings", and what
 * summary.json of a run holds}]}; cells that are not done lack runs.
 * malloc; NULL when memory is short. */
char *mmofl_sweep_json(const mmofl_sweep_plan *plan, const mmofl_cell_result *result);

#endif
