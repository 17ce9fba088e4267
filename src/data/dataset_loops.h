/* dataset_loops.h - what is done to the values of a sample, for each instruction set.
 */
#ifndef MMOFL_DATA_DATASET_LOOPS_H
#define MMOFL_DATA_DATASET_LOOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clones.h"

/** out[i] = x[i] * scale[i] + shift[i], rounded twice; out may be x. */
MMOFL_CLONES(void, mmofl_dataset_affine,
             (size_t n, const float *x, const float *scale, const float *shift,
              float *out));

/** out[i] = whole[i], exactly (ids are below 2^24). */
MMOFL_CLONES(void, mmofl_dataset_from_u8,
             (size_t n, const uint8_t *restrict whole, float *restrict out));
MMOFL_CLONES(void, mmofl_dataset_from_i16,
             (size_t n, const int16_t *restrict whole, float *restrict out));
MMOFL_CLONES(void, mmofl_dataset_from_i32,
             (size_t n, const int32_t *restrict whole, float *restrict out));

/** Is each of n values a whole number from low to high, and none of them -0.0?  low and
 * high are whole and fit int32_t. */
MMOFL_CLONES(bool, mmofl_dataset_is_whole,
             (size_t n, const float *x, float low, float high));

/** Is none of n values NaN or infinite?  Runs over whole files. */
MMOFL_CLONES(bool, mmofl_dataset_is_finite, (size_t n, const float *x));

#endif
