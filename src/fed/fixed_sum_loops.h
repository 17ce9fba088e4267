/* fixed_sum_loops.h - fixed_sum.h's loops over parameters, for each instruction set. */
#ifndef MMOFL_FED_FIXED_SUM_LOOPS_H
#define MMOFL_FED_FIXED_SUM_LOOPS_H

#include "base/clones.h"
#include "fed/fixed_sum.h"

#define MMOFL_FIXED_SUM_UNIT 0x1p34 /* of the integers in 1 */

/** The largest |x| as bits: as integers, absolute values sort as they do as floats,
 * with infinity and NaN on top. */
MMOFL_CLONES(int32_t, mmofl_fixed_sum_largest, (const float *x, size_t n));

/** sum[i] += weight * x[i], in units and rounded; |x[i]| < 2^17. */
MMOFL_CLONES(void, mmofl_fixed_sum_terms,
             (int64_t *restrict sum, const float *restrict x, size_t n,
              uint32_t weight));

/** mean[i] = sum[i] / units; units: of the integers in the whole of all weights. */
MMOFL_CLONES(void, mmofl_fixed_sum_quotients,
             (float *restrict mean, const int64_t *restrict sum, size_t n,
              double units));

#endif
