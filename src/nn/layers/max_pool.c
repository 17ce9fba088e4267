/* max_pool.c - the largest value of each window over time; the gradient goes to the
 * first one that is largest, as in PyTorch; NaN counts as larger than any number. Which
 * one it was is kept in scratch, as a time step. */
#include <string.h>

#include "nn/layers/pool_window.h"

static const mmofl_option options[] = {POOL_OPTIONS};

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    mmofl_status st = pool_plan(layer, err);
    layer->sample_scratch = mmofl_shape_count(layer->out);
    return st;
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)w;
    int channels = layer->in.dim[1];
    for (int s = 0; s < n; s++) {
        float *winner = run->scratch + (size_t)s * layer->sample_scratch;
        for (int t = 0; t < layer->out.dim[0]; t++, winner += channels) {
            int from, to;
            pool_window(layer, t, &from, &to);
            const float *in = x.at + (size_t)s * x.stride;
            float *restrict out = y.at + (size_t)s * y.stride + (size_t)(t * channels);
            memcpy(out, in + (ptrdiff_t)from * channels,
                   sizeof(float) * (size_t)channels);
            for (int c = 0; c < channels; c++)
                winner[c] = (float)from;
            for (int i = from + 1; i < to; i++) {
                const float *restrict row = in + (ptrdiff_t)i * channels;
                float step = (float)i;
#pragma omp simd
                for (int c = 0; c < channels; c++) {
                    float best = out[c], here = row[c];
                    bool wins = (here > best) | (here != here);
                    winner[c] = wins ? step : winner[c];
                    out[c] = wins ? here : best;
                }
            }
        }
    }
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)w, (void)x, (void)y, (void)dw;
    if (!dx.at)
        return;
    int channels = layer->in.dim[1];
    for (int s = 0; s < n; s++) {
        const float *winner = run->scratch + (size_t)s * layer->sample_scratch;
        float *to_sample = dx.at + (size_t)s * dx.stride;
        memset(to_sample, 0, sizeof(float) * mmofl_shape_count(layer->in));
        for (int t = 0; t < layer->out.dim[0]; t++, winner += channels) {
            int from, to;
            pool_window(layer, t, &from, &to);
            const float *restrict g =
                dy.at + (size_t)s * dy.stride + (size_t)(t * channels);
            for (int i = from; i < to; i++) {
                float *restrict row = to_sample + (ptrdiff_t)i * channels;
                float step = (float)i;
#pragma omp simd
                for (int c = 0; c < channels; c++)
                    row[c] += winner[c] == step ? g[c] : 0.0f;
            }
        }
    }
}

const mmofl_layer_kind MMOFL_LAYER_NAME(max_pool) = {
    .kind = {.name = "max_pool",
             .help = "largest value of each window over time",
             .source = "PyTorch MaxPool1d",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(pool_options)},
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
