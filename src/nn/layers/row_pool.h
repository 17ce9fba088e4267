/* row_pool.h - rows (all axes but the last) added up: what their sum and their mean
 * share. */
#ifndef MMOFL_NN_LAYERS_ROW_POOL_H
#define MMOFL_NN_LAYERS_ROW_POOL_H

#include <string.h>

#include "nn/layers/layers.h"

static inline mmofl_status row_pool_plan(mmofl_layer *layer)
{
    layer->out = (mmofl_shape){1, {layer->in.dim[layer->in.n - 1]}};
    layer->flops = layer->dx_flops = (double)mmofl_shape_count(layer->in);
    return MMOFL_OK;
}

/* y[:] = sum_t x[t,:] of one sample. */
static inline void add_rows(const mmofl_layer *layer, const float *restrict x,
                            float *restrict y)
{
    size_t rows = mmofl_shape_rows(layer->in),
           channels = mmofl_shape_channels(layer->in);
    memcpy(y, x, sizeof(float) * channels);
    for (size_t t = 1; t < rows; t++) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++)
            y[c] += x[t * channels + c];
    }
}

/* dx[t,:] = share * dy[:] for every row of one sample. */
static inline void spread_over_rows(const mmofl_layer *layer, float share,
                                    const float *restrict dy, float *restrict dx)
{
    size_t rows = mmofl_shape_rows(layer->in),
           channels = mmofl_shape_channels(layer->in);
    for (size_t t = 0; t < rows; t++) {
#pragma omp simd
        for (size_t c = 0; c < channels; c++)
            dx[t * channels + c] = share * dy[c];
    }
}

#endif
