/* pool_window.h - windows over time (T, C) or over images (H, W, C): what max and
 * average pooling share.
 *
 * A series is an image that is one pixel wide, with windows one pixel wide. */
#ifndef MMOFL_NN_LAYERS_POOL_WINDOW_H
#define MMOFL_NN_LAYERS_POOL_WINDOW_H

#include <string.h>

#include "nn/layers/layers.h"

#define POOL_INLINE static inline __attribute__((always_inline))

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

enum { POOL_LANES = 16 };

typedef struct pool_geometry {
    pool_axis down, across;
    int channels, reach; /* reach: rounded up to whole vectors */
    float share;         /* of a pixel in the mean of a window */
} pool_geometry;

/* The real pixels of a window along one axis: [from, to); the window starts at `start`,
 * maybe in the padding. */
typedef struct pool_range {
    int start, from, to;
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
    pool_geometry g = {.down = pool_axis_of(o, layer->in.dim[0]),
                       .across = {1, 1, 1, 1, 0},
                       .channels = layer->in.dim[layer->in.n - 1]};
    if (layer->in.n == 3)
        g.across = pool_axis_of(o, layer->in.dim[1]);
    g.reach = (g.channels + POOL_LANES - 1) / POOL_LANES * POOL_LANES;
    g.share = 1.0f / (float)(g.down.kernel * g.across.kernel);
    return g;
}

