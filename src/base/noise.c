/* noise.c - streams of noise; the numbers themselves are made in noise_loops.c. */
#include "base/noise_loops.h"

mmofl_noise mmofl_noise_open(mmofl_rng *rng)
{
    uint64_t key = mmofl_rng_bits(rng), above = mmofl_rng_bits(rng);
    return (mmofl_noise){.key = {(uint32_t)key, (uint32_t)(key >> 32)},
                         .counter = {0, 0, (uint32_t)above, (uint32_t)(above >> 32)}};
}

void mmofl_noise_fill(mmofl_noise *noise, float *out, size_t n)
{
    MMOFL_BEST(mmofl_noise_fill)(noise, out, n);
}

void mmofl_noise_add(mmofl_noise *noise, float scale, float *x, size_t n)
{
    MMOFL_BEST(mmofl_noise_add)(noise, scale, x, n);
}
