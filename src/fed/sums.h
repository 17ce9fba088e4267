/* sums.h - a list of all that is added up in a round, so that it can go to another
 * process: integers all, whose sum does not depend on who added what first. */
#ifndef MMOFL_FED_SUMS_H
#define MMOFL_FED_SUMS_H

#include <assert.h>

#include "fed/fixed_sum.h"
#include "nn/model.h"

/* Two for each piece of a model, one for the prototypes. */
enum { MMOFL_SUMS_MOST = 2 * (MMOFL_MAX_MODALITIES + 1) + 1, MMOFL_COUNTS_MOST = 4 };

typedef struct mmofl_counts {
    size_t n;
    uint64_t *count; /* (n) */
} mmofl_counts;

/** Borrowed; always in the same order. */
typedef struct mmofl_sums {
    int n_sums, n_counts;
    mmofl_fixed_sum *sum[MMOFL_SUMS_MOST];
    mmofl_counts counts[MMOFL_COUNTS_MOST];
} mmofl_sums;

static inline void mmofl_sums_list(mmofl_sums *sums, mmofl_fixed_sum *sum)
{
    assert(sums->n_sums < MMOFL_SUMS_MOST);
    sums->sum[sums->n_sums++] = sum;
}

static inline void mmofl_sums_list_counts(mmofl_sums *sums, size_t n, uint64_t *count)
{
    assert(sums->n_counts < MMOFL_COUNTS_MOST);
    sums->counts[sums->n_counts++] = (mmofl_counts){n, count};
}

#endif
