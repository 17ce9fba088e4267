/* global_prototypes.c - from the devices' sums to persistent means. */
#include <assert.h>
#include <string.h>

#include "fed/global_prototypes.h"

static size_t pairs(const mmofl_model *model)
{
    return (size_t)model->n_encoders * (size_t)model->classes;
}

static size_t values(const mmofl_model *model)
{
    return (size_t)model->classes * model->features;
}

mmofl_status mmofl_global_prototypes_init(mmofl_global_prototypes *p,
                                          const mmofl_model *model,
                                          const mmofl_prototype_options *options,
                                          mmofl_arena *arena)
{
    mmofl_global_prototypes made = {
        .model = model,
        .options = *options,
        .mean = MMOFL_ARENA_NEW(arena, values(model), float),
        .seen = MMOFL_ARENA_NEW(arena, pairs(model), uint32_t),
        .count = MMOFL_ARENA_NEW(arena, pairs(model), uint64_t),
        .term = MMOFL_ARENA_NEW(arena, values(model), float)};
    if (!made.mean || !made.seen || !made.count || !made.term ||
        mmofl_fixed_sum_init(&made.sum, values(model), arena))
        return MMOFL_E_MEMORY;
    *p = made;
    return MMOFL_OK;
}

mmofl_prototypes mmofl_global_prototypes_view(const mmofl_global_prototypes *p)
{
    return (mmofl_prototypes){p->mean, p->seen};
}

void mmofl_global_prototypes_begin(mmofl_global_prototypes *p)
{
    mmofl_fixed_sum_clear(&p->sum);
    memset(p->count, 0, pairs(p->model) * sizeof *p->count);
}

/* The device's means in p->term; pairs that it did not see stay zero. */
static void take_means(mmofl_global_prototypes *p, const mmofl_prototype_sums *sums)
{
    const mmofl_model *model = p->model;
    for (int e = 0; e < model->n_encoders; e++)
        for (int c = 0; c < model->classes; c++) {
            uint32_t n = sums->count[e * model->classes + c];
            size_t at = (size_t)c * model->features + model->encoder[e].at;
            for (size_t k = at; k < at + model->encoder[e].features; k++)
                p->term[k] = n ? sums->sum[k] / (float)n : 0;
        }
}

mmofl_status mmofl_global_prototypes_check(const mmofl_global_prototypes *p,
                                           const mmofl_prototype_sums *sums)
{
    return mmofl_fixed_sum_check(&p->sum, sums->sum, 1);
}

void mmofl_global_prototypes_add(mmofl_global_prototypes *p,
                                 const mmofl_prototype_sums *sums)
{
    bool by_devices = p->options.temporal == MMOFL_TEMPORAL_DEVICES;
    if (by_devices)
        take_means(p, sums);
    /* Means are no larger than sums, so what passed the check passes here. */
    mmofl_status st = mmofl_fixed_sum_add(&p->sum, by_devices ? p->term : sums->sum, 1);
    assert(st == MMOFL_OK);
    (void)st;
    for (size_t i = 0; i < pairs(p->model); i++)
        p->count[i] += by_devices ? sums->count[i] > 0 : sums->count[i];
}

mmofl_status mmofl_global_prototypes_merge(mmofl_global_prototypes *p,
                                           const mmofl_ranks *ranks)
{
    mmofl_ranks_sum_counts(ranks, p->count, pairs(p->model));
    return mmofl_fixed_sum_merge(&p->sum, ranks);
}

void mmofl_global_prototypes_sums(mmofl_global_prototypes *p, mmofl_sums *sums)
{
    mmofl_sums_list(sums, &p->sum);
    mmofl_sums_list_counts(sums, pairs(p->model), p->count);
}

/* One pair that was observed this round: its values start at `at`. */
static void take_over(mmofl_global_prototypes *p, size_t pair, size_t at, size_t n)
{
    p->seen[pair]++;
    double rate = 1;
    if (p->seen[pair] > 1)
        rate = p->options.persistent == MMOFL_PERSISTENT_MEAN ? 1.0 / p->seen[pair]
                                                              : 1 - p->options.rho;
    for (size_t k = at; k < at + n; k++) {
        double now = mmofl_fixed_sum_value(&p->sum, k) / (double)p->count[pair];
        p->mean[k] = (float)((double)p->mean[k] + rate * (now - (double)p->mean[k]));
    }
}

void mmofl_global_prototypes_finish(mmofl_global_prototypes *p)
{
    const mmofl_model *model = p->model;
    for (int e = 0; e < model->n_encoders; e++)
        for (int c = 0; c < model->classes; c++) {
            size_t pair = (size_t)e * (size_t)model->classes + (size_t)c;
            if (p->count[pair] > 0)
                take_over(p, pair, (size_t)c * model->features + model->encoder[e].at,
                          model->encoder[e].features);
        }
}
