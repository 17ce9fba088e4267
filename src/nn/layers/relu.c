/* relu.c - y = max(x, 0); its gradient passes where y > 0.  NaN stays NaN, as in
 * PyTorch.
 */
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
    if (layer->forward_is_done)
        return;
    ELEMENTWISE(layer, n, Y = 0.0f > X ? 0.0f : X);
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)x, (void)dw;
    if (!dx.at || layer->backward_is_done)
        return;
    ELEMENTWISE(layer, n, float d = DY; DX = Y > 0.0f ? d : 0.0f);
}

const mmofl_layer_kind MMOFL_LAYER_NAME(relu) = {
    .kind =
        {
            .name = "relu",
            .help = "max(x, 0)",
            .source = "PyTorch ReLU",
        },
    .in_place = true,
    .uses_y = true,
    .is_relu = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
