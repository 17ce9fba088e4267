/* leaky_relu.c - y = x where x > 0, slope * x elsewhere; slope >= 0 keeps the sign, so
 * y tells. */
#include "nn/layers/elementwise.h"

typedef struct leaky_relu_options {
    double slope;
} leaky_relu_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(leaky_relu_options, slope, MMOFL_POSITIVE, 1, "0.01",
                      "slope below zero"),
};

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
    const leaky_relu_options *o = layer->options;
    const float slope = (float)o->slope;
    ELEMENTWISE(layer, n, Y = X > 0.0f ? X : slope * X);
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)x, (void)dw;
    if (!dx.at)
        return;
    const leaky_relu_options *o = layer->options;
    const float slope = (float)o->slope;
    ELEMENTWISE(layer, n, DX = Y > 0.0f ? DY : slope * DY);
}

const mmofl_layer_kind MMOFL_LAYER_NAME(leaky_relu) = {
    .kind =
        {
            .name = "leaky_relu",
            .help = "x, or slope * x below zero",
            .source = "PyTorch LeakyReLU",
            .options = options,
            .n_options = (int)MMOFL_COUNT_OF(options),
            .options_size = sizeof(leaky_relu_options),
        },
    .in_place = true,
    .uses_y = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
