/* ops.h - vector operations that a model needs beside its layers, one table for each
 * instruction set.  All lengths count floats; pointers need no alignment.  Reductions
 * run in 16 fixed lanes that are added as a tree, so that every instruction set gives
 * the same bits. */
#ifndef MMOFL_NN_KERNELS_OPS_H
#define MMOFL_NN_KERNELS_OPS_H

#include "nn/kernels/gemm.h"

typedef struct mmofl_sgd {
    float lr, momentum, weight_decay,
        scale; /* scale: clipping factor on the gradient */
} mmofl_sgd;

typedef struct mmofl_ops {
    void (*gemm)(const mmofl_gemm *args);
    /** y[i] = x[i] * scale[i] + shift[i] */
    void (*affine)(float *y, const float *x, const float *scale, const float *shift,
                   size_t n);
    /** to (columns, rows) = from (rows, columns) transposed; rows of `to` begin to_row
     * floats apart, those of `from` from_row. */
    void (*transpose)(float *to, size_t to_row, const float *from, size_t from_row,
                      size_t rows, size_t columns);
    /** sum of squares */
    double (*square_sum)(const float *x, size_t n);
    /** One step of PyTorch's SGD: g' = scale*g + weight_decay*w; with momentum
     * v = momentum*v + g' and g' = v; w -= lr*g'.  velocity is unused when momentum is
     * 0. */
    void (*sgd_step)(float *w, float *velocity, const float *g, size_t n,
                     mmofl_sgd sgd);
    /** Softmax cross-entropy of one sample: returns -log softmax(logits)[label] and
     * turns logits into weight * (softmax - onehot) when gradient, else into softmax.
     */
    float (*softmax_cross_entropy)(float *logits, int classes, int label, float weight,
                                   bool gradient);
    /** y[i] = e^x[i], tanh x[i], ln x[i], erf x[i], 1 / (1 + e^-x[i]): for tests of the
     * vector mathematics. */
    void (*map_exp)(float *y, const float *x, size_t n);
    void (*map_tanh)(float *y, const float *x, size_t n);
    void (*map_log)(float *y, const float *x, size_t n);
    void (*map_erf)(float *y, const float *x, size_t n);
    void (*map_sigmoid)(float *y, const float *x, size_t n);
    /** A loop of nothing but multiply-adds, for benchmarks: *flops is the work it did;
     * the result only keeps it from being left out. */
    float (*peak)(size_t rounds, double *flops);
} mmofl_ops;

/** transpose, of matrices that lie in one piece. */
static inline void mmofl_transpose_all(const mmofl_ops *ops, float *to,
                                       const float *from, size_t rows, size_t columns)
{
    ops->transpose(to, rows, from, columns, rows, columns);
}

#endif
