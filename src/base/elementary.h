/* elementary.h - logarithm and exponential that every C library agrees on.
 *
 * libm's differ in their last bits between libraries, their versions, and the
 * processors that one version chooses between.  What a run computes must not
 * (docs/determinism.md); these use + - * /, floor and exact scaling by powers of two.
 * Sine and cosine are in turns.h; single precision in loops is
 * src/nn/kernels/vector_math.h. */
#ifndef MMOFL_BASE_ELEMENTARY_H
#define MMOFL_BASE_ELEMENTARY_H

/** ln x for finite x > 0, within 1e-15 of it or of the truth times 1e-15; about 20 ns.
 */
double mmofl_ln(double x);

/** e^x for |x| <= 700, within 1e-13 of its size; about 20 ns. */
double mmofl_exp(double x);

#endif
