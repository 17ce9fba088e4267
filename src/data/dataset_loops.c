/* dataset_loops.c - straight loops over the values of a sample. */
#include <float.h>
#include <math.h>

#include "data/dataset_loops.h"

void MMOFL_CLONE(mmofl_dataset_affine)(size_t n, const float *x, const float *scale,
                                       const float *shift, float *out)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] * scale[i] + shift[i];
}

void MMOFL_CLONE(mmofl_dataset_from_u8)(size_t n, const uint8_t *restrict whole,
                                        float *restrict out)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = (float)whole[i];
}

void MMOFL_CLONE(mmofl_dataset_from_i16)(size_t n, const int16_t *restrict whole,
                                         float *restrict out)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = (float)whole[i];
}

void MMOFL_CLONE(mmofl_dataset_from_i32)(size_t n, const int32_t *restrict whole,
                                         float *restrict out)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = (float)whole[i];
}

bool MMOFL_CLONE(mmofl_dataset_is_whole)(size_t n, const float *x, float low,
                                         float high)
{
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (size_t i = 0; i < n; i++) {
        float inside = x[i] >= low && x[i] <= high ? x[i] : low; /* NaN, too */
        float whole = (float)(int32_t)inside;
        bad |= (whole != x[i]) | ((whole == 0) & (signbit(x[i]) != 0));
    }
    return !bad;
}

bool MMOFL_CLONE(mmofl_dataset_is_finite)(size_t n, const float *x)
{
    int bad = 0; /* without an early exit, which vector code does not have */
#pragma omp simd reduction(| : bad)
    for (size_t i = 0; i < n; i++)
        bad |= !(fabsf(x[i]) <= FLT_MAX);
    return !bad;
}
