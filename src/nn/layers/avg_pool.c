/* avg_pool.c - the mean of each window over time; padding counts as zeros, as in
 * PyTorch. */
#include <string.h>

#include "nn/layers/pool_window.h"

static const mmofl_option options[] = {POOL_OPTIONS};

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)run, (void)w;
    const pool_options *o = layer->options;
    int channels = layer->in.dim[1];
    float share = 1.0f / (float)o->kernel;
    for (int s = 0; s < n; s++) {
        for (int t = 0; t < layer->out.dim[0]; t++) {
            int from, to;
            pool_window(layer, t, &from, &to);
            float *restrict out = y.at + (size_t)s * y.stride + (size_t)(t * channels);
            memset(out, 0, sizeof(float) * (size_t)channels);
            for (int i = from; i < to; i++) {
                const float *restrict row =
                    x.at + (size_t)s * x.stride + (size_t)(i * channels);
#pragma omp simd
                for (int c = 0; c < channels; c++)
                    out[c] += row[c];
            }
            for (int c = 0; c < channels; c++)
                out[c] *= share;
        }
    }
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)x, (void)y, (void)dw;
    if (!dx.at)
        return;
    const pool_options *o = layer->options;
    int channels = layer->in.dim[1];
    float share = 1.0f / (float)o->kernel;
    for (int s = 0; s < n; s++) {
        float *to_sample = dx.at + (size_t)s * dx.stride;
        memset(to_sample, 0, sizeof(float) * mmofl_shape_count(layer->in));
        for (int t = 0; t < layer->out.dim[0]; t++) {
            int from, to;
            pool_window(layer, t, &from, &to);
            const float *restrict g =
                dy.at + (size_t)s * dy.stride + (size_t)(t * channels);
            for (int i = from; i < to; i++) {
                float *restrict row = to_sample + (ptrdiff_t)i * channels;
#pragma omp simd
                for (int c = 0; c < channels; c++)
                    row[c] += share * g[c];
            }
        }
    }
}

const mmofl_layer_kind MMOFL_LAYER_NAME(avg_pool) = {
    .kind = {.name = "avg_pool",
             .help = "mean of each window over time",
             .source = "PyTorch AvgPool1d (count_include_pad)",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(pool_options)},
    .plan = pool_plan,
    .forward = forward,
    .backward = backward,
};
