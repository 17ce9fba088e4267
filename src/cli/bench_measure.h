/* bench_measure.h - one measurement of `mmofl bench`: whole simulated rounds and local
 * steps of a shape, or its evaluation. */
#ifndef MMOFL_CLI_BENCH_MEASURE_H
#define MMOFL_CLI_BENCH_MEASURE_H

#include "run/setup.h"

/** Training.  A step is a mini-batch; flops are counted as mmofl_model_training_flops.
 */
typedef struct mmofl_bench_training {
    double rounds_per_s, steps_per_s; /* whole rounds, wall time, all threads */
    double gflops, peak_gflops;       /* of all threads */
    double local_steps_per_s; /* a device's round alone, CPU time of one thread */
    double local_gflops, local_peak_gflops; /* of that one thread */
    double bytes_up, bytes_down;            /* of a round, all devices */
    double loss;                            /* mean training loss of the last round */
} mmofl_bench_training;

/** Testing a model on all samples: forward passes only. */
typedef struct mmofl_bench_forward {
    double samples_per_s, gflops, peak_gflops, loss;
} mmofl_bench_forward;

/** Measure for at least `seconds`, after one round that warms up.  Fails as
 * mmofl_simulation_round, and with E_MEMORY. */
MMOFL_CHECKED mmofl_status mmofl_bench_measure_training(const mmofl_setup *setup,
                                                        mmofl_simulation *simulation,
                                                        double seconds,
                                                        mmofl_bench_training *result,
                                                        mmofl_error *err);

/** The same for the evaluation of the simulation's model. */
void mmofl_bench_measure_forward(const mmofl_setup *setup, mmofl_simulation *simulation,
                                 double seconds, mmofl_bench_forward *result);

#endif
