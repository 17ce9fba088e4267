/* global_avg_pool.c - the mean over time (all axes but the last) of each channel. */
#include <string.h>

#include "nn/layers/layers.h"

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    (void)err;
    layer->out = (mmofl_shape){1, {layer->in.dim[layer->in.n - 1]}};
    layer->flops = layer->dx_flops = (double)mmofl_shape_count(layer->in);
    return MMOFL_OK;
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)run, (void)w;
    size_t rows = mmofl_shape_rows(layer->in),
           channels = mmofl_shape_channels(layer->in);
    float share = 1.0f / (float)rows;
    for (int s = 0; s < n; s++) {
        const float *restrict in = x.at + (size_t)s * x.stride;
        float *restrict out = y.at + (size_t)s * y.stride;
        memcpy(out, in, sizeof(float) * channels);
        for (size_t t = 1; t < rows; t++) {
#pragma omp simd
            for (size_t c = 0; c < channels; c++)
                out[c] += in[t * channels + c];
        }
        for (size_t c = 0; c < channels; c++)
            out[c] *= share;
    }
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)x, (void)y, (void)dw;
    if (!dx.at)
        return;
    size_t rows = mmofl_shape_rows(layer->in),
           channels = mmofl_shape_channels(layer->in);
    float share = 1.0f / (float)rows;
    for (int s = 0; s < n; s++) {
        const float *restrict g = dy.at + (size_t)s * dy.stride;
        float *restrict to = dx.at + (size_t)s * dx.stride;
        for (size_t t = 0; t < rows; t++) {
#pragma omp simd
            for (size_t c = 0; c < channels; c++)
                to[t * channels + c] = share * g[c];
        }
    }
}

const mmofl_layer_kind MMOFL_LAYER_NAME(global_avg_pool) = {
    .kind = {.name = "global_avg_pool",
             .help = "mean over time",
             .source = "PyTorch mean over time"},
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
