/* tables.h - the names that each instruction set exports. */
#ifndef MMOFL_NN_KERNELS_TABLES_H
#define MMOFL_NN_KERNELS_TABLES_H

#include "nn/isa.h"
#include "nn/kernels/ops.h"

#ifdef MMOFL_ISA_SUFFIX
void MMOFL_ISA(mmofl_gemm_run)(const mmofl_gemm *g);
void MMOFL_ISA(mmofl_transpose)(float *to, size_t to_row, const float *from,
                                size_t from_row, size_t rows, size_t columns);
float MMOFL_ISA(mmofl_peak_run)(size_t rounds, double *flops);
extern const mmofl_ops MMOFL_ISA(mmofl_ops);
extern const mmofl_isa MMOFL_ISA(mmofl_isa);
#endif

#endif
