/* tanh.c - y = tanh x; dy/dx = 1 - y^2. */
#include "nn/layers/elementwise.h"

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    (void)err;
    layer->flops = layer->dx_flops = (double)mmofl_shape_count(layer->in);
    return MMOFL_OK;
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)run, (void)w;
    ELEMENTWISE(layer, n, Y = vtanh(X));
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)x, (void)dw;
    if (!dx.at)
        return;
    ELEMENTWISE(layer, n, DX = DY * mla(-Y, Y, 1.0f));
}

const mmofl_layer_kind MMOFL_LAYER_NAME(tanh) = {
    .kind =
        {
            .name = "tanh",
            .help = "hyperbolic tangent",
            .source = "PyTorch Tanh",
        },
    .in_place = true,
    .uses_y = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
