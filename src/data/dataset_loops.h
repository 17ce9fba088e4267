/* dataset_loops.h - what is done to the values of a sample, for each instruction set.
 */
#ifndef MMOFL_DATA_DATASET_LOOPS_H
#define MMOFL_DATA_DATASET_LOOPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clones.h"

/** out[i] = x[i] * scale[i] + shift[i], rounded twice. */
MMOFL_CLONES(void, mmofl_dataset_affine,
             (size_t n, const float *restrict x, const float *restrict scale,
              const float *restrict shift, float *restrict out));

/** Is none of n values NaN or infinite?  Runs over whole files. */
MMOFL_CLONES(bool, mmofl_dataset_is_finite, (size_t n, const float *x));

#endif
