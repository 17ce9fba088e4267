/* mean.h - weighted means of vectors, piece by piece: what all averaging rules share.
 *
 * Sums are integers (fixed_sum.h): the mean's bits do not depend on the order of the
 * updates.  A piece that nobody contributes to has no mean and stays as it is. */
#ifndef MMOFL_FED_MEAN_H
#define MMOFL_FED_MEAN_H

#include "fed/fixed_sum.h"
#include "fed/pieces.h"

/** What a device weighs.  To be embedded first in the options of rules that have
 * weights. */
typedef struct mmofl_mean_options {
    int weights; /* mmofl_weights */
} mmofl_mean_options;

typedef enum mmofl_weights {
    MMOFL_WEIGHTS_UNIFORM,
    MMOFL_WEIGHTS_SAMPLES
} mmofl_weights;

/** The row of an option table for mmofl_mean_options at the start of a struct. */
#define MMOFL_MEAN_OPTION                                                              \
    MMOFL_CHOICE_OPTION(mmofl_mean_options, weights, "uniform|samples", "uniform",     \
                        "equal weights, or by the samples a device holds")

typedef struct mmofl_mean {
    mmofl_pieces pieces;
    mmofl_fixed_sum *sum; /* (pieces.n) */
    int weights;
} mmofl_mean;

/** @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_mean_init(mmofl_mean *mean,
                                           const mmofl_aggregation_setup *setup,
                                           int weights);

void mmofl_mean_clear(mmofl_mean *mean);

/** What the device of an update weighs in piece i. */
uint32_t mmofl_mean_weight(const mmofl_mean *mean, int i, const mmofl_update *update);

/** What mmofl_mean_add would say, without adding. */
MMOFL_CHECKED mmofl_status mmofl_mean_check(const mmofl_mean *mean,
                                            const mmofl_update *update, const float *x);

/** Add vector x with the update's weights, all pieces or none.
 * @retval E_NONFINITE, E_RANGE  as mmofl_fixed_sum_add; nothing changed */
MMOFL_CHECKED mmofl_status mmofl_mean_add(mmofl_mean *mean, const mmofl_update *update,
                                          const float *x);

/** Take in what the other ranks have added.  @retval E_RANGE  as fixed_sum.h says */
MMOFL_CHECKED mmofl_status mmofl_mean_merge(mmofl_mean *mean, const mmofl_ranks *ranks);

/** List its sums: one for each piece. */
void mmofl_mean_sums(mmofl_mean *mean, mmofl_sums *sums);

/** Has anybody contributed to piece i? */
static inline bool mmofl_mean_has(const mmofl_mean *mean, int i)
{
    return mean->sum[i].weight > 0;
}

/** Put the mean into x; pieces without one are left as they are. */
void mmofl_mean_take(const mmofl_mean *mean, float *x);

/** The functions of a rule whose state is a mmofl_mean of the devices' models and whose
 * options begin with a mmofl_mean_options. */
void *mmofl_mean_rule_make(const mmofl_aggregation_setup *setup);
void mmofl_mean_rule_begin(void *state, const float *parameters);
mmofl_status mmofl_mean_rule_add(void *state, const mmofl_update *update);
mmofl_status mmofl_mean_rule_merge(void *state, const mmofl_ranks *ranks);
void mmofl_mean_rule_sums(void *state, mmofl_sums *sums);
void mmofl_mean_rule_finish(void *state, float *parameters);

#endif
