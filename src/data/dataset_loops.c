/* dataset_loops.c - straight loops over the values of a sample. */
#include "data/dataset_loops.h"

void MMOFL_CLONE(mmofl_dataset_affine)(size_t n, const float *restrict x,
                                       const float *restrict scale,
                                       const float *restrict shift, float *restrict out)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] * scale[i] + shift[i];
}
