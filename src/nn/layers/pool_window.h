/* pool_window.h - windows over time (T, C) or over images (H, W, C): what max and
 * average pooling share.
 *
 * A series is an image of one row, with windows one pixel high. */
#ifndef MMOFL_NN_LAYERS_POOL_WINDOW_H
#define MMOFL_NN_LAYERS_POOL_WINDOW_H

#include <string.h>

#include "nn/kernels/vector.h"
#include "nn/layers/layers.h"

typedef struct pool_options {
    int kernel, stride, pad;
} pool_options;

#define POOL_OPTIONS                                                                   \
    MMOFL_INT_OPTION(pool_options, kernel, 1, 4096, NULL,                              \
                     "time steps in a window; height and width on an image"),          \
        MMOFL_INT_OPTION(pool_options, stride, 0, 4096, "0",                           \
                         "steps between windows; 0 = kernel"),                         \
        MMOFL_INT_OPTION(pool_options, pad, 0, 2048, "0",                              \
                         "padding at each end, at most half of kernel")

/* Windows along one axis. */
typedef struct pool_axis {
    int in, out; /* pixels, windows */
    int kernel, stride, pad;
} pool_axis;

typedef struct pool_geometry {
    pool_axis down, across;
    int channels;
    float share;   /* of a pixel in the mean of a window */
    bool positive; /* only a positive value wins a window */
} pool_geometry;

/* The real pixels of a window, which may start in the padding, along one axis: how
 * many, and the first one's number. */
typedef struct pool_range {
    int count, first;
} pool_range;

static inline pool_axis pool_axis_of(const pool_options *o, int in)
{
    pool_axis axis = {.in = in,
                      .kernel = o->kernel,
                      .stride = o->stride ? o->stride : o->kernel,
                      .pad = o->pad};
    axis.out = (in + 2 * o->pad - o->kernel) / axis.stride + 1;
    return axis;
}

static inline pool_geometry pool_geometry_of(const mmofl_layer *layer)
{
    const pool_options *o = layer->options;
    pool_geometry g = {.down = {1, 1, 1, 1, 0},
                       .across = pool_axis_of(o, layer->in.dim[layer->in.n - 2]),
                       .channels = layer->in.dim[layer->in.n - 1],
                       .positive = layer->relu_before};
    if (layer->in.n == 3)
        g.down = pool_axis_of(o, layer->in.dim[0]);
    g.share = 1.0f / (float)(g.down.kernel * g.across.kernel);
    return g;
}

static inline pool_range pool_range_of(const pool_axis *axis, int window)
{
    int start = window * axis->stride - axis->pad, end = start + axis->kernel;
    int first = start > 0 ? start : 0;
    end = end < axis->in ? end : axis->in;
    return (pool_range){end - first, first};
}

static inline mmofl_status pool_plan(mmofl_layer *layer, mmofl_error *err)
{
    const pool_options *o = layer->options;
    const char *name = layer->kind->kind.name;
    char shape[64];
    mmofl_shape_text(layer->in, shape, sizeof shape);
    if (layer->in.n != 2 && layer->in.n != 3)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "%s wants an input (time, channels) or (height, width, "
                          "channels), not %s",
                          name, shape);
    if (2 * o->pad > o->kernel)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: pad %d is more than half of kernel %d", name, o->pad,
                          o->kernel);
    for (int axis = 0; axis + 1 < layer->in.n; axis++) {
        if (layer->in.dim[axis] + 2 * o->pad < o->kernel)
            return mmofl_fail(err, MMOFL_E_SHAPE,
                              "%s: kernel %d is longer than the input %s with pad %d",
                              name, o->kernel, shape, o->pad);
        layer->out.dim[axis] = pool_axis_of(o, layer->in.dim[axis]).out;
    }
    pool_geometry g = pool_geometry_of(layer);
    layer->flops = (double)mmofl_shape_count(layer->out) * g.down.kernel;
    layer->flops *= g.across.kernel;
    layer->dx_flops = layer->flops;
    return MMOFL_OK;
}

/* ---------------------------------------------------------------- one window
 *
 * A vector of channels at a time, so that what becomes of the window's real pixels,
 * numbered row by row, stays in registers. */

/* What is done: always a constant, so that there is code for each. */
typedef struct pool_work {
    bool backward, largest; /* or forward, mean */
    bool winner;            /* largest: there is a winner to write or read */
    bool add;               /* backward: windows overlap, and pixels add up */
} pool_work;

/* Some channels of a window. */
typedef struct pool_part {
    int rows, columns;     /* real pixels */
    ptrdiff_t row, column; /* floats to the next one */
    bool positive;         /* as in pool_geometry */
    bool partly;           /* fewer channels than a vector has lanes: ... */
    lanes some;            /* ... these */
} pool_part;

enum { NOBODY = -1 }; /* no pixel's number */

/* y = the largest value, and which pixel it is from; or the mean.  The first of equals
 * wins; NaN is larger than any number. */
INLINE void pool_take(pool_work work, pool_part p, float share, const float *x,
                      float *y, float *winner)
{
    vec best = load_some(x, p.partly, p.some), from = splat(0);
    float pixel = 0;
    for (int i = 0; i < p.rows; i++)
        for (int j = 0; j < p.columns; j++, pixel++) {
            if (i + j == 0)
                continue;
            vec here = load_some(x + i * p.row + j * p.column, p.partly, p.some);
            choice wins = larger_or_nan(here, best);
            from = choose(wins, splat(pixel), from);
            best = work.largest ? choose(wins, here, best) : best + here;
        }
    if (p.positive)
        from = choose(larger(best, splat(0)), from, splat(NOBODY));
    store_some(y, p.partly, p.some, work.largest ? best : share * best);
    if (work.winner)
        store_some(winner, p.partly, p.some, from);
}

