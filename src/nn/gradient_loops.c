/* gradient_loops.c - straight loops over parameters. */
#include "nn/gradient_loops.h"

void MMOFL_CLONE(mmofl_gradient_scale_values)(float *x, size_t n, float factor)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}
