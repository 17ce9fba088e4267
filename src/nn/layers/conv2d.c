/* conv2d.c - convolution over images without im2col.
 *
 * Forward: an image_map over the input with `pad` zero pixels around it.  A border
 * inside an image cannot be a margin beside it, so a padded sample is copied into
 * scratch first (and once more for the weight gradient: cheaper than keeping a batch of
 * copies in the cache).
 *
 * Weight gradient.  dW[ky] += sum over output rows r and pixels q of
 * window[r,q,ky]^T dy[r,q]: per sample one product whose sum has a run for each output
 * row.  With C_out on the vector, or, when C_out is narrow and a window row of k*C_in
 * is not, transposed: weights are then stored (C_out, kh, kw, C_in) instead of
 * (kh, kw, C_in, C_out).
 *
 * Input gradient, as in conv1d.c in both directions: input pixels (u*stride + ry - pad,
 * v*stride + rx - pad) of one phase (ry, rx) use the taps ry + q*stride, rx + q*stride,
 * which meet dy at u - q, v - q: an image_map of stride 1 over dy, zeros around it,
 * with the taps reversed, that writes every stride-th pixel of dx.
 *
 *   scratch:  | W prepared | taps of each phase | padded x | padded dy | row sums | */
#include <assert.h>
#include <math.h>

#include "nn/layers/image_map.h"
#include "nn/layers/layers.h"

typedef struct conv2d_options {
    int out, kernel, stride, pad;
} conv2d_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(conv2d_options, out, 1, 65536, NULL, "output channels"),
    MMOFL_INT_OPTION(conv2d_options, kernel, 1, 1024, NULL,
                     "height and width of the window, in pixels"),
    MMOFL_INT_OPTION(conv2d_options, stride, 1, 1024, "1",
                     "pixels from one output to the next, both ways"),
    MMOFL_INT_OPTION(conv2d_options, pad, 0, 1024, "0", "zero pixels at each edge"),
};

/* An image with zero pixels around it. */
typedef struct border {
    int rows, columns, channels; /* of the image inside */
    int above, below, left, right;
} border;

static ptrdiff_t border_row(const border *b)
{
    return (ptrdiff_t)(b->left + b->columns + b->right) * b->channels;
}

static size_t border_floats(const border *b)
{
    if (b->above + b->below + b->left + b->right == 0)
        return 0;
    return (size_t)(b->above + b->rows + b->below) * (size_t)border_row(b);
}

/* The image with its border: copied into `room`, which is zero at the edges; or as it
 * is, without one. */
static const float *border_put(const border *b, const float *image, float *room)
{
    if (border_floats(b) == 0)
        return image;
    assert(room);
    size_t row = (size_t)b->columns * (size_t)b->channels;
    float *to = room + b->above * border_row(b) + (ptrdiff_t)b->left * b->channels;
    for (int r = 0; r < b->rows; r++, to += border_row(b), image += row)
        memcpy(to, image, sizeof(float) * row);
    return room;
}

/* ---------------------------------------------------------------- geometry */

static border x_border(const mmofl_layer *layer)
{
    int pad = ((const conv2d_options *)layer->options)->pad;
    return (border){
        layer->in.dim[0], layer->in.dim[1], layer->in.dim[2], pad, pad, pad, pad};
}

/* Output pixels before the first that a phase looks at. */
static int reach_of(const conv2d_options *o)
{
    return (o->kernel + o->stride - 1) / o->stride - 1;
}

/* Phases look at zeros left of dy, and right of it as far as the last input's tap.
 * Those above and below are many and are left out instead (image_view). */
static border dy_border(const mmofl_layer *layer)
{
    const conv2d_options *o = layer->options;
    int columns = layer->out.dim[1], last = (o->pad + layer->in.dim[1] - 1) / o->stride;
    return (border){.rows = layer->out.dim[0],
                    .columns = columns,
                    .channels = o->out,
                    .left = reach_of(o),
                    .right = last < columns ? 0 : last - (columns - 1)};
}

