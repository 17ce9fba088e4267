/* sweep_ranks.h - a sweep on several ranks: cells need nothing of each other, so each
 * rank runs some of them, and only the results come together.
 *
 * All seeds of a cell are run by one rank, because they share a store. */
#ifndef MMOFL_RUN_SWEEP_RANKS_H
#define MMOFL_RUN_SWEEP_RANKS_H

#include "run/sweep.h"

/** How one rank's part of a sweep came out. */
typedef struct mmofl_sweep_tally {
    int64_t jobs, done, failed; /* jobs of its cells */
    int64_t stopped;            /* 1: not all were tried */
    int first_failed;           /* the lowest number of a job that failed; -1: none */
    mmofl_error error;          /* of that job */
} mmofl_sweep_tally;

/** Deal out the cells: those of the longest work first, each to the rank that has least
 * so far.  Equal cells go with the first of them.
 * @param[out] rank_of  (plan->n_cells)
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_sweep_deal(const mmofl_sweep_plan *plan,
                                            const mmofl_ranks *ranks, int *rank_of);

/** Have the results of all ranks' cells, and the tally of the whole sweep, everywhere.
 * @param[in,out] result  (plan->n_cells), filled in for the cells that this rank has
 * @retval E_MEMORY  the same on all ranks; some results may be missing */
MMOFL_CHECKED mmofl_status mmofl_sweep_bring_together(const mmofl_sweep_plan *plan,
                                                      const mmofl_ranks *ranks,
                                                      const int *rank_of,
                                                      mmofl_cell_result *result,
                                                      mmofl_sweep_tally *tally);

#endif
