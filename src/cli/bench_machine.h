/* bench_machine.h - the most that this machine can do, which benchmarks divide by:
 * multiply-adds in registers, and bytes from and to memory. */
#ifndef MMOFL_CLI_BENCH_MACHINE_H
#define MMOFL_CLI_BENCH_MACHINE_H

#include "base/pool.h"
#include "nn/kernels/ops.h"

/** Bytes of each array of the memory measurement: several times the largest cache that
 * one is likely to have to oneself. */
enum { MMOFL_BENCH_ARRAY_BYTES = 256 << 20 };

/** GFLOP/s of multiply-adds (counted as two) with all threads of the pool at it at
 * once: the sum over threads of the work of each over its own CPU time, so that other
 * programs on the machine hardly show.  Best of several tries; about 0.1 s. */
double mmofl_bench_peak_gflops(const mmofl_ops *ops, mmofl_pool *pool);

/** What passes between memory and the cores, all threads of the pool at it at once, in
 * GB/s (10^9 bytes) of wall time, best of several tries.  Bytes are counted as STREAM
 * does: each read and each write of the loop once, whatever the hardware adds. */
typedef struct mmofl_bench_bandwidth {
    double copy;  /* a[i] = b[i]: the C library's memcpy */
    double triad; /* a[i] = b[i] + s * c[i]: plain loop */
} mmofl_bench_bandwidth;

/** Takes three arrays of MMOFL_BENCH_ARRAY_BYTES and some seconds.
 * @retval MMOFL_E_MEMORY  the arrays cannot be had */
MMOFL_CHECKED mmofl_status mmofl_bench_measure_bandwidth(mmofl_pool *pool,
                                                         mmofl_bench_bandwidth *rate);

#endif