static image_map forward_map(const mmofl_layer *layer)
{
    const conv2d_options *o = layer->options;
    int columns = layer->out.dim[1];
    return (image_map){.rows = layer->out.dim[0],
                       .columns = columns,
                       .taps_y = o->kernel,
                       .taps_x = o->kernel,
                       .stride = o->stride,
                       .in = layer->in.dim[2],
                       .out = o->out,
                       .pack =
                           image_map_best_pack(columns, o->kernel, o->stride, o->out),
                       .rectify = layer->relu_after};
}

/* Taps of phase r: k = r, r + stride, ... < kernel. */
static int taps_of_phase(const conv2d_options *o, int r)
{
    return r < o->kernel ? (o->kernel - r + o->stride - 1) / o->stride : 0;
}

/* u with u*stride + r - pad inside an axis of `size`: [*first, ...), how many. */
static int inputs_of_phase(const conv2d_options *o, int r, int size, int *first)
{
    *first = o->pad > r ? (o->pad - r + o->stride - 1) / o->stride : 0;
    int end = o->pad + size > r ? (o->pad + size - r + o->stride - 1) / o->stride : 0;
    return end > *first ? end - *first : 0;
}

/* Input pixels of phase (ry, rx), from dy pixel (*u, *v) on. */
static image_map phase_map(const mmofl_layer *layer, int ry, int rx, int *u, int *v)
{
    const conv2d_options *o = layer->options;
    image_map map = {.rows = inputs_of_phase(o, ry, layer->in.dim[0], u),
                     .columns = inputs_of_phase(o, rx, layer->in.dim[1], v),
                     .taps_y = taps_of_phase(o, ry),
                     .taps_x = taps_of_phase(o, rx),
                     .stride = 1,
                     .in = o->out,
                     .out = layer->in.dim[2],
                     .pack = 1};
    if (o->stride == 1)
        map.pack = image_map_best_pack(map.columns, map.taps_x, 1, map.out);
    return map;
}

/* Is the transposed weight gradient the better use of vectors? */
static bool is_transposed(const mmofl_layer *layer)
{
    const conv2d_options *o = layer->options;
    double plain = image_map_waste(1, 1, 1, o->out);
    return image_map_waste(1, 1, 1, o->kernel * layer->in.dim[2]) < 0.8 * plain;
}

static image_weights weights_of(const mmofl_layer *layer, const float *w)
{
    const conv2d_options *o = layer->options;
    ptrdiff_t in = layer->in.dim[2], out = o->out, k = o->kernel;
    if (is_transposed(layer))
        return (image_weights){w, k * in, in, 1, k * k * in};
    return (image_weights){w, k * in * out, in * out, out, 1};
}

/* ---------------------------------------------------------------- scratch */

typedef struct rooms {
    float *forward, *phases, *x, *dy, *sums;
    size_t floats;
} rooms;

static rooms rooms_of(const mmofl_layer *layer, float *scratch)
{
    const conv2d_options *o = layer->options;
    image_map map = forward_map(layer);
    border x = x_border(layer), dy = dy_border(layer);
    size_t phases = 0;
    for (int ry = 0; ry < o->stride && ry < o->kernel; ry++)
        for (int rx = 0; rx < o->stride && rx < o->kernel; rx++) {
            int u, v;
            image_map phase = phase_map(layer, ry, rx, &u, &v);
            phases += image_map_floats(&phase);
        }
    rooms r = {.forward = scratch};
    size_t at = image_map_floats(&map);
    r.phases = scratch ? scratch + at : NULL, at += phases;
    r.x = scratch ? scratch + at : NULL, at += border_floats(&x);
    r.dy = scratch ? scratch + at : NULL, at += border_floats(&dy);
    r.sums = scratch ? scratch + at : NULL;
    r.floats = at + (size_t)layer->out.dim[1] * (size_t)o->out;
    return r;
}

/* ---------------------------------------------------------------- plan */

static mmofl_status refuse(const mmofl_layer *layer, mmofl_error *err)
{
    const conv2d_options *o = layer->options;
    char shape[64];
    mmofl_shape_text(layer->in, shape, sizeof shape);
    if (layer->in.n != 3)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "conv2d wants an input (height, width, channels), not %s",
                          shape);
    return mmofl_fail(err, MMOFL_E_SHAPE,
                      "conv2d: kernel %d is larger than the input %s with pad %d",
                      o->kernel, shape, o->pad);
}

