/* linear.c - y = x W + b on the last axis.  W is kept (in, out): PyTorch's, transposed.
 */
#include "nn/layers/affine_map.h"
#include "nn/layers/layers.h"

typedef struct linear_options {
    int out;
} linear_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(linear_options, out, 1, 65536, NULL, "output features"),
};

static mmofl_affine_map map_of(const mmofl_layer *layer)
{
    size_t in = mmofl_shape_channels(layer->in);
    return (mmofl_affine_map){.rows = mmofl_shape_rows(layer->in),
                              .step = in,
                              .depth = in,
                              .channels = mmofl_shape_channels(layer->out),
                              .rectify = layer->relu_after};
}

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    (void)err;
    const linear_options *o = layer->options;
    size_t in = mmofl_shape_channels(layer->in), out = (size_t)o->out;
    layer->out.dim[layer->out.n - 1] = o->out;
    affine_map_add_tensors(layer, "weight", "bias", in, out);
    layer->fixed_scratch = in * out; /* W transposed, for dx */
    double work = 2.0 * (double)(mmofl_shape_rows(layer->in) * in * out);
    layer->flops = layer->dw_flops = layer->dx_flops = work;
    return MMOFL_OK;
}

static void prepare(const mmofl_layer *layer, const mmofl_layer_run *run,
                    const float *w)
{
    if (run->training && run->wants_dx)
        mmofl_transpose_all(run->ops, run->scratch, w, mmofl_shape_channels(layer->in),
                            mmofl_shape_channels(layer->out));
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    mmofl_affine_map map = map_of(layer);
    affine_map_forward(&map, run->ops, n, w, w + layer->tensor[1].offset, x.at,
                       x.stride, y.at, y.stride);
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)w, (void)y;
    mmofl_affine_map map = map_of(layer);
    affine_map_gradient(&map, run->ops, run->first, n, x.at, x.stride, dy.at, dy.stride,
                        dw, dw + layer->tensor[1].offset);
    if (!dx.at)
        return;
    mmofl_affine_map back = {.rows = map.rows,
                             .step = map.channels,
                             .depth = map.channels,
                             .channels = map.depth};
    affine_map_forward(&back, run->ops, n, run->scratch, NULL, dy.at, dy.stride, dx.at,
                       dx.stride);
}

const mmofl_layer_kind MMOFL_LAYER_NAME(linear) = {
    .kind = {.name = "linear",
             .help = "fully connected on the last axis",
             .source = "PyTorch Linear",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(linear_options)},
    .uses_x = true,
    .starts_dw = true,
    .does_relu_after = true,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
};
