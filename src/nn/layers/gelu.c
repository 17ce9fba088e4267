/* gelu.c - y = x * Phi(x), Phi the standard normal distribution function (exact form,
 * by erf). */
#include "nn/layers/elementwise.h"

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    (void)err;
    layer->flops = layer->dx_flops = (double)mmofl_shape_count(layer->in);
    return MMOFL_OK;
}

static inline float normal_distribution(float x)
{
    return mla(0.5f, verf(x * 0.70710678118654752f), 0.5f);
}

static inline float normal_density(float x)
{
    return 0.39894228040143268f * vexp(-0.5f * (x * x));
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)run, (void)w;
    ELEMENTWISE(layer, n, Y = X * normal_distribution(X));
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)y, (void)dw;
    if (!dx.at)
        return;
    ELEMENTWISE(layer, n, DX = DY * mla(X, normal_density(X), normal_distribution(X)));
}

const mmofl_layer_kind MMOFL_LAYER_NAME(gelu) = {
    .kind =
        {
            .name = "gelu",
            .help = "x times the normal distribution function of x (exact)",
            .source = "PyTorch GELU; Hendrycks and Gimpel 2016",
        },
    .uses_x = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
