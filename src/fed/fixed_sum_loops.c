/* fixed_sum_loops.c - rounding by a magic number keeps the loop free of scalar
 * conversions: for |v| < 2^51, v + 1.5*2^52 holds round(v) in its low bits. */
#include <string.h>

#include "fed/fixed_sum_loops.h"

static const double unit = MMOFL_FIXED_SUM_UNIT, magic = 0x1.8p52;

int32_t MMOFL_CLONE(mmofl_fixed_sum_largest)(const float *x, size_t n)
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

/* x in units, rounded, plus the bits of the magic number. */
static inline int64_t shifted_bits(float x)
{
    double shifted = (double)x * unit + magic;
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return bits;
}

/* Few processors multiply vectors of 64-bit integers, and most weights are 1: those are
 * left out. */
void MMOFL_CLONE(mmofl_fixed_sum_terms)(int64_t *restrict sum, const float *restrict x,
                                        size_t n, uint32_t weight)
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

void MMOFL_CLONE(mmofl_fixed_sum_quotients)(float *restrict mean,
                                            const int64_t *restrict sum, size_t n,
                                            double units)
{
    for (size_t i = 0; i < n; i++)
        mean[i] = (float)((double)sum[i] / units);
}