static void add_tensors(mmofl_layer *layer)
{
    const conv2d_options *o = layer->options;
    size_t in = (size_t)layer->in.dim[2], k = (size_t)o->kernel, out = (size_t)o->out;
    float bound = (float)(1 / sqrt((double)(in * k * k)));
    mmofl_tensor_plan weight = {.name = "weight",
                                .n_dims = 4,
                                .dim = {out, in, k, k},
                                .axis = {2, 3, 1, 0},
                                .bound = bound};
    if (is_transposed(layer))
        memcpy(weight.axis, (const int[4]){0, 2, 3, 1}, sizeof weight.axis);
    mmofl_layer_add_tensor(layer, weight);
    mmofl_layer_add_tensor(
        layer,
        (mmofl_tensor_plan){
            .name = "bias", .n_dims = 1, .dim = {out}, .axis = {0}, .bound = bound});
}

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    const conv2d_options *o = layer->options;
    const int *in = layer->in.dim;
    if (layer->in.n != 3 || in[0] + 2 * o->pad < o->kernel ||
        in[1] + 2 * o->pad < o->kernel)
        return refuse(layer, err);
    layer->out =
        (mmofl_shape){3,
                      {(in[0] + 2 * o->pad - o->kernel) / o->stride + 1,
                       (in[1] + 2 * o->pad - o->kernel) / o->stride + 1, o->out}};
    add_tensors(layer);
    layer->fixed_scratch = rooms_of(layer, NULL).floats;
    double weights = (double)o->kernel * o->kernel * in[2] * o->out;
    layer->flops = 2.0 * (double)mmofl_shape_rows(layer->out) * weights;
    layer->dw_flops = layer->dx_flops = layer->flops;
    return MMOFL_OK;
}

/* ---------------------------------------------------------------- passes */

static void prepare(const mmofl_layer *layer, const mmofl_layer_run *run,
                    const float *w)
{
    const conv2d_options *o = layer->options;
    rooms room = rooms_of(layer, run->scratch);
    border x = x_border(layer), dy = dy_border(layer);
    image_map map = forward_map(layer);
    image_weights weights = weights_of(layer, w);
    image_map_prepare(&map, run->ops, &weights, w + layer->tensor[1].offset,
                      room.forward);
    memset(room.x, 0, sizeof(float) * border_floats(&x));
    if (!run->training || !run->wants_dx)
        return;
    memset(room.dy, 0, sizeof(float) * border_floats(&dy));
    float *to = room.phases;
    for (int ry = 0; ry < o->stride && ry < o->kernel; ry++)
        for (int rx = 0; rx < o->stride && rx < o->kernel; rx++) {
            int u, v;
            image_map phase = phase_map(layer, ry, rx, &u, &v);
            ptrdiff_t last_y = ry + (phase.taps_y - 1) * o->stride,
                      last_x = rx + (phase.taps_x - 1) * o->stride;
            image_weights reversed = {weights.at + last_y * weights.y +
                                          last_x * weights.x,
                                      -o->stride * weights.y, -o->stride * weights.x,
                                      weights.out, weights.in};
            to = image_map_prepare(&phase, run->ops, &reversed, NULL, to);
        }
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)w;
    rooms room = rooms_of(layer, run->scratch);
    border b = x_border(layer);
    image_map map = forward_map(layer);
    for (int s = 0; s < n; s++) {
        const float *image = border_put(&b, x.at + (size_t)s * x.stride, room.x);
        image_view view = {image, border_row(&b), b.above + b.rows + b.below, 0};
        image_map_run(&map, run->ops, room.forward, &view, y.at + (size_t)s * y.stride,
                      map.out, (ptrdiff_t)map.columns * map.out);
    }
}

