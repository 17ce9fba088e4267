/* noise.h - standard normal numbers by the hundred, for noise on whole samples.
 *
 * rng.h's normal is exact to double precision and costs some 50 ns a number; a sensor
 * window wants hundreds of them each time it is looked at.  Here they come in single
 * precision, 64 at a time, at 1.5 to 4.5 ns each (docs/performance.md).  Only + - * /
 * and the square root are used, so every compiler and machine gives the same bits.
 * Generator: Philox4x32-10 (Salmon et al., SC 2011); normals by Box and Muller (1958).
 * Tails reach 6.6 standard deviations. */
#ifndef MMOFL_BASE_NOISE_H
#define MMOFL_BASE_NOISE_H

#include "base/rng.h"

enum { MMOFL_NOISE_LANES = 64 }; /* numbers made at a time */

typedef struct mmofl_noise {
    uint32_t key[2];
    uint32_t counter[4]; /* of the next block of four words */
} mmofl_noise;

/** A stream of noise named by the next two words of rng: streams that differ in
 * anything that names an rng are independent. */
mmofl_noise mmofl_noise_open(mmofl_rng *rng);

/** The next n numbers.  What is left of the last 64 is dropped, so two calls give the
 * numbers of one only where the first asks for a multiple of MMOFL_NOISE_LANES. */
void mmofl_noise_fill(mmofl_noise *noise, float *out, size_t n);

/** x[i] += scale * number i of the next n; drops as mmofl_noise_fill does. */
void mmofl_noise_add(mmofl_noise *noise, float scale, float *x, size_t n);

#endif
