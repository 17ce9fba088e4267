/* normalize.h - y = weight * (x - mean) / sqrt(variance + eps) + bias over sets of
 * values.
 *
 * What group norm and layer norm share.  A sample is (rows, channels); it is cut into
 * sets of `set_rows` rows by `set_channels` channels.  Layer norm: one row, all
 * channels.  Group norm: all rows, channels / groups.
 *
 * Sums over a set run down the rows for each channel at a time (vector code across the
 * channels), in double, and then over the channels in their order.  Scratch: two sums
 * for each channel, then (mean, 1/sd) of each set of each sample.
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
    layer->fixed_scratch = 2 * channels * (sizeof(double) / sizeof(float));
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

static inline double normalize_total(const double *sum, size_t n)
{
    double total = 0;
    for (size_t c = 0; c < n; c++)
        total += sum[c];
    return total;
}

/* One set: x and y at its first value, w and bias at its first channel. */
static inline void normalize_set(const normalize_sets *s, double *restrict sum,
                                 float *kept, const float *restrict w,
                                 const float *restrict bias, const float *restrict x,
                                 float *restrict y)
{
    size_t rows = s->set_rows, n = s->set_channels, stride = s->channels;
    double count = (double)(rows * n);
    for (size_t c = 0; c < n; c++)
        sum[c] = 0;
    for (size_t r = 0; r < rows; r++) {
#pragma omp simd
        for (size_t c = 0; c < n; c++)
            sum[c] += (double)x[r * stride + c];
    }
    double mean = normalize_total(sum, n) / count;
    for (size_t c = 0; c < n; c++)
        sum[c] = 0;
    for (size_t r = 0; r < rows; r++) {
#pragma omp simd
        for (size_t c = 0; c < n; c++) {
            double d = (double)x[r * stride + c] - mean;
            sum[c] += d * d;
        }
    }
    float m = (float)mean;
    float inverse = (float)(1 / sqrt(normalize_total(sum, n) / count + (double)s->eps));
    kept[0] = m, kept[1] = inverse;
    for (size_t r = 0; r < rows; r++) {
#pragma omp simd
        for (size_t c = 0; c < n; c++)
            y[r * stride + c] = mla((x[r * stride + c] - m) * inverse, w[c], bias[c]);
    }
}

/* The same set backwards; dw and dbias at its first channel, dx NULL: not wanted. */
static inline void normalize_set_gradient(const normalize_sets *s, double *restrict sum,
                                          const float *kept, const float *restrict w,
                                          const float *restrict x,
                                          const float *restrict dy, float *dx,
                                          float *restrict dw, float *restrict dbias)
{
    size_t rows = s->set_rows, n = s->set_channels, stride = s->channels;
    double *restrict sum_x = sum + s->channels, sum_h = 0, sum_hx = 0;
    float mean = kept[0], inverse = kept[1];
    for (size_t c = 0; c < n; c++)
        sum[c] = sum_x[c] = 0;
    for (size_t r = 0; r < rows; r++) {
#pragma omp simd
        for (size_t c = 0; c < n; c++) {
            float xhat = (x[r * stride + c] - mean) * inverse, g = dy[r * stride + c];
            sum[c] += (double)g;
            sum_x[c] += (double)g * (double)xhat;
        }
    }
    for (size_t c = 0; c < n; c++) {
        dbias[c] += (float)sum[c];
        dw[c] += (float)sum_x[c];
        sum_h += (double)w[c] * sum[c];
        sum_hx += (double)w[c] * sum_x[c];
    }
    if (!dx)
        return;
    double count = (double)(rows * n);
    float mean_h = (float)(sum_h / count), mean_hx = (float)(sum_hx / count);
    for (size_t r = 0; r < rows; r++) {
#pragma omp simd
        for (size_t c = 0; c < n; c++) {
            float xhat = (x[r * stride + c] - mean) * inverse;
            float h = dy[r * stride + c] * w[c];
            dx[r * stride + c] = (h - mean_h - xhat * mean_hx) * inverse;
        }
    }
}

static inline void normalize_forward(const mmofl_layer *layer, const normalize_sets *s,
                                     double *sum, float *kept, const float *w,
                                     const float *x, float *y)
{
    const float *bias = w + layer->tensor[1].offset;
    for (size_t i = 0; i < normalize_set_count(s); i++) {
        size_t start = normalize_start(s, i), first = start % s->channels;
        normalize_set(s, sum, kept + 2 * i, w + first, bias + first, x + start,
                      y + start);
    }
}

static inline void normalize_backward(const mmofl_layer *layer, const normalize_sets *s,
                                      double *sum, const float *kept, const float *w,
                                      const float *x, const float *dy, float *dx,
                                      float *dw)
{
    float *dbias = dw + layer->tensor[1].offset;
    for (size_t i = 0; i < normalize_set_count(s); i++) {
        size_t start = normalize_start(s, i), first = start % s->channels;
        normalize_set_gradient(s, sum, kept + 2 * i, w + first, x + start, dy + start,
                               dx ? dx + start : NULL, dw + first, dbias + first);
    }
}

/* Scratch of a pass: the sums of the channels, and what sample s keeps. */
static inline double *normalize_sums(const mmofl_layer_run *run)
{
    return (double *)(void *)run->scratch;
}

static inline float *normalize_kept(const mmofl_layer *layer,
                                    const mmofl_layer_run *run, int s)
{
    return run->scratch + layer->fixed_scratch + (size_t)s * layer->sample_scratch;
}

/* forward and backward over n samples, for a file that defines sets_of(layer). */
#define NORMALIZE_LAYER                                                                \
    static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,   \
                        const float *w, mmofl_span x, mmofl_span y)                    \
    {                                                                                  \
        normalize_sets sets = sets_of(layer);                                          \
        for (int s = 0; s < n; s++)                                                    \
            normalize_forward(                                                         \
                layer, &sets, normalize_sums(run), normalize_kept(layer, run, s), w,   \
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
                layer, &sets, normalize_sums(run), normalize_kept(layer, run, s), w,   \
                x.at + (size_t)s * x.stride, dy.at + (size_t)s * dy.stride,            \
                dx.at ? dx.at + (size_t)s * dx.stride : NULL, dw);                     \
    }

#endif
