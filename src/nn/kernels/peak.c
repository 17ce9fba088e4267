/* peak.c - the most multiply-adds that a core can do: independent chains in registers,
 * as many as hide the latency.  What benchmarks divide by. */
#include "nn/kernels/tables.h"

#if defined(__AVX512F__)
enum { VECTOR = 16 };
#elif defined(__AVX__)
enum { VECTOR = 8 };
#else
enum { VECTOR = 4 };
#endif
enum { CHAINS = 12 };

typedef float vec __attribute__((vector_size(4 * VECTOR)));

float MMOFL_ISA(mmofl_peak_run)(size_t rounds, double *flops)
{
    vec chain[CHAINS], a = {0}, b = {0};
    a += 0.999f;
    b += 1e-3f;
    for (int i = 0; i < CHAINS; i++)
        chain[i] = a * (float)i;
    for (size_t r = 0; r < rounds; r++) {
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            chain[i] = chain[i] * a + b; /* fused where the machine can */
    }
    vec sum = {0};
    for (int i = 0; i < CHAINS; i++)
        sum += chain[i];
    *flops = 2.0 * VECTOR * CHAINS * (double)rounds;
    return sum[0] + sum[VECTOR - 1];
}
