/* fixed_sum.h - sums of float vectors whose bits do not depend on the order of the
 * terms.
 *
 * Each x is rounded once to a multiple of 2^-34, times its weight, and added as a
 * 64-bit integer; integer addition is associative, so any order, any number of threads
 * and any way of sharding give the same sum.  Precision: 6e-11 absolute, below half a
 * unit in the last place of every float32 above 1e-3 in size.  Range: sum of weight *
 * max|x| < 2^28. */
#ifndef MMOFL_FED_FIXED_SUM_H
#define MMOFL_FED_FIXED_SUM_H

#include "base/arena.h"
#include "base/ranks.h"

typedef struct mmofl_fixed_sum {
    size_t n;
    int64_t *sum;    /* (n) in units of 2^-34; two more travel with them */
    uint64_t weight; /* of all terms so far */
    int64_t
        bound; /* sum of weight * max|x|, each rounded up to 2^-20, in units of it */
} mmofl_fixed_sum;

/** Zero, n numbers.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_fixed_sum_init(mmofl_fixed_sum *sum, size_t n,
                                                mmofl_arena *arena);

void mmofl_fixed_sum_clear(mmofl_fixed_sum *sum);

/** What mmofl_fixed_sum_add would say, without adding. */
MMOFL_CHECKED mmofl_status mmofl_fixed_sum_check(const mmofl_fixed_sum *sum,
                                                 const float *x, uint32_t weight);

/** sum += weight * x; a weight of 0 checks x and adds nothing.  A refused x changes
 * nothing.
 * @retval E_NONFINITE  x holds NaN or infinity
 * @retval E_RANGE      |x| >= 2^17, or the sum could pass its range
 * Cost: two passes over x, allocates nothing. */
MMOFL_CHECKED mmofl_status mmofl_fixed_sum_add(mmofl_fixed_sum *sum, const float *x,
                                               uint32_t weight);

/** Take in what the other ranks have added to theirs; all get the same sum, or the same
 * refusal.
 * @retval E_RANGE  together they pass the range; the sums are of no use any more */
MMOFL_CHECKED mmofl_status mmofl_fixed_sum_merge(mmofl_fixed_sum *sum,
                                                 const mmofl_ranks *ranks);

/** A sum on its way from one process to another, in the same units; borrowed. */
typedef struct mmofl_sum_part {
    size_t n;
    const int64_t *number;  /* (n) */
    uint64_t weight, bound; /* of its terms */
} mmofl_sum_part;

/** The sum as it is now. */
mmofl_sum_part mmofl_fixed_sum_part(const mmofl_fixed_sum *sum);

/** May a part that somebody else has added up be added?
 * @retval E_SHAPE  of another length
 * @retval E_RANGE  no terms have such a sum, or together they pass the range */
MMOFL_CHECKED mmofl_status mmofl_fixed_sum_check_part(const mmofl_fixed_sum *sum,
                                                      const mmofl_sum_part *part);

/** Add a part that passed the check: as if its terms had been added one by one. */
void mmofl_fixed_sum_add_part(mmofl_fixed_sum *sum, const mmofl_sum_part *part);

/** Element i of the sum. */
double mmofl_fixed_sum_value(const mmofl_fixed_sum *sum, size_t i);

/** mean[i] = sum[i] / weight; weight must be > 0. */
void mmofl_fixed_sum_mean(const mmofl_fixed_sum *sum, float *mean);

#endif
