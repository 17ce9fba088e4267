/* avg_pool.c - the mean of each window; padding counts as zeros, as in PyTorch. */
#include "nn/layers/pool_window.h"

static const mmofl_option options[] = {POOL_OPTIONS};

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)run, (void)w;
    pool_geometry g = pool_geometry_of(layer);
    for (int s = 0; s < n; s++)
        pool_forward(&g, false, x.at + (size_t)s * x.stride,
                     y.at + (size_t)s * y.stride, NULL);
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)x, (void)y, (void)dw;
    if (!dx.at)
        return;
    pool_geometry g = pool_geometry_of(layer);
    for (int s = 0; s < n; s++)
        pool_backward(&g, false, dy.at + (size_t)s * dy.stride, NULL,
                      dx.at + (size_t)s * dx.stride);
}

const mmofl_layer_kind MMOFL_LAYER_NAME(avg_pool) = {
    .kind = {.name = "avg_pool",
             .help = "mean of each window over time or an image",
             .source = "PyTorch AvgPool1d, AvgPool2d (count_include_pad)",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(pool_options)},
    .plan = pool_plan,
    .forward = forward,
    .backward = backward,
};
