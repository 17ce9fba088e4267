/* ops.c - vector operations, compiled once for each instruction set. */
#include "nn/kernels/ops.h"
#include "nn/kernels/tables.h"
#include "nn/kernels/vector_math.h"

enum { LANES = 16 };

static void affine(float *restrict y, const float *restrict x,
                   const float *restrict scale, const float *restrict shift, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = mla(x[i], scale[i], shift[i]);
}

static double square_sum(const float *x, size_t n)
{
    float lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
#pragma omp simd
        for (size_t j = 0; j < LANES; j++)
            lane[j] = mla(x[i + j], x[i + j], lane[j]);
    }
    for (size_t j = 0; i < n; i++, j++)
        lane[j] = mla(x[i], x[i], lane[j]);
    return (double)lanes_sum(lane);
}

static void sgd_step(float *restrict w, float *restrict velocity,
                     const float *restrict g, size_t n, mmofl_sgd s)
{
    if (s.momentum != 0.0f) {
#pragma omp simd
        for (size_t i = 0; i < n; i++) {
            float d = mla(s.weight_decay, w[i], s.scale * g[i]);
            velocity[i] = mla(s.momentum, velocity[i], d);
            w[i] = mla(-s.lr, velocity[i], w[i]);
        }
    } else {
#pragma omp simd
        for (size_t i = 0; i < n; i++) {
            float d = mla(s.weight_decay, w[i], s.scale * g[i]);
            w[i] = mla(-s.lr, d, w[i]);
        }
    }
}

static float softmax_cross_entropy(float *logits, int classes, int label, float weight,
                                   bool gradient)
{
    float top = logits[0];
    for (int c = 1; c < classes; c++)
        top = logits[c] > top ? logits[c] : top;
    float margin = top - logits[label], sum = 0;
    for (int c = 0; c < classes; c++) {
        logits[c] = vexp(logits[c] - top);
        sum += logits[c];
    }
    float scale = gradient ? weight / sum : 1.0f / sum;
    for (int c = 0; c < classes; c++)
        logits[c] *= scale;
    if (gradient)
        logits[label] -= weight;
    return vlog(sum) + margin;
}

#define MAP(name, function)                                                            \
    static void name(float *restrict y, const float *restrict x, size_t n)             \
    {                                                                                  \
        _Pragma("omp simd") for (size_t i = 0; i < n; i++) y[i] = function(x[i]);      \
    }
MAP(map_exp, vexp)
MAP(map_tanh, vtanh)
MAP(map_log, vlog)
MAP(map_erf, verf)
MAP(map_sigmoid, vsigmoid)

const mmofl_ops MMOFL_ISA(mmofl_ops) = {
    .gemm = MMOFL_ISA(mmofl_gemm_run),
    .affine = affine,
    .transpose = MMOFL_ISA(mmofl_transpose),
    .square_sum = square_sum,
    .sgd_step = sgd_step,
    .softmax_cross_entropy = softmax_cross_entropy,
    .peak = MMOFL_ISA(mmofl_peak_run),
    .map_exp = map_exp,
    .map_tanh = map_tanh,
    .map_log = map_log,
    .map_erf = map_erf,
    .map_sigmoid = map_sigmoid,
};
