/* image_map.h - each output pixel is a window of an image times W: what the two
 * directions of a 2-D convolution share.
 *
 * Images lie (rows, columns, channels).  A window of taps_y x taps_x pixels is taps_y
 * runs of taps_x*C_in contiguous floats, so the image is read in place and each row of
 * output pixels is one product:
 *
 *     y[r,q,:] = bias + sum_ty  x[r*stride + ty, q*stride ... + taps_x, :] W[ty]
 *
 * Few output channels would leave most of a vector empty.  Then `pack` neighbouring
 * pixels are computed as one pixel of pack*C_out channels, whose window is
 * (pack-1)*stride pixels wider and whose weights are zero where a pixel does not look:
 *
 *     pack 2, taps 3, stride 1:      w0 w1 w2  0        columns of pixel q
 *                                     0 w0 w1 w2        columns of pixel q + 1
 *
 * The zeros cost (pack-1)*stride / taps_x more steps and change no sum. */
#ifndef MMOFL_NN_LAYERS_IMAGE_MAP_H
#define MMOFL_NN_LAYERS_IMAGE_MAP_H

#include <assert.h>
#include <string.h>

#include "nn/layer.h"

typedef struct image_map {
    int rows, columns; /* of output pixels */
    int taps_y, taps_x;
    int stride;   /* input pixels from one output pixel to the next, both ways */
    int in, out;  /* channels */
    int pack;     /* output pixels computed as one */
    bool rectify; /* y = max(y, 0) */
} image_map;

/* Weight (ty, tx, c_in, c_out) lies at + ty*y + tx*x + c_in*in + c_out*out. */
typedef struct image_weights {
    const float *at;
    ptrdiff_t y, x, in, out;
} image_weights;

enum { IMAGE_VECTOR = 16, IMAGE_PACK_MOST = 8 };

/* The share of lanes and steps that are wasted, as work done / work wanted. */
static inline double image_map_waste(int pack, int taps_x, int stride, int out)
{
    int lanes = (pack * out + IMAGE_VECTOR - 1) / IMAGE_VECTOR * IMAGE_VECTOR;
    double steps = (double)(taps_x + (pack - 1) * stride) / taps_x;
    return lanes * steps / (pack * out);
}

/* The pack that wastes least.  It must not depend on the instruction set: an infinite
 * input times a zero is NaN, in the same places everywhere. */
static inline int image_map_best_pack(int columns, int taps_x, int stride, int out)
{
    int best = 1;
    for (int pack = 2; pack <= IMAGE_PACK_MOST && pack <= columns; pack++)
        if (image_map_waste(pack, taps_x, stride, out) <
            0.9 * image_map_waste(best, taps_x, stride, out))
            best = pack;
    return best;
}

/* Floats of a window in one image row, and of all packed weights with their bias. */
static inline int image_map_depth(const image_map *map)
{
    return (map->taps_x + (map->pack - 1) * map->stride) * map->in;
}

static inline size_t image_map_floats(const image_map *map)
{
    size_t columns = (size_t)map->pack * (size_t)map->out;
    return ((size_t)map->taps_y * (size_t)image_map_depth(map) + 1) * columns;
}

/* One tap's (in, out) block into rows of `columns` floats; neighbours in memory are
 * either its outputs or its inputs. */
static inline void image_map_block(const image_map *map, const mmofl_ops *ops,
                                   const float *from, const image_weights *w, float *to,
                                   int columns)
{
    size_t in = (size_t)map->in, out = (size_t)map->out;
    if (w->in == 1) {
        ops->transpose(to, (size_t)columns, from, (size_t)w->out, out, in);
        return;
    }
    assert(w->out == 1);
    for (size_t c = 0; c < in; c++)
        memcpy(to + c * (size_t)columns, from + (ptrdiff_t)c * w->in,
               sizeof(float) * out);
}

/* Write the weights (taps_y, window, in, pack*out), then pack times the bias (or
 * zeros); returns what follows them in memory. */
