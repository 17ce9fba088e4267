/* fixed_sum.c - what may be added, and what the sum says; the adding itself is in
 * fixed_sum_loops.c. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "fed/fixed_sum_loops.h"

static const double unit = MMOFL_FIXED_SUM_UNIT, largest_term = 0x1p17,
                    largest_sum = 0x1p28, bound_unit = 0x1p20;
static const int64_t largest_bound = INT64_C(1) << 48; /* largest_sum */

mmofl_status mmofl_fixed_sum_init(mmofl_fixed_sum *sum, size_t n, mmofl_arena *arena)
{
    int64_t *numbers = MMOFL_ARENA_NEW(arena, n + 2, int64_t);
    if (!numbers)
        return MMOFL_E_MEMORY;
    *sum = (mmofl_fixed_sum){.n = n, .sum = numbers};
    return MMOFL_OK;
}

void mmofl_fixed_sum_clear(mmofl_fixed_sum *sum)
{
    memset(sum->sum, 0, sum->n * sizeof *sum->sum);
    sum->weight = 0;
    sum->bound = 0;
}

/* May weight * x be added?  Its size goes to *size.  Sizes are whole numbers, so that
 * the answer to all terms together does not depend on their order either. */
static mmofl_status check(const mmofl_fixed_sum *sum, const float *x, uint32_t weight,
                          int64_t *size)
{
    int32_t bits = MMOFL_BEST(mmofl_fixed_sum_largest)(x, sum->n);
    if (bits >= 0x7f800000)
        return MMOFL_E_NONFINITE;
    float top;
    memcpy(&top, &bits, sizeof top);
    double exact = (double)weight * (double)top;
    if ((double)top >= largest_term || exact >= largest_sum)
        return MMOFL_E_RANGE;
    *size = (int64_t)ceil(exact * bound_unit);
    return sum->bound + *size >= largest_bound ? MMOFL_E_RANGE : MMOFL_OK;
}

mmofl_status mmofl_fixed_sum_check(const mmofl_fixed_sum *sum, const float *x,
                                   uint32_t weight)
{
    int64_t size;
    return check(sum, x, weight, &size);
}

mmofl_status mmofl_fixed_sum_add(mmofl_fixed_sum *sum, const float *x, uint32_t weight)
{
    int64_t size;
    mmofl_status st = check(sum, x, weight, &size);
    if (st)
        return st;
    MMOFL_BEST(mmofl_fixed_sum_terms)(sum->sum, x, sum->n, weight);
    sum->weight += weight;
    sum->bound += size;
    return MMOFL_OK;
}

/* Weight and bound go along, so that ranks meet once: a sum that was too large has
 * wrapped around, its bound has not. */
mmofl_status mmofl_fixed_sum_merge(mmofl_fixed_sum *sum, const mmofl_ranks *ranks)
{
    int64_t *weight = &sum->sum[sum->n], *bound = weight + 1;
    *weight = (int64_t)sum->weight;
    *bound = sum->bound;
    mmofl_ranks_sum(ranks, sum->sum, sum->n + 2);
    sum->weight = (uint64_t)*weight;
    sum->bound = *bound;
    return sum->bound >= largest_bound ? MMOFL_E_RANGE : MMOFL_OK;
}

/* ---- parts ---- */

mmofl_sum_part mmofl_fixed_sum_part(const mmofl_fixed_sum *sum)
{
    return (mmofl_sum_part){sum->n, sum->sum, sum->weight, (uint64_t)sum->bound};
}

/* A term w x was rounded to w round(x / unit), so it is within w max|x| / unit + w/2,
 * and the bound is no less than w max|x|.  What passes here stays below 2^62 + 2^51, so
 * that parts never wrap around. */
mmofl_status mmofl_fixed_sum_check_part(const mmofl_fixed_sum *sum,
                                        const mmofl_sum_part *part)
{
    static const uint64_t largest_weight = UINT64_C(1) << 52;
    if (part->n != sum->n)
        return MMOFL_E_SHAPE;
    if (part->bound >= (uint64_t)(largest_bound - sum->bound) ||
        part->weight >= largest_weight || sum->weight >= largest_weight)
        return MMOFL_E_RANGE;
    int64_t most = (int64_t)part->bound * (int64_t)(unit / bound_unit) +
                   (int64_t)(part->weight / 2);
    bool is_within = true;
    for (size_t i = 0; i < part->n; i++)
        is_within &= part->number[i] <= most && part->number[i] >= -most;
    return is_within ? MMOFL_OK : MMOFL_E_RANGE;
}

void mmofl_fixed_sum_add_part(mmofl_fixed_sum *sum, const mmofl_sum_part *part)
{
    for (size_t i = 0; i < sum->n; i++)
        sum->sum[i] += part->number[i];
    sum->weight += part->weight;
    sum->bound += (int64_t)part->bound;
}

double mmofl_fixed_sum_value(const mmofl_fixed_sum *sum, size_t i)
{
    return (double)sum->sum[i] / unit;
}

void mmofl_fixed_sum_mean(const mmofl_fixed_sum *sum, float *mean)
{
    assert(sum->weight > 0);
    MMOFL_BEST(mmofl_fixed_sum_quotients)
    (mean, sum->sum, sum->n, unit * (double)sum->weight);
}
