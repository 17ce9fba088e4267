/* gemm.h - the one matrix product under every layer.
 *
 *     C[i,j] = start + sum_k A[i,k] B[k,j]          i < m, j < n, k < depth
 *
 * A is read through two strides (a_row between i, a_step between k), so that a
 * convolution reads its padded input in place: output row i is the window that starts
 * i*stride*channels floats into the sample, and windows overlap in memory.  B has
 * contiguous columns.  The depth may come in `runs`, each `depth` steps, the next a_run
 * and b_run further (the rows of an image under a window).  `groups` products are run
 * one after the other, each a_group, b_group, c_group further; with c_group = 0 they
 * add up in one running sum (weight gradients).
 *
 * Each C[i,j] is one running sum in index order, so the bits do not depend on tile,
 * vector width or on how a batch is cut into pieces. */
#ifndef MMOFL_NN_KERNELS_GEMM_H
#define MMOFL_NN_KERNELS_GEMM_H

#include <stdbool.h>
#include <stddef.h>

typedef struct mmofl_gemm {
    int m, n, depth;
    int runs; /* 0 = 1; the whole depth is runs * depth */
    ptrdiff_t a_run, b_run;
    const float *a;
    ptrdiff_t a_row, a_step;
    const float *b;
    ptrdiff_t b_step;
    float *c;
    ptrdiff_t c_row;
    int groups; /* >= 1 */
    ptrdiff_t a_group, b_group, c_group;
    const float *bias; /* (n) start value, or NULL: zero */
    bool accumulate;   /* start from C itself; bias is then ignored */
    bool rectify;      /* write max(C, 0), a NaN as it is; not where groups add up */
} mmofl_gemm;

#endif
