/* dataset_loops.c - straight loops over the values of a sample. */
#include <float.h>
#include <math.h>

#include "data/dataset_loops.h"

void MMOFL_CLONE(mmofl_dataset_affine)(size_t n, const float *restrict x,
                                       const float *restrict scale,
                                       const float *restrict shift, float *restrict out)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] * scale[i] + shift[i];
}

bool MMOFL_CLONE(mmofl_dataset_is_finite)(size_t n, const float *x)
{
    int bad = 0; /* without an early exit, which vector code does not have */
#pragma omp simd reduction(| : bad)
    for (size_t i = 0; i < n; i++)
        bad |= !(fabsf(x[i]) <= FLT_MAX);
    return !bad;
}
