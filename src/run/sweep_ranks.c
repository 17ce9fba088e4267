/* sweep_ranks.c - dealing out cells, bringing results together. */
#include <stdlib.h>

#include "run/sweep_ranks.h"

/* ---------------------------------------------------------------- dealing out */

static int least_loaded(const double *load, int n)
{
    int least = 0;
    for (int r = 1; r < n; r++)
        if (load[r] < load[least])
            least = r;
    return least;
}

/* Jobs come longest first and all jobs of a cell are equally long, so the order of
 * their first ones is that of the cells by their longest job.  A cell's whole work
 * counts. */
mmofl_status mmofl_sweep_deal(const mmofl_sweep_plan *plan, const mmofl_ranks *ranks,
                              int *rank_of)
{
    double *load = calloc((size_t)ranks->size, sizeof *load);
    if (!load)
        return MMOFL_E_MEMORY;
    for (int i = 0; i < plan->n_cells; i++)
        rank_of[i] = -1;
    for (int j = 0; j < plan->n_jobs; j++) {
        const mmofl_sweep_job *job = &plan->job[j];
        if (rank_of[job->cell] < 0)
            rank_of[job->cell] = least_loaded(load, ranks->size);
        load[rank_of[job->cell]] += job->cost;
    }
    for (int i = 0; i < plan->n_cells; i++)
        rank_of[i] = rank_of[plan->cell[i].same_as];
    free(load);
    return MMOFL_OK;
}

/* ---------------------------------------------------------------- bringing together */

/* A cell's result goes from the rank that has run it to the others. */
static mmofl_status share_result(const mmofl_ranks *ranks, int from,
                                 mmofl_cell_result *result)
{
    int n = result->seed ? result->n : 0;
    mmofl_ranks_broadcast(ranks, from, &n, sizeof n);
    if (n == 0)
        return MMOFL_OK;
    if (!result->seed)
        *result = (mmofl_cell_result){calloc((size_t)n, sizeof *result->seed), n};
    mmofl_status st = result->seed ? MMOFL_OK : MMOFL_E_MEMORY;
    st = mmofl_ranks_agree(ranks, st, NULL);
    if (!st)
        mmofl_ranks_broadcast(ranks, from, result->seed,
                              (size_t)n * sizeof *result->seed);
    return st;
}

/* Counts are added; of the failures the lowest job's is the one to tell. */
static void share_tally(const mmofl_ranks *ranks, mmofl_sweep_tally *tally)
{
    int64_t count[] = {tally->jobs, tally->done, tally->failed, tally->stopped};
    mmofl_ranks_sum(ranks, count, sizeof count / sizeof *count);
    mmofl_sweep_tally all = *tally;
    for (int r = 0; r < ranks->size && count[2] > 0; r++) {
        mmofl_sweep_tally other = *tally;
        mmofl_ranks_broadcast(ranks, r, &other, sizeof other);
        if (other.first_failed >= 0 &&
            (all.first_failed < 0 || other.first_failed < all.first_failed))
            all = other;
    }
    all.jobs = count[0];
    all.done = count[1];
    all.failed = count[2];
    all.stopped = count[3] > 0;
    *tally = all;
}

mmofl_status mmofl_sweep_bring_together(const mmofl_sweep_plan *plan,
                                        const mmofl_ranks *ranks, const int *rank_of,
                                        mmofl_cell_result *result,
                                        mmofl_sweep_tally *tally)
{
    mmofl_status st = MMOFL_OK;
    for (int i = 0; i < plan->n_cells && !st; i++)
        if (plan->cell[i].same_as == i)
            st = share_result(ranks, rank_of[i], &result[i]);
    share_tally(ranks, tally);
    return st;
}
