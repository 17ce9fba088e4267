/* sweep_plan.h - a sweep made runnable: cells resolved, equal ones found, data loaded,
 * and the list of jobs. */
#ifndef MMOFL_RUN_SWEEP_PLAN_H
#define MMOFL_RUN_SWEEP_PLAN_H

#include "config/sweep.h"
#include "run/setup.h"

typedef struct mmofl_planned_cell {
    const char *name; /* the sweep's */
    mmofl_experiment experiment;
    char *config; /* its text, as in config.yaml */
    int same_as;  /* the first cell with that text; itself when it is the first */
    mmofl_dataset *data; /* shared with all cells of equal data settings */
    double cost;         /* of each of its seeds, as mmofl_run_cost says */
} mmofl_planned_cell;

/** One seed of one cell. */
typedef struct mmofl_sweep_job {
    int cell, seed; /* seed: its number in the cell's list */
    double cost;    /* its cell's */
} mmofl_sweep_job;

typedef struct mmofl_sweep_plan {
    const mmofl_sweep *sweep; /* borrowed */
    int n_cells;
    mmofl_planned_cell *cell;
    int n_jobs;           /* of cells that are the first of their kind */
    mmofl_sweep_job *job; /* once loaded the longest first, then by cell and seed */
    int n_data;
    mmofl_dataset **data;
} mmofl_sweep_plan;

/** Resolve and check every cell.  Nothing is loaded or run.
 * @retval those of mmofl_sweep_experiment; err names the first cell that is refused
 * On success the caller owns it: mmofl_sweep_plan_free. */
MMOFL_CHECKED mmofl_status mmofl_sweep_plan_init(mmofl_sweep_plan *plan,
                                                 const mmofl_sweep *sweep,
                                                 mmofl_error *err);

/** Load each data set once, try that every cell can be simulated and that as many as
 * run on `threads` threads fit into memory, and put the jobs in order.  err names the
 * cell that cannot.
 * @retval those of mmofl_data_load and mmofl_simulation_new */
MMOFL_CHECKED mmofl_status mmofl_sweep_plan_load(mmofl_sweep_plan *plan, int threads,
                                                 mmofl_error *err);

/** NULL is allowed. */
void mmofl_sweep_plan_free(mmofl_sweep_plan *plan);

/** cells.csv of the plan.  malloc; the caller frees.  NULL when memory is short. */
char *mmofl_sweep_plan_csv(const mmofl_sweep_plan *plan);

#endif
