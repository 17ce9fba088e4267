/* fourier.h - the power of a real sequence at each frequency.
 *
 *     power[k] = |sum_i x[i] exp(-2 pi i k / n)|^2        k = 0 ... n/2
 *
 * Our own because its bits are the same on every machine (docs/determinism.md): a
 * library's are those of the compiler and processor that it was built for.
 * Memory: the caller's arena, 24 n bytes.  Threads: one owner, who holds the scratch.
 */
#ifndef MMOFL_DATA_FOURIER_H
#define MMOFL_DATA_FOURIER_H

#include "base/arena.h"

typedef struct mmofl_fourier {
    size_t half;           /* n / 2: complex numbers to be transformed */
    double *cosine, *sine; /* (half) of k / n turns */
    double *re[2], *im[2]; /* (half) before and after a pass */
} mmofl_fourier;

/** Make ready for sequences of n values, n a power of two >= 4.
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_fourier_init(mmofl_fourier *f, size_t n,
                                              mmofl_arena *arena);

/** x: n values; power: n/2 + 1 values, which do not overlap x.
 * Cost: about n log2 n multiply-adds. */
void mmofl_fourier_power(mmofl_fourier *f, const double *x, double *power);

#endif
