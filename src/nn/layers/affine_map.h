/* affine_map.h - y = x W + b over windows of rows: what linear layers and convolutions
 * share.
 *
 * An output row is the product of a window of `depth` contiguous input floats with W,
 * stored (depth, C_out).  Window r of a sample starts r*step floats after its first
 * one.  A linear layer has windows of one row; a 1-D convolution of `kernel` rows,
 * `stride` rows apart. */
#ifndef MMOFL_NN_LAYERS_AFFINE_MAP_H
#define MMOFL_NN_LAYERS_AFFINE_MAP_H

#include <math.h>

#include "nn/layer.h"

typedef struct mmofl_affine_map {
    size_t rows;     /* output rows of a sample */
    size_t step;     /* floats from one window to the next */
    size_t depth;    /* floats in a window */
    size_t channels; /* C_out */
    bool rectify;    /* y = max(y, 0) */
} mmofl_affine_map;

/* Add a weight, PyTorch's (out, in), and a bias (out), which follows it directly. */
static inline void affine_map_add_tensors(mmofl_layer *layer, const char *weight,
                                          const char *bias, size_t in, size_t out)
{
    float bound = (float)(1 / sqrt((double)in));
    mmofl_layer_add_tensor(layer, (mmofl_tensor_plan){.name = weight,
                                                      .n_dims = 2,
                                                      .dim = {out, in},
                                                      .axis = {1, 0},
                                                      .bound = bound});
    mmofl_layer_add_tensor(
        layer,
        (mmofl_tensor_plan){
            .name = bias, .n_dims = 1, .dim = {out}, .axis = {0}, .bound = bound});
}

/* y[s,r,:] = bias + x[s, r*step ... + depth] W */
static inline void affine_map_forward(const mmofl_affine_map *map, const mmofl_ops *ops,
                                      int n, const float *w, const float *bias,
                                      const float *x, size_t x_stride, float *y,
                                      size_t y_stride)
{
    mmofl_gemm g = {.m = (int)map->rows,
                    .n = (int)map->channels,
                    .depth = (int)map->depth,
                    .a = x,
                    .a_row = (ptrdiff_t)map->step,
                    .a_step = 1,
                    .b = w,
                    .b_step = (ptrdiff_t)map->channels,
                    .c = y,
                    .c_row = (ptrdiff_t)map->channels,
                    .groups = n,
                    .a_group = (ptrdiff_t)x_stride,
                    .c_group = (ptrdiff_t)y_stride,
                    .bias = bias,
                    .rectify = map->rectify};
    if (map->rows == 1) { /* one row a sample: the samples are the rows */
        g.m = n, g.groups = 1;
        g.a_row = (ptrdiff_t)x_stride, g.c_row = (ptrdiff_t)y_stride;
    }
    ops->gemm(&g);
}

/* dW += sum over s, r of window^T dy; dbias += sum over s, r of dy; first: = instead of
 * +=.  dbias directly follows dW. */
static inline void affine_map_gradient(const mmofl_affine_map *map,
                                       const mmofl_ops *ops, bool first, int n,
                                       const float *x, size_t x_stride, const float *dy,
                                       size_t dy_stride, float *dw, float *dbias)
{
    static const float one = 1.0f;
    mmofl_gemm g = {.m = (int)map->depth,
                    .n = (int)map->channels,
                    .depth = (int)map->rows,
                    .a = x,
                    .a_row = 1,
                    .a_step = (ptrdiff_t)map->step,
                    .b = dy,
                    .b_step = (ptrdiff_t)map->channels,
                    .c = dw,
                    .c_row = (ptrdiff_t)map->channels,
                    .groups = n,
                    .a_group = (ptrdiff_t)x_stride,
                    .b_group = (ptrdiff_t)dy_stride,
                    .accumulate = !first};
    if (map->rows == 1) {
        g.depth = n, g.groups = 1;
        g.a_step = (ptrdiff_t)x_stride, g.b_step = (ptrdiff_t)dy_stride;
    }
    ops->gemm(&g);
    /* The bias sees a constant input of one. */
    g.m = 1, g.a = &one, g.a_row = 0, g.a_step = 0, g.a_group = 0, g.c = dbias;
    ops->gemm(&g);
}

#endif
