/* fixed_sum.c - rounding by a magic number keeps the loop free of scalar conversions:
 * for |v| < 2^51, v + 1.5*2^52 holds round(v) in its low bits. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "fed/fixed_sum.h"

static const double unit = 0x1p34, magic = 0x1.8p52, largest_term = 0x1p17,
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

/* The largest |x| as bits: as integers, absolute values sort as they do as floats, with
 * infinity and NaN on top. */
MMOFL_CLONED static int32_t largest_bits(const float *x, size_t n)
{
    int32_t top = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= 0x7fffffff;
        top = bits > top ? bits : top;
    }
    return top;
}

/* May weight * x be added?  Its size goes to *size.  Sizes are whole numbers, so that
 * the answer to all terms together does not depend on their order either. */
static mmofl_status check(const mmofl_fixed_sum *sum, const float *x, uint32_t weight,
                          int64_t *size)
{
    int32_t bits = largest_bits(x, sum->n);
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

/* x in units, rounded, plus the bits of the magic number. */
static inline int64_t shifted_bits(float x)
{
    double shifted = (double)x * unit + magic;
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return bits;
}

/* sum += weight * x.  Few processors multiply vectors of 64-bit integers, and most
 * weights are 1: those are left out. */
MMOFL_CLONED static void add(int64_t *restrict sum, const float *restrict x, size_t n,
                             uint32_t weight)
{
    int64_t magic_bits;
    memcpy(&magic_bits, &magic, sizeof magic_bits);
    if (weight == 1) {
        for (size_t i = 0; i < n; i++)
            sum[i] += shifted_bits(x[i]) - magic_bits;
        return;
    }
    for (size_t i = 0; i < n; i++)
        sum[i] += (shifted_bits(x[i]) - magic_bits) * weight;
}

mmofl_status mmofl_fixed_sum_add(mmofl_fixed_sum *sum, const float *x, uint32_t weight)
{
    int64_t size;
    mmofl_status st = check(sum, x, weight, &size);
    if (st)
        return st;
    add(sum->sum, x, sum->n, weight);
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

double mmofl_fixed_sum_value(const mmofl_fixed_sum *sum, size_t i)
{
    return (double)sum->sum[i] / unit;
}

void mmofl_fixed_sum_mean(const mmofl_fixed_sum *sum, float *mean)
{
    assert(sum->weight > 0);
    double scale = unit * (double)sum->weight;
    for (size_t i = 0; i < sum->n; i++)
        mean[i] = (float)((double)sum->sum[i] / scale);
}