static inline pool_range pool_range_of(const pool_axis *axis, int window)
{
    int start = window * axis->stride - axis->pad, end = start + axis->kernel;
    return (pool_range){start, start > 0 ? start : 0, end < axis->in ? end : axis->in};
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

/* ---------------------------------------------------------------- channels
 *
 * The loops below run over the n channels of one pixel.  A few channels (six filters)
 * would leave them to scalar code, so n is rounded up to whole vectors: the values past
 * the channels are the next pixel's and are written again when its turn comes, for
 * pixels are visited in the order of memory.  At the end of an image, n is exact. */

/* Some taps of a window: where their pixels are, and their numbers. */
enum { POOL_TAPS = 4 };
typedef struct pool_taps {
    int n;
    const float *x[POOL_TAPS];
    float number[POOL_TAPS];
} pool_taps;

/* One more tap: a larger value than the best so far and where it is from, or the sum.
 */
POOL_INLINE void pool_fold(bool largest, float here, float tap, float *best,
                           float *from)
{
    bool wins = (here > *best) | (here != here);
    *from = wins ? tap : *from;
    *best = !largest ? *best + here : wins ? here : *best;
}

/* `count` taps (a constant) at once, so that values stay in registers between them. */
POOL_INLINE void pool_take(bool largest, bool first, int count, const pool_taps *taps,
                           int n, float *restrict y, float *restrict winner)
{
    const float *x0 = taps->x[0], *x1 = taps->x[1], *x2 = taps->x[2], *x3 = taps->x[3];
    const float t0 = taps->number[0], t1 = taps->number[1], t2 = taps->number[2],
                t3 = taps->number[3];
#pragma omp simd
    for (int c = 0; c < n; c++) {
        float best = first ? x0[c] : y[c], from = t0;
        if (largest && !first)
            from = winner[c];
        if (!first)
            pool_fold(largest, x0[c], t0, &best, &from);
        if (count > 1)
            pool_fold(largest, x1[c], t1, &best, &from);
        if (count > 2)
            pool_fold(largest, x2[c], t2, &best, &from);
        if (count > 3)
            pool_fold(largest, x3[c], t3, &best, &from);
        y[c] = best;
        if (largest)
            winner[c] = from;
    }
}

POOL_INLINE void pool_take_some(bool largest, bool first, const pool_taps *taps, int n,
                                float *y, float *winner)
{
    switch (taps->n) {
    case 1:
        pool_take(largest, first, 1, taps, n, y, winner);
        break;
    case 2:
        pool_take(largest, first, 2, taps, n, y, winner);
        break;
    case 3:
        pool_take(largest, first, 3, taps, n, y, winner);
        break;
    default:
        pool_take(largest, first, POOL_TAPS, taps, n, y, winner);
        break;
    }
}

/* What a window's gradient dy is to its pixel number `tap`. */
POOL_INLINE void pool_give(bool largest, bool add, const float *restrict dy, float tap,
                           float share, int n, const float *restrict winner,
                           float *restrict dx)
{
#pragma omp simd
    for (int c = 0; c < n; c++) {
        float value = share * dy[c];
        if (largest)
            value = winner[c] == tap ? dy[c] : 0.0f;
        dx[c] = add ? dx[c] + value : value;
    }
}

/* ---------------------------------------------------------------- passes */

/* One window: its largest value and that one's tap, or its mean. */
POOL_INLINE void pool_window(const pool_geometry *g, bool largest, pool_range down,
                             pool_range across, const float *x, int n, float *y,
                             float *winner)
{
    pool_taps taps = {0};
    bool first = true;
    for (int i = down.from; i < down.to; i++)
        for (int j = across.from; j < across.to; j++) {
            taps.x[taps.n] = x + ((ptrdiff_t)i * g->across.in + j) * g->channels;
            taps.number[taps.n++] =
                (float)((i - down.start) * g->across.kernel + j - across.start);
            bool last = i == down.to - 1 && j == across.to - 1;
            if (taps.n < POOL_TAPS && !last)
                continue;
            if (first)
                pool_take_some(largest, true, &taps, n, y, winner);
            else
                pool_take_some(largest, false, &taps, n, y, winner);
            first = false, taps.n = 0;
        }
    for (int c = 0; !largest && c < n; c++)
        y[c] *= g->share;
}

/* One sample; winner: which tap of its window each value of y came from, if largest. */
POOL_INLINE void pool_forward(const pool_geometry *g, bool largest, const float *x,
                              float *y, float *winner)
{
    ptrdiff_t x_count = (ptrdiff_t)g->down.in * g->across.in * g->channels;
    ptrdiff_t left = (ptrdiff_t)g->down.out * g->across.out * g->channels;
    for (int r = 0; r < g->down.out; r++) {
        pool_range down = pool_range_of(&g->down, r);
        for (int q = 0; q < g->across.out; q++) {
            pool_range across = pool_range_of(&g->across, q);
            ptrdiff_t last = (ptrdiff_t)(down.to - 1) * g->across.in + across.to - 1;
            bool fits = last * g->channels + g->reach <= x_count && g->reach <= left;
            pool_window(g, largest, down, across, x, fits ? g->reach : g->channels, y,
                        winner);
            y += g->channels, left -= g->channels;
            winner += largest ? g->channels : 0;
        }
    }
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

/* A row of windows gives to one row of the image, where their taps start at `tap`. */
POOL_INLINE void pool_give_row(const pool_geometry *g, bool largest, bool add, int tap,
                               const float *dy, const float *winner, float *dx)
{
    bool joined = !add && g->across.stride == g->across.kernel;
    ptrdiff_t left = (ptrdiff_t)g->across.out * g->channels;
    for (int q = 0; q < g->across.out; q++) {
        pool_range across = pool_range_of(&g->across, q);
        left -= g->channels; /* the windows after this one write so much and more */
        int n = joined && left >= g->reach ? g->reach : g->channels;
        for (int j = across.from; j < across.to; j++)
            pool_give(largest, add, dy, (float)(tap + j - across.start), g->share, n,
                      winner, dx + (ptrdiff_t)j * g->channels);
        dy += g->channels, winner += largest ? g->channels : 0;
    }
}

/* One sample; winner: as forward left it. */
POOL_INLINE void pool_backward(const pool_geometry *g, bool largest, const float *dy,
                               const float *winner, float *dx)
{
    bool add = pool_overlaps(&g->down) || pool_overlaps(&g->across);
    ptrdiff_t dx_row = (ptrdiff_t)g->across.in * g->channels;
    ptrdiff_t dy_row = (ptrdiff_t)g->across.out * g->channels;
    if (add || !pool_covers(&g->down) || !pool_covers(&g->across))
        memset(dx, 0, sizeof(float) * (size_t)(g->down.in * dx_row));
    for (int r = 0; r < g->down.out; r++) {
        pool_range down = pool_range_of(&g->down, r);
        for (int i = down.from; i < down.to; i++) {
            int tap = (i - down.start) * g->across.kernel;
            if (add)
                pool_give_row(g, largest, true, tap, dy, winner, dx + i * dx_row);
            else
                pool_give_row(g, largest, false, tap, dy, winner, dx + i * dx_row);
        }
        dy += dy_row, winner += largest ? dy_row : 0;
    }
}

#endif
