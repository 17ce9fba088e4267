/* pool_window.h - windows over time: what max and average pooling share. */
#ifndef MMOFL_NN_LAYERS_POOL_WINDOW_H
#define MMOFL_NN_LAYERS_POOL_WINDOW_H

#include "nn/layers/layers.h"

typedef struct pool_options {
    int kernel, stride, pad;
} pool_options;

#define POOL_OPTIONS                                                                   \
    MMOFL_INT_OPTION(pool_options, kernel, 1, 4096, NULL, "time steps in a window"),   \
        MMOFL_INT_OPTION(pool_options, stride, 0, 4096, "0",                           \
                         "time steps between windows; 0 = kernel"),                    \
        MMOFL_INT_OPTION(pool_options, pad, 0, 2048, "0",                              \
                         "padding at each end, at most half of kernel")

static inline int pool_stride(const pool_options *o)
{
    return o->stride ? o->stride : o->kernel;
}

/* The real time steps of window t: [*from, *to). */
static inline void pool_window(const mmofl_layer *layer, int t, int *from, int *to)
{
    const pool_options *o = layer->options;
    int start = t * pool_stride(o) - o->pad, end = start + o->kernel;
    *from = start > 0 ? start : 0;
    *to = end < layer->in.dim[0] ? end : layer->in.dim[0];
}

static inline mmofl_status pool_plan(mmofl_layer *layer, mmofl_error *err)
{
    const pool_options *o = layer->options;
    const char *name = layer->kind->kind.name;
    if (layer->in.n != 2) {
        char shape[64];
        mmofl_shape_text(layer->in, shape, sizeof shape);
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "%s wants an input (time, channels), not %s", name, shape);
    }
    if (2 * o->pad > o->kernel)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: pad %d is more than half of kernel %d", name, o->pad,
                          o->kernel);
    int rows = layer->in.dim[0] + 2 * o->pad;
    if (rows < o->kernel)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "%s: kernel %d is longer than the input of %d time steps",
                          name, o->kernel, layer->in.dim[0]);
    layer->out.dim[0] = (rows - o->kernel) / pool_stride(o) + 1;
    layer->flops = (double)mmofl_shape_count(layer->out) * o->kernel;
    layer->dx_flops = layer->flops;
    return MMOFL_OK;
}

#endif
