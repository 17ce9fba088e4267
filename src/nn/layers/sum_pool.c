/* sum_pool.c - the sum over rows (all axes but the last) of each channel; rows of zeros
 * add nothing, so what is absent needs no mask. */
#include "nn/layers/row_pool.h"

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    (void)err;
    return row_pool_plan(layer);
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)run, (void)w;
    for (size_t s = 0; s < (size_t)n; s++)
        add_rows(layer, x.at + s * x.stride, y.at + s * y.stride);
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)x, (void)y, (void)dw;
    for (size_t s = 0; dx.at && s < (size_t)n; s++)
        spread_over_rows(layer, 1.0f, dy.at + s * dy.stride, dx.at + s * dx.stride);
}

const mmofl_layer_kind MMOFL_LAYER_NAME(sum_pool) = {
    .kind = {.name = "sum_pool", .help = "sum over rows", .source = "PyTorch sum"},
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