/* dW of one sample, whose padded image is x; add: to what is there. */
static void weight_gradient(const mmofl_layer *layer, const mmofl_ops *ops, bool add,
                            const float *x, ptrdiff_t x_row, const float *dy, float *dw)
{
    const conv2d_options *o = layer->options;
    ptrdiff_t in = layer->in.dim[2], out = o->out, window = o->kernel * in;
    mmofl_gemm g = {.m = (int)window,
                    .n = (int)out,
                    .depth = layer->out.dim[1],
                    .runs = layer->out.dim[0],
                    .a = x,
                    .a_row = 1,
                    .a_step = o->stride * in,
                    .a_run = o->stride * x_row,
                    .b = dy,
                    .b_step = out,
                    .b_run = layer->out.dim[1] * out,
                    .c = dw,
                    .c_row = out,
                    .groups = o->kernel,
                    .a_group = x_row,
                    .c_group = window * out,
                    .accumulate = add};
    if (is_transposed(layer)) {
        g.a = dy, g.a_step = out, g.a_run = g.b_run, g.a_group = 0;
        g.b = x, g.b_step = o->stride * in, g.b_run = o->stride * x_row;
        g.b_group = x_row;
        g.m = (int)out, g.n = (int)window;
        g.c_row = o->kernel * window, g.c_group = window;
    }
    ops->gemm(&g);
}

/* dbias of one sample: first over the output's rows, all columns at once, then over
 * columns; a single chain of additions would be all latency. */
static void bias_gradient(const mmofl_layer *layer, const mmofl_ops *ops, bool add,
                          const float *dy, float *sums, float *dbias)
{
    static const float one = 1.0f;
    int columns = layer->out.dim[1], out = layer->out.dim[2];
    mmofl_gemm g = {.m = 1,
                    .n = columns * out,
                    .depth = layer->out.dim[0],
                    .a = &one,
                    .b = dy,
                    .b_step = (ptrdiff_t)columns * out,
                    .c = sums,
                    .groups = 1};
    ops->gemm(&g);
    g.n = out, g.depth = columns, g.accumulate = add;
    g.b = sums, g.b_step = out, g.c = dbias;
    ops->gemm(&g);
}

/* dx of one sample; dy: with its border. */
static void input_gradient(const mmofl_layer *layer, const mmofl_ops *ops,
                           const float *taps, const float *dy, border b, float *dx)
{
    const conv2d_options *o = layer->options;
    ptrdiff_t in = layer->in.dim[2], dx_row = layer->in.dim[1] * in;
    if (o->stride > o->kernel) /* some pixels are in no window */
        memset(dx, 0, sizeof(float) * mmofl_shape_count(layer->in));
    for (int ry = 0; ry < o->stride && ry < o->kernel; ry++)
        for (int rx = 0; rx < o->stride && rx < o->kernel; rx++) {
            int u, v;
            image_map phase = phase_map(layer, ry, rx, &u, &v);
            ptrdiff_t left = b.left + v - (phase.taps_x - 1);
            image_view view = {dy + left * o->out, border_row(&b), b.rows,
                               phase.taps_y - 1 - u};
            float *to = dx + (u * o->stride + ry - o->pad) * dx_row +
                        (v * o->stride + rx - o->pad) * in;
            if (phase.rows > 0 && phase.columns > 0)
                image_map_run(&phase, ops, taps, &view, to, o->stride * in,
                              o->stride * dx_row);
            taps += image_map_floats(&phase);
        }
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)w, (void)y;
    rooms room = rooms_of(layer, run->scratch);
    border in = x_border(layer), out = dy_border(layer);
    for (int s = 0; s < n; s++) {
        const float *g = dy.at + (size_t)s * dy.stride;
        const float *image = border_put(&in, x.at + (size_t)s * x.stride, room.x);
        bool add = !run->first || s > 0;
        weight_gradient(layer, run->ops, add, image, border_row(&in), g, dw);
        bias_gradient(layer, run->ops, add, g, room.sums, dw + layer->tensor[1].offset);
        if (dx.at)
            input_gradient(layer, run->ops, room.phases, border_put(&out, g, room.dy),
                           out, dx.at + (size_t)s * dx.stride);
    }
}

const mmofl_layer_kind MMOFL_LAYER_NAME(conv2d) = {
    .kind = {.name = "conv2d",
             .help = "convolution over an image, square window",
             .source = "PyTorch Conv2d",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(conv2d_options)},
    .uses_x = true,
    .starts_dw = true,
    .does_relu_after = true,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
};
