/* normalize.h - y = weight * (x - mean) / sqrt(variance + eps) + bias over sets of
 * values.
 *
 * What group norm and layer norm share.  A sample is (rows, channels); it is cut into
 * sets of `set_rows` rows by `set_channels` channels.  Layer norm: one row, all
 * channels.  Group norm: all rows, channels / groups.  Scratch keeps (mean, 1/sd) of
 * each set.
 *
 * Gradient of one set with N values, h = dy * weight, xhat = (x - mean) / sd:
 *   dx = (h - mean(h) - xhat * mean(h * xhat)) / sd. */
#ifndef MMOFL_NN_LAYERS_NORMALIZE_H
#define MMOFL_NN_LAYERS_NORMALIZE_H

#include <math.h>

#include "nn/kernels/vector_math.h"
#include "nn/layers/layers.h"

typedef struct normalize_sets {
    size_t rows, channels;         /* of a sample */
    size_t set_rows, set_channels; /* of a set */
    float eps;
} normalize_sets;

static inline size_t normalize_set_count(const normalize_sets *s)
{
    return s->rows / s->set_rows * (s->channels / s->set_channels);
}

static inline mmofl_status normalize_plan(mmofl_layer *layer,
                                          const normalize_sets *sets)
{
    size_t channels = sets->channels;
    mmofl_layer_add_tensor(layer, (mmofl_tensor_plan){.name = "weight",
                                                      .n_dims = 1,
                                                      .dim = {channels},
                                                      .axis = {0},
                                                      .constant = 1.0f});
    mmofl_layer_add_tensor(
        layer, (mmofl_tensor_plan){
                   .name = "bias", .n_dims = 1, .dim = {channels}, .axis = {0}});
    layer->sample_scratch = 2 * normalize_set_count(sets);
    layer->flops = 8.0 * (double)mmofl_shape_count(layer->in);
    layer->dw_flops = 4.0 * (double)mmofl_shape_count(layer->in);
    layer->dx_flops = 10.0 * (double)mmofl_shape_count(layer->in);
    return MMOFL_OK;
}

/* First value of set i of a sample. */
static inline size_t normalize_start(const normalize_sets *s, size_t i)
{
    size_t across = s->channels / s->set_channels;
    return i / across * s->set_rows * s->channels + i % across * s->set_channels;
}

/* Sums over a set run in double, in index order. */
static inline void normalize_forward(const mmofl_layer *layer, const normalize_sets *s,
                                     float *kept, const float *w, const float *x,
                                     float *y)
{
    const float *bias = w + layer->tensor[1].offset;
    double count = (double)(s->set_rows * s->set_channels);
    for (size_t i = 0; i < normalize_set_count(s); i++) {
        size_t start = normalize_start(s, i), first = start % s->channels;
        double sum = 0, squares = 0;
        for (size_t r = 0; r < s->set_rows; r++)
            for (size_t c = 0; c < s->set_channels; c++)
                sum += (double)x[start + r * s->channels + c];
        double mean = sum / count;
        for (size_t r = 0; r < s->set_rows; r++)
            for (size_t c = 0; c < s->set_channels; c++) {
                double d = (double)x[start + r * s->channels + c] - mean;
                squares += d * d;
            }
        float inverse = (float)(1 / sqrt(squares / count + (double)s->eps));
        kept[2 * i] = (float)mean, kept[2 * i + 1] = inverse;
        for (size_t r = 0; r < s->set_rows; r++)
            for (size_t c = 0; c < s->set_channels; c++) {
                size_t at = start + r * s->channels + c;
                y[at] =
                    mla((x[at] - (float)mean) * inverse, w[first + c], bias[first + c]);
            }
    }
}

static inline void normalize_backward(const mmofl_layer *layer, const normalize_sets *s,
                                      const float *kept, const float *w, const float *x,
                                      const float *dy, float *dx, float *dw)
{
    float *dbias = dw + layer->tensor[1].offset;
    double count = (double)(s->set_rows * s->set_channels);
    for (size_t i = 0; i < normalize_set_count(s); i++) {
        size_t start = normalize_start(s, i), first = start % s->channels;
        float mean = kept[2 * i], inverse = kept[2 * i + 1];
        double sum_h = 0, sum_hx = 0;
        for (size_t r = 0; r < s->set_rows; r++)
            for (size_t c = 0; c < s->set_channels; c++) {
                size_t at = start + r * s->channels + c;
                float xhat = (x[at] - mean) * inverse, h = dy[at] * w[first + c];
                sum_h += (double)h;
                sum_hx += (double)h * (double)xhat;
                dw[first + c] = mla(dy[at], xhat, dw[first + c]);
                dbias[first + c] += dy[at];
            }
        if (!dx)
            continue;
        float mean_h = (float)(sum_h / count), mean_hx = (float)(sum_hx / count);
        for (size_t r = 0; r < s->set_rows; r++)
            for (size_t c = 0; c < s->set_channels; c++) {
                size_t at = start + r * s->channels + c;
                float xhat = (x[at] - mean) * inverse, h = dy[at] * w[first + c];
                dx[at] = (h - mean_h - xhat * mean_hx) * inverse;
            }
    }
}

/* forward and backward over n samples, for a file that defines sets_of(layer). */
#define NORMALIZE_LAYER                                                                \
    static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,   \
                        const float *w, mmofl_span x, mmofl_span y)                    \
    {                                                                                  \
        normalize_sets sets = sets_of(layer);                                          \
        for (int s = 0; s < n; s++)                                                    \
            normalize_forward(                                                         \
                layer, &sets, run->scratch + (size_t)s * layer->sample_scratch, w,     \
                x.at + (size_t)s * x.stride, y.at + (size_t)s * y.stride);             \
    }                                                                                  \
    static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,  \
                         const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,    \
                         mmofl_span dx, float *dw)                                     \
    {                                                                                  \
        (void)y;                                                                       \
        normalize_sets sets = sets_of(layer);                                          \
        for (int s = 0; s < n; s++)                                                    \
            normalize_backward(                                                        \
                layer, &sets, run->scratch + (size_t)s * layer->sample_scratch, w,     \
                x.at + (size_t)s * x.stride, dy.at + (size_t)s * dy.stride,            \
                dx.at ? dx.at + (size_t)s * dx.stride : NULL, dw);                     \
    }

#endif
