/* noise_loops.h - noise.h's work, once for each instruction set. */
#ifndef MMOFL_BASE_NOISE_LOOPS_H
#define MMOFL_BASE_NOISE_LOOPS_H

#include "base/clones.h"
#include "base/noise.h"

/** As mmofl_noise_fill. */
MMOFL_CLONES(void, mmofl_noise_fill, (mmofl_noise * noise, float *out, size_t n));

/** As mmofl_noise_add. */
MMOFL_CLONES(void, mmofl_noise_add,
             (mmofl_noise * noise, float scale, float *x, size_t n));

#endif
