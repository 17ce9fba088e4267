/* conv1d.c - convolution over time without im2col.
 *
 * Weights are kept (kernel, C_in, C_out), so a window of `kernel` rows of the padded
 * input is one contiguous run of kernel*C_in floats that meets the whole weight matrix:
 * the forward pass and the weight gradient are the affine map with overlapping windows.
 *
 * Input gradient.  Input row p (counted in the padded input) meets tap k in output row
 * t when p = t*stride + k.  The rows p = u*stride + r of one phase r < stride therefore
 * use the taps k = r + q*stride, q = 0, 1, ..., with t = u - q: a convolution of dy
 * with the taps in reverse order, of stride 1.  Each phase is one affine map over dy
 * (with `reach` zero rows around it) that writes every stride-th row of dx. */
#include <math.h>

#include "nn/layers/affine_map.h"
#include "nn/layers/layers.h"

typedef struct conv1d_options {
    int out, kernel, stride, pad;
} conv1d_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(conv1d_options, out, 1, 65536, NULL, "output channels"),
    MMOFL_INT_OPTION(conv1d_options, kernel, 1, 4096, NULL, "taps, in time steps"),
    MMOFL_INT_OPTION(conv1d_options, stride, 1, 4096, "1",
                     "time steps from one output to the next"),
    MMOFL_INT_OPTION(conv1d_options, pad, 0, 4096, "0", "zero time steps at each end"),
};

/* Taps of phase r: k = r, r + stride, ... < kernel. */
static int taps_of_phase(const conv1d_options *o, int r)
{
    return r < o->kernel ? (o->kernel - r + o->stride - 1) / o->stride : 0;
}

static mmofl_affine_map map_of(const mmofl_layer *layer)
{
    const conv1d_options *o = layer->options;
    size_t in = mmofl_shape_channels(layer->in);
    return (mmofl_affine_map){.rows = mmofl_shape_rows(layer->out),
                              .step = in * (size_t)o->stride,
                              .depth = in * (size_t)o->kernel,
                              .channels = (size_t)o->out,
                              .rectify = layer->relu_after};
}

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    const conv1d_options *o = layer->options;
    if (layer->in.n != 2) {
        char shape[64];
        mmofl_shape_text(layer->in, shape, sizeof shape);
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "conv1d wants an input (time, channels), not %s", shape);
    }
    int rows = layer->in.dim[0], in = layer->in.dim[1];
    if (rows + 2 * o->pad < o->kernel)
        return mmofl_fail(
            err, MMOFL_E_SHAPE,
            "conv1d: kernel %d is longer than the input of %d time steps with pad %d",
            o->kernel, rows, o->pad);
    int out_rows = (rows + 2 * o->pad - o->kernel) / o->stride + 1;
    layer->out = (mmofl_shape){2, {out_rows, o->out}};
    size_t weights = (size_t)o->kernel * (size_t)in * (size_t)o->out;
    float bound = (float)(1 / sqrt((double)in * o->kernel));
    mmofl_layer_add_tensor(
        layer,
        (mmofl_tensor_plan){.name = "weight",
                            .n_dims = 3,
                            .dim = {(size_t)o->out, (size_t)in, (size_t)o->kernel},
                            .axis = {2, 1, 0},
                            .bound = bound});
    mmofl_layer_add_tensor(layer, (mmofl_tensor_plan){.name = "bias",
                                                      .n_dims = 1,
                                                      .dim = {(size_t)o->out},
                                                      .axis = {0},
                                                      .bound = bound});
    layer->x_margin =
        (mmofl_margin){(size_t)o->pad * (size_t)in, (size_t)o->pad * (size_t)in};
    /* Rows of the last phase may look past the last output row by less than a kernel,
     * and so may input rows that no window reaches because the stride does not divide.
     */
    size_t reach = (size_t)((o->kernel + o->stride - 1) / o->stride) * (size_t)o->out;
    layer->dy_margin = (mmofl_margin){reach, reach + (size_t)o->out};
    layer->fixed_scratch =
        weights; /* taps transposed and reversed, phase after phase */
    layer->flops = layer->dw_flops = 2.0 * out_rows * (double)weights;
    layer->dx_flops = layer->flops;
    return MMOFL_OK;
}