static inline float *image_map_prepare(const image_map *map, const mmofl_ops *ops,
                                       const image_weights *w, const float *bias,
                                       float *to)
{
    int columns = map->pack * map->out;
    ptrdiff_t run = (ptrdiff_t)image_map_depth(map) * columns;
    memset(to, 0, sizeof(float) * image_map_floats(map));
    for (int ty = 0; ty < map->taps_y; ty++, to += run)
        for (int p = 0; p < map->pack; p++)
            for (int tx = 0; tx < map->taps_x; tx++)
                image_map_block(map, ops, w->at + ty * w->y + tx * w->x, w,
                                to + (tx + p * map->stride) * map->in * columns +
                                    p * map->out,
                                columns);
    for (int p = 0; bias && p < map->pack; p++)
        memcpy(to + p * map->out, bias, sizeof(float) * (size_t)map->out);
    return to + columns;
}

/* One sample's image: `rows` rows of `row` floats.  The first window starts `above`
 * rows before it; there, and below it, are zeros that need not exist. */
typedef struct image_view {
    const float *at;
    ptrdiff_t row;
    int rows, above;
} image_view;

/* `rows` rows of output from row r on, with the taps ty in [from, end) of each; g: as
 * for row 0 and all taps. */
static inline void image_map_rows(const image_map *map, const mmofl_ops *ops,
                                  const image_view *x, mmofl_gemm g, int r, int rows,
                                  int from, int end)
{
    g.a += ((ptrdiff_t)r * map->stride + from - x->above) * x->row;
    g.b += from * g.b_run;
    g.c += r * g.c_group;
    g.runs = end - from, g.groups = rows;
    ops->gemm(&g);
    if (map->columns % map->pack == 0)
        return;
    /* The last columns once more from the right edge: some pixels are written twice,
     * with the same values. */
    ptrdiff_t last = map->columns - map->pack;
    g.m = 1;
    g.a += last * map->stride * map->in;
    g.c += last * (g.c_row / map->pack);
    ops->gemm(&g);
}

/* A row of output pixels whose windows see nothing but zeros. */
static inline void image_map_bias(const image_map *map, const float *bias, float *y,
                                  ptrdiff_t y_pixel)
{
    for (int q = 0; q < map->columns; q++, y += y_pixel)
        for (int c = 0; c < map->out; c++)
            y[c] = map->rectify && 0.0f > bias[c] ? 0.0f : bias[c];
}

/* y: output pixels y_pixel floats apart (C_out when packed) in rows of y_row floats.
 * prepared: by image_map_prepare.  Output rows whose windows are inside go together;
 * those at an edge leave out the taps that meet its zeros. */
static inline void image_map_run(const image_map *map, const mmofl_ops *ops,
                                 const float *prepared, const image_view *x, float *y,
                                 ptrdiff_t y_pixel, ptrdiff_t y_row)
{
    int columns = map->pack * map->out, depth = image_map_depth(map);
    mmofl_gemm g = {.m = map->columns / map->pack,
                    .n = columns,
                    .depth = depth,
                    .a = x->at,
                    .a_row = (ptrdiff_t)map->pack * map->stride * map->in,
                    .a_step = 1,
                    .a_run = x->row,
                    .b = prepared,
                    .b_step = columns,
                    .b_run = (ptrdiff_t)depth * columns,
                    .c = y,
                    .c_row = map->pack * y_pixel,
                    .a_group = map->stride * x->row,
                    .c_group = y_row,
                    .bias = prepared + (ptrdiff_t)map->taps_y * depth * columns,
                    .rectify = map->rectify};
    for (int r = 0, rows; r < map->rows; r += rows) {
        int top = r * map->stride - x->above, from = -top, end = x->rows - top;
        from = from < 0 ? 0 : from;
        end = end > map->taps_y ? map->taps_y : end;
        rows = 1;
        if (from == 0 && end == map->taps_y) /* and so are the next ones */
            rows = (x->rows - map->taps_y - top) / map->stride + 1;
        rows = rows < map->rows - r ? rows : map->rows - r;
        if (from < end)
            image_map_rows(map, ops, x, g, r, rows, from, end);
        else
            image_map_bias(map, g.bias, y + r * y_row, y_pixel);
    }
}

#endif
