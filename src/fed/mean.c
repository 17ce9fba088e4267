/* mean.c - one integer sum for each piece. */
#include "fed/mean.h"

mmofl_status mmofl_mean_init(mmofl_mean *mean, const mmofl_aggregation_setup *setup,
                             int weights)
{
    mmofl_mean made = {.weights = weights};
    mmofl_status st = mmofl_pieces_init(&made.pieces, setup);
    if (st)
        return st;
    made.sum = MMOFL_ARENA_NEW(setup->arena, (size_t)made.pieces.n, mmofl_fixed_sum);
    if (!made.sum)
        return MMOFL_E_MEMORY;
    for (int i = 0; !st && i < made.pieces.n; i++)
        st = mmofl_fixed_sum_init(&made.sum[i], made.pieces.piece[i].n, setup->arena);
    if (!st)
        *mean = made;
    return st;
}

void mmofl_mean_clear(mmofl_mean *mean)
{
    for (int i = 0; i < mean->pieces.n; i++)
        mmofl_fixed_sum_clear(&mean->sum[i]);
}

uint32_t mmofl_mean_weight(const mmofl_mean *mean, int i, const mmofl_update *update)
{
    uint32_t whole = mean->weights == MMOFL_WEIGHTS_SAMPLES ? update->samples : 1;
    return mmofl_piece_weight(&mean->pieces.piece[i], update, whole);
}

mmofl_status mmofl_mean_check(const mmofl_mean *mean, const mmofl_update *update,
                              const float *x)
{
    mmofl_status st = MMOFL_OK;
    for (int i = 0; !st && i < mean->pieces.n; i++)
        st = mmofl_fixed_sum_check(&mean->sum[i], x + mean->pieces.piece[i].first,
                                   mmofl_mean_weight(mean, i, update));
    return st;
}

/* All pieces are checked before the first one changes; one alone is checked by its sum.
 */
mmofl_status mmofl_mean_add(mmofl_mean *mean, const mmofl_update *update,
                            const float *x)
{
    mmofl_status st = mean->pieces.n > 1 ? mmofl_mean_check(mean, update, x) : MMOFL_OK;
    for (int i = 0; !st && i < mean->pieces.n; i++)
        st = mmofl_fixed_sum_add(&mean->sum[i], x + mean->pieces.piece[i].first,
                                 mmofl_mean_weight(mean, i, update));
    return st;
}

/* All pieces meet, whatever became of those before. */
mmofl_status mmofl_mean_merge(mmofl_mean *mean, const mmofl_ranks *ranks)
{
    mmofl_status st = MMOFL_OK;
    for (int i = 0; i < mean->pieces.n; i++) {
        mmofl_status piece = mmofl_fixed_sum_merge(&mean->sum[i], ranks);
        st = st ? st : piece;
    }
    return st;
}

void mmofl_mean_sums(mmofl_mean *mean, mmofl_sums *sums)
{
    for (int i = 0; i < mean->pieces.n; i++)
        mmofl_sums_list(sums, &mean->sum[i]);
}

void mmofl_mean_take(const mmofl_mean *mean, float *x)
{
    for (int i = 0; i < mean->pieces.n; i++)
        if (mmofl_mean_has(mean, i))
            mmofl_fixed_sum_mean(&mean->sum[i], x + mean->pieces.piece[i].first);
}

/* ---------------------------------------------------------------- a rule of its own */

void *mmofl_mean_rule_make(const mmofl_aggregation_setup *setup)
{
    const mmofl_mean_options *options = setup->options;
    mmofl_mean *mean = MMOFL_ARENA_NEW(setup->arena, 1, mmofl_mean);
    return mean && !mmofl_mean_init(mean, setup, options->weights) ? mean : NULL;
}

void mmofl_mean_rule_begin(void *state, const float *parameters)
{
    (void)parameters;
    mmofl_mean_clear(state);
}

mmofl_status mmofl_mean_rule_add(void *state, const mmofl_update *update)
{
    return mmofl_mean_add(state, update, update->parameters);
}

mmofl_status mmofl_mean_rule_merge(void *state, const mmofl_ranks *ranks)
{
    return mmofl_mean_merge(state, ranks);
}

void mmofl_mean_rule_sums(void *state, mmofl_sums *sums)
{
    mmofl_mean_sums(state, sums);
}

void mmofl_mean_rule_finish(void *state, float *parameters)
{
    mmofl_mean_take(state, parameters);
}
