/* tensor_coding.h - vectors of numbers as little-endian bytes: exact, or smaller with a
 * known error (docs/wire.md, "Tensors").
 *
 *   F32    4 bytes a number, exact to the bit
 *   U32    4 bytes a number, counts
 *   F16    2 bytes, IEEE binary16, round to nearest, ties to even: relative error at
 *          most 2^-11, absolute 2^-25 below 2^-14
 *   I8     1 byte and a float32 scale s for each 256 numbers: q = round(v / s), s being
 *          the largest |v| of the block over 127: absolute error at most s / 2 (and one
 *          rounding of float32)
 *   top    of any of F32, F16, I8: only the share of the numbers that are largest in
 *          size, with their indexes, 4 bytes each; of equals the first ones.  The
 *          others are zero
 *
 * Lossy codings are for differences between models.  Their error is not lost but kept
 * by the sender and added to the next difference (error feedback: Seide et al. 2014;
 * Karimireddy et al. 2019), so that what was sent over rounds sums to what was to be
 * sent, but for one round's error. */
#ifndef MMOFL_WIRE_TENSOR_CODING_H
#define MMOFL_WIRE_TENSOR_CODING_H

#include "mmofl/status.h"

/** Numbers of the wire: Dtype of mmofl.proto. */
typedef enum mmofl_wire_dtype {
    MMOFL_WIRE_F32,
    MMOFL_WIRE_U32,
    MMOFL_WIRE_F16,
    MMOFL_WIRE_I8
} mmofl_wire_dtype;

#define MMOFL_WIRE_DTYPE_CHOICES "f32|u32|f16|i8"

enum { MMOFL_WIRE_I8_BLOCK = 256 };

/** How to code a vector of floats.  {0}: exact. */
typedef struct mmofl_wire_coding {
    mmofl_wire_dtype dtype; /* F32, F16 or I8 */
    double top;             /* share of the numbers that is kept, in (0, 1); 0: all */
} mmofl_wire_coding;

/** May it be so?  @retval E_TYPE no dtype for floats  @retval E_RANGE top */
MMOFL_CHECKED mmofl_status mmofl_wire_coding_check(mmofl_wire_coding coding);

/** How many of n numbers it keeps: ceil(top n), at least 1 of n > 0. */
size_t mmofl_wire_coding_kept(mmofl_wire_coding coding, size_t n);

/** Bytes of `kept` numbers in Tensor.data; Tensor.index has 4 * kept, or 0 where all
 * are kept. */
size_t mmofl_wire_data_bytes(mmofl_wire_dtype dtype, size_t kept);

/** A vector as bytes; all borrowed. */
typedef struct mmofl_coded {
    mmofl_wire_dtype dtype;
    const uint8_t *data;
    size_t data_bytes;
    const uint8_t *index; /* NULL: dense */
    size_t index_bytes;
} mmofl_coded;

/** Code n floats into data and, with top, index (sizes as above; NULL without).
 * @param[in,out] residual  (n) error feedback: values + residual are coded, and what
 *                          coding lost is the new residual; NULL: it is lost.  Start
 *                          with zeros.  Unchanged by a call that fails
 * @retval E_NONFINITE  NaN or infinity among values (or in sums with the residual)
 * @retval E_RANGE      a number of 65520 or more in F16, of 2^124 or more in I8
 * Cost: O(n), five passes with top; allocates nothing. */
MMOFL_CHECKED mmofl_status mmofl_wire_encode(mmofl_wire_coding coding,
                                             const float *values, size_t n,
                                             float *residual, uint8_t *data,
                                             uint8_t *index);

/** Get n floats back; what a sparse tensor leaves out is 0.
 * @retval E_TYPE       U32
 * @retval E_COUNT      data or index do not have the bytes of n numbers
 * @retval E_RANGE      an index that is n or more or does not rise; a scale below zero
 * or too large; -128 in I8
 * @retval E_NONFINITE  NaN or infinity
 * A failed call leaves anything in values.  Cost: O(n), allocates nothing. */
MMOFL_CHECKED mmofl_status mmofl_wire_decode(const mmofl_coded *coded, size_t n,
                                             float *values);

/** Counts, always dense.  @retval E_TYPE not U32, or sparse  @retval E_COUNT */
void mmofl_wire_encode_counts(const uint32_t *values, size_t n, uint8_t *data);
MMOFL_CHECKED mmofl_status mmofl_wire_decode_counts(const mmofl_coded *coded, size_t n,
                                                    uint32_t *values);

/** binary32 to binary16, ties to even; beyond the range: infinity.  And back, exact. */
uint16_t mmofl_half_from_float(float value);
float mmofl_float_from_half(uint16_t half);

#endif