static void prepare(const mmofl_layer *layer, const mmofl_layer_run *run,
                    const float *w)
{
    if (!run->training || !run->wants_dx)
        return;
    const conv1d_options *o = layer->options;
    size_t in = mmofl_shape_channels(layer->in), out = (size_t)o->out;
    float *to = run->scratch;
    for (int r = 0; r < o->stride; r++)
        for (int q = taps_of_phase(o, r) - 1; q >= 0; q--, to += in * out)
            mmofl_transpose_all(run->ops, to,
                                w + (size_t)(r + q * o->stride) * in * out, in, out);
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    mmofl_affine_map map = map_of(layer);
    affine_map_forward(&map, run->ops, n, w, w + layer->tensor[1].offset,
                       x.at - layer->x_margin.before, x.stride, y.at, y.stride);
}

/* The rows of dx in one phase: taps reversed, so window u starts at dy row u - (taps -
 * 1). */
static void phase_gradient(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                           int r, const float *taps_w, mmofl_span dy, mmofl_span dx)
{
    const conv1d_options *o = layer->options;
    ptrdiff_t in = layer->in.dim[1], out = o->out;
    int taps = taps_of_phase(o, r);
    /* First and last u with a real row: pad <= u*stride + r < pad + T. */
    int first = o->pad > r ? (o->pad - r + o->stride - 1) / o->stride : 0;
    int end = (o->pad + layer->in.dim[0] - r + o->stride - 1) / o->stride;
    int last_useful = layer->out.dim[0] + taps - 1; /* later ones see only zeros */
    float *to = dx.at + ((ptrdiff_t)first * o->stride + r - o->pad) * in;
    int rows = end - first;
    int useful = (end < last_useful ? end : last_useful) - first;
    if (taps == 0 || useful < 0)
        useful = 0;
    if (useful > 0) {
        mmofl_gemm g = {.m = useful,
                        .n = (int)in,
                        .depth = taps * (int)out,
                        .a = dy.at + (first - (taps - 1)) * out,
                        .a_row = out,
                        .a_step = 1,
                        .b = taps_w,
                        .b_step = in,
                        .c = to,
                        .c_row = in * o->stride,
                        .groups = n,
                        .a_group = (ptrdiff_t)dy.stride,
                        .c_group = (ptrdiff_t)dx.stride};
        run->ops->gemm(&g);
    }
    for (int s = 0; s < n; s++) /* rows that no window reaches */
        for (int u = useful; u < rows; u++)
            for (ptrdiff_t c = 0; c < in; c++)
                to[(ptrdiff_t)dx.stride * s + (ptrdiff_t)u * o->stride * in + c] = 0;
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)w, (void)y;
    const conv1d_options *o = layer->options;
    mmofl_affine_map map = map_of(layer);
    affine_map_gradient(&map, run->ops, run->first, n, x.at - layer->x_margin.before,
                        x.stride, dy.at, dy.stride, dw, dw + layer->tensor[1].offset);
    if (!dx.at)
        return;
    const float *taps_w = run->scratch;
    for (int r = 0; r < o->stride; r++) {
        phase_gradient(layer, run, n, r, taps_w, dy, dx);
        taps_w +=
            (size_t)taps_of_phase(o, r) * (size_t)layer->in.dim[1] * (size_t)o->out;
    }
}

const mmofl_layer_kind MMOFL_LAYER_NAME(conv1d) = {
    .kind = {.name = "conv1d",
             .help = "convolution over time",
             .source = "PyTorch Conv1d",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(conv1d_options)},
    .uses_x = true,
    .starts_dw = true,
    .does_relu_after = true,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
};
