/* max_pool.c - the largest value of each window; the gradient goes to the first one
 * that is largest, as in PyTorch; NaN counts as larger than any number.  Which one it
 * was is kept in scratch while training, as its number in the window.
 *
 * After a relu, whose gradient passes only where its value is positive, a window whose
 * largest value is not positive gives its gradient to none of its values: then the
 * layer's gradient is that of both. */
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
    pool_geometry g = pool_geometry_of(layer);
    for (size_t s = 0; s < (size_t)n; s++)
        pool_forward(&g, true, x.at + s * x.stride, y.at + s * y.stride,
                     run->training ? run->scratch + s * layer->sample_scratch : NULL);
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)w, (void)x, (void)y, (void)dw;
    if (!dx.at)
        return;
    pool_geometry g = pool_geometry_of(layer);
    for (int s = 0; s < n; s++)
        pool_backward(&g, true, dy.at + (size_t)s * dy.stride,
                      run->scratch + (size_t)s * layer->sample_scratch,
                      dx.at + (size_t)s * dx.stride);
}

const mmofl_layer_kind MMOFL_LAYER_NAME(max_pool) = {
    .kind = {.name = "max_pool",
             .help = "largest value of each window over time or an image",
             .source = "PyTorch MaxPool1d, MaxPool2d",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(pool_options)},
    .does_relu_before = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
