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

typedef float four __attribute__((vector_size(16)));
typedef float four_anywhere __attribute__((vector_size(16), aligned(4), may_alias));

/* A square of 4 x 4 in registers:  a0 a1 a2 a3  ->  a0 b0 a1 b1, ...  ->  a0 b0 c0 d0
 *                                  b0 b1 b2 b3      c0 d0 c1 d1, ...      a1 b1 c1 d1
 */
static inline void transpose_square(float *restrict to, size_t to_row,
                                    const float *restrict from, size_t from_row)
{
    four a = *(const four_anywhere *)from,
         b = *(const four_anywhere *)(from + from_row),
         c = *(const four_anywhere *)(from + 2 * from_row),
         d = *(const four_anywhere *)(from + 3 * from_row);
    four ab01 = __builtin_shufflevector(a, b, 0, 4, 1, 5),
         ab23 = __builtin_shufflevector(a, b, 2, 6, 3, 7),
         cd01 = __builtin_shufflevector(c, d, 0, 4, 1, 5),
         cd23 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(four_anywhere *)to = __builtin_shufflevector(ab01, cd01, 0, 1, 4, 5);
    *(four_anywhere *)(to + to_row) = __builtin_shufflevector(ab01, cd01, 2, 3, 6, 7);
    *(four_anywhere *)(to + 2 * to_row) =
        __builtin_shufflevector(ab23, cd23, 0, 1, 4, 5);
    *(four_anywhere *)(to + 3 * to_row) =
        __builtin_shufflevector(ab23, cd23, 2, 3, 6, 7);
}

/* Rows r0 ... r1 - 1 of columns c0 ... c1 - 1, in squares and what is left of them. */
static void transpose_block(float *restrict to, const float *restrict from, size_t rows,
                            size_t columns, size_t r0, size_t r1, size_t c0, size_t c1)
{
    size_t r = r0;
    for (; r + 4 <= r1; r += 4) {
        size_t c = c0;
        for (; c + 4 <= c1; c += 4)
            transpose_square(to + c * rows + r, rows, from + r * columns + c, columns);
        for (; c < c1; c++)
            for (size_t i = r; i < r + 4; i++)
                to[c * rows + i] = from[i * columns + c];
    }
    for (; r < r1; r++)
        for (size_t c = c0; c < c1; c++)
            to[c * rows + r] = from[r * columns + c];
}

/* In blocks, so that both sides stay in the nearest cache. */
static void transpose(float *restrict to, const float *restrict from, size_t rows,
                      size_t columns)
{
    enum { BLOCK = 16 };
    for (size_t r0 = 0; r0 < rows; r0 += BLOCK) {
        size_t r1 = r0 + BLOCK < rows ? r0 + BLOCK : rows;
        for (size_t c0 = 0; c0 < columns; c0 += BLOCK) {
            size_t c1 = c0 + BLOCK < columns ? c0 + BLOCK : columns;
            transpose_block(to, from, rows, columns, r0, r1, c0, c1);
        }
    }
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
    .transpose = transpose,
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
