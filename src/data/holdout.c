/* holdout.c - one pass over the samples, owner by owner; each sample is taken with the
 * probability wanted / left of its owner (selection sampling: Knuth, TAOCP 2, 3.4.2,
 * algorithm S), which gives every owner exactly his share.
 *
 * Random numbers belong to the sample's number, so one owner's draw does not depend on
 * how the owners' samples are mixed. */
#include <stdlib.h>

#include "base/rng.h"
#include "data/holdout.h"

/* An owner: samples not looked at yet, and how many of them are still to be taken. */
typedef struct quota {
    int32_t owner;
    size_t left, wanted;
} quota;

static int compare_owners(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int compare_quotas(const void *a, const void *b)
{
    return compare_owners(&((const quota *)a)->owner, &((const quota *)b)->owner);
}

static quota *find(quota *quotas, size_t n, int32_t owner)
{
    quota key = {.owner = owner};
    return bsearch(&key, quotas, n, sizeof *quotas, compare_quotas);
}

/* The owners, ascending, each with his share; returns how many there are. */
static size_t list_owners(const mmofl_dataset *set, double share, int32_t *sorted,
                          quota *quotas, size_t *total)
{
    size_t owners = 0;
    for (size_t i = 0; i < set->n_train; i++)
        sorted[i] = set->owner[i];
    qsort(sorted, set->n_train, sizeof *sorted, compare_owners);
    for (size_t i = 0; i < set->n_train; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1])
            quotas[owners++] = (quota){.owner = sorted[i]};
        quotas[owners - 1].left++;
    }
    *total = 0;
    for (size_t o = 0; o < owners; o++) {
        /* 0.29 of 100 is 29, though the product is a hair below. */
        quotas[o].wanted = (size_t)(share * (double)quotas[o].left + 1e-9);
        *total += quotas[o].wanted;
    }
    return owners;
}

static void select_samples(const mmofl_dataset *set, uint64_t seed, quota *quotas,
                           size_t owners, uint32_t *sample)
{
    for (size_t i = 0; i < set->n_train; i++) {
        quota *q = find(quotas, owners, set->owner[i]);
        mmofl_rng rng = mmofl_rng_open(seed, MMOFL_NO_DEVICE, i, MMOFL_USE_VALIDATION);
        if (mmofl_rng_below(&rng, q->left--) < q->wanted) {
            *sample++ = (uint32_t)i;
            q->wanted--;
        }
    }
}

/* Draw with scratch: n numbers, n quotas. */
static mmofl_status draw(const mmofl_dataset *set, double share, uint64_t seed,
                         mmofl_arena *scratch, mmofl_arena *arena, mmofl_holdout *out,
                         mmofl_error *err)
{
    size_t n = set->n_train, total;
    int32_t *sorted = MMOFL_ARENA_NEW(scratch, n, int32_t);
    quota *quotas = MMOFL_ARENA_NEW(scratch, n, quota);
    if (!sorted || !quotas)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to hold out samples");
    size_t owners = list_owners(set, share, sorted, quotas, &total);
    if (total == 0)
        return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                          "a validation part of %g of each owner's samples is empty: "
                          "%zu training samples of %zu owners; wanted a larger share",
                          share, n, owners);
    arena->allocations = scratch->allocations;
    uint32_t *sample = MMOFL_ARENA_NEW(arena, total, uint32_t);
    if (!sample)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to hold out %zu samples",
                          total);
    select_samples(set, seed, quotas, owners, sample);
    *out = (mmofl_holdout){total, sample};
    return MMOFL_OK;
}

mmofl_status mmofl_holdout_make(const mmofl_dataset *set, double share, uint64_t seed,
                                mmofl_arena *arena, mmofl_holdout *out,
                                mmofl_error *err)
{
    if (share == 0) {
        *out = (mmofl_holdout){0};
        return MMOFL_OK;
    }
    mmofl_arena scratch = {.fail_after = arena->fail_after,
                           .allocations = arena->allocations};
    mmofl_status st = draw(set, share, seed, &scratch, arena, out, err);
    mmofl_arena_free(&scratch);
    return st;
}