/* What a window's gradient dy is to each of its pixels. */
INLINE void pool_give(pool_work work, pool_part p, float share, const float *dy,
                      const float *winner, float *dx)
{
    vec value = load_some(dy, p.partly, p.some), from = value;
    float pixel = 0;
    if (work.largest)
        from = load_some(winner, p.partly, p.some);
    else
        value = share * value;
    for (int i = 0; i < p.rows; i++)
        for (int j = 0; j < p.columns; j++, pixel++) {
            float *to = dx + i * p.row + j * p.column;
            vec given = value;
            if (work.largest)
                given = choose(equal(from, splat(pixel)), value, splat(0));
            given = work.add ? load_some(to, p.partly, p.some) + given : given;
            store_some(to, p.partly, p.some, given);
        }
}

/* ---------------------------------------------------------------- all windows */

/* Channels from c on of one window; image, out and winner: its channel 0. */
INLINE void pool_channels(pool_work work, pool_part p, float share, ptrdiff_t c,
                          float *image, float *out, float *winner)
{
    winner = work.winner ? winner + c : NULL;
    if (work.backward)
        pool_give(work, p, share, out + c, winner, image + c);
    else
        pool_take(work, p, share, image + c, out + c, winner);
}

/* `count` windows beside each other, all alike; image: the first one's first pixel, of
 * x or dx; out: its place in y or dy. */
INLINE void pool_alike(pool_work work, pool_part p, const pool_geometry *g, int count,
                       float *image, float *out, float *winner)
{
    const ptrdiff_t channels = g->channels, whole = channels / VECTOR * VECTOR,
                    step = g->across.stride * channels;
    const float share = g->share;
    for (; count > 0; count--) {
        p.partly = false;
        for (ptrdiff_t c = 0; c < whole; c += VECTOR)
            pool_channels(work, p, share, c, image, out, winner);
        p.partly = true;
        if (whole < channels)
            pool_channels(work, p, share, whole, image, out, winner);
        image += step, out += channels, winner += work.winner ? channels : 0;
    }
}

/* Windows from number q on that are like it: all those without padding, or one. */
static inline int pool_count_alike(const pool_axis *axis, int q, pool_range range)
{
    int last = (axis->in + axis->pad - axis->kernel) / axis->stride;
    return range.count == axis->kernel && last > q ? last - q + 1 : 1;
}

/* One sample: its image is x or dx, out is y or dy; winner: which pixel of its window
 * each value of y came from. */
INLINE void pool_windows(pool_work work, const pool_geometry *g, float *image,
                         float *out, float *winner)
{
    int rest = g->channels % VECTOR;
    pool_part p = {.row = (ptrdiff_t)g->across.in * g->channels,
                   .column = g->channels,
                   .positive = g->positive,
                   .some = lanes_of(rest ? rest : VECTOR)};
    for (int r = 0; r < g->down.out; r++) {
        pool_range down = pool_range_of(&g->down, r);
        for (int q = 0, count; q < g->across.out; q += count) {
            pool_range across = pool_range_of(&g->across, q);
            count = pool_count_alike(&g->across, q, across);
            float *from = image + down.first * p.row + across.first * p.column;
            p.rows = down.count, p.columns = across.count;
            /* Most windows are of two pixels, one way or both: constant loops. */
            if (p.rows == 2 && p.columns == 2)
                p.rows = p.columns = 2,
                pool_alike(work, p, g, count, from, out, winner);
            else if (p.rows == 1 && p.columns == 2)
                p.rows = 1, p.columns = 2,
                pool_alike(work, p, g, count, from, out, winner);
            else
                pool_alike(work, p, g, count, from, out, winner);
            ptrdiff_t done = (ptrdiff_t)count * g->channels;
            out += done, winner += work.winner ? done : 0;
        }
    }
}

/* winner: of no use after forward, NULL; where the mean is taken, too. */
INLINE void pool_forward(const pool_geometry *g, bool largest, float *x, float *y,
                         float *winner)
{
    if (winner)
        pool_windows((pool_work){.largest = largest, .winner = true}, g, x, y, winner);
    else
        pool_windows((pool_work){.largest = largest}, g, x, y, NULL);
}

static inline bool pool_overlaps(const pool_axis *axis)
{
    return axis->stride < axis->kernel;
}

static inline bool pool_covers(const pool_axis *axis)
{
    return axis->stride == axis->kernel && axis->pad == 0 &&
           axis->out * axis->kernel == axis->in;
}

/* winner: as forward left it. */
INLINE void pool_backward(const pool_geometry *g, bool largest, float *dy,
                          float *winner, float *dx)
{
    bool add = pool_overlaps(&g->down) || pool_overlaps(&g->across);
    if (add || !pool_covers(&g->down) || !pool_covers(&g->across))
        memset(dx, 0,
               sizeof(float) * (size_t)(g->down.in * g->across.in * g->channels));
    if (add)
        pool_windows((pool_work){true, largest, largest, true}, g, dx, dy, winner);
    else
        pool_windows((pool_work){true, largest, largest, false}, g, dx, dy, winner);
}

#endif
