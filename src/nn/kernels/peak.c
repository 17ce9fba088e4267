/* peak.c - the most multiply-adds that a core can do: independent chains in registers,
 * as many as hide the latency.  What benchmarks divide by. */
#include "nn/isa.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vector.h"

enum { CHAINS = 12 };

float MMOFL_ISA(mmofl_peak_run)(size_t rounds, double *flops)
{
    vec chain[CHAINS], a = splat(0.999f), b = splat(1e-3f);
    for (int i = 0; i < CHAINS; i++)
        chain[i] = a * (float)i;
    for (size_t r = 0; r < rounds; r++) {
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            chain[i] = chain[i] * a + b; /* fused where the machine can */
    }
    vec sum = splat(0);
    for (int i = 0; i < CHAINS; i++)
        sum += chain[i];
    float lane[VECTOR];
    store(lane, sum);
    *flops = 2.0 * VECTOR * CHAINS * (double)rounds;
    return lane[0] + lane[VECTOR - 1];
}
