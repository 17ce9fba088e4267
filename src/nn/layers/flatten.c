/* flatten.c - the same values as one axis, in [time][channel] order.  Moves nothing
 * when it runs in place, which it does unless the layer below keeps its output for
 * itself. */
#include <string.h>

#include "nn/layers/layers.h"

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    (void)err;
    layer->out = (mmofl_shape){1, {(int)mmofl_shape_count(layer->in)}};
    return MMOFL_OK;
}

static void copy(const mmofl_layer *layer, int n, mmofl_span from, mmofl_span to)
{
    if (from.at == to.at)
        return;
    for (int s = 0; s < n; s++)
        memcpy(to.at + (size_t)s * to.stride, from.at + (size_t)s * from.stride,
               sizeof(float) * mmofl_shape_count(layer->in));
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)run, (void)w;
    copy(layer, n, x, y);
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)x, (void)y, (void)dw;
    if (dx.at)
        copy(layer, n, dy, dx);
}

const mmofl_layer_kind MMOFL_LAYER_NAME(flatten) = {
    .kind = {.name = "flatten",
             .help = "all values on one axis, [time][channel]",
             .source = "PyTorch Flatten of (time, channel)"},
    .in_place = true,
    .keeps_values = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
