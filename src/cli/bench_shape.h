/* bench_shape.h - the models and data that benchmarks run on, by name.
 *
 * The shapes are those of docs/performance.md and of the peers in bench/peers. */
#ifndef MMOFL_CLI_BENCH_SHAPE_H
#define MMOFL_CLI_BENCH_SHAPE_H

#include "config/experiment.h"

typedef struct mmofl_bench_shape {
    const char *name;
    size_t n_parameters; /* as the peers have it; checked */
    int n_modalities, n_classes;
    const char *modality[2];
    mmofl_shape shape[2];
    const char *yaml; /* model: of an experiment file */
} mmofl_bench_shape;

/** The shape of that name, or NULL.  Names: "har, convgru, mlp, lenet". */
const mmofl_bench_shape *mmofl_bench_shape_find(const char *name);
#define MMOFL_BENCH_SHAPES "har, convgru, mlp, lenet"

/** n samples of standard normal values and uniform labels, all for training. */
MMOFL_CHECKED mmofl_status mmofl_bench_shape_data(const mmofl_bench_shape *shape,
                                                  size_t n, mmofl_dataset **data,
                                                  mmofl_error *err);

/** An experiment that trains the shape: `devices` devices that hold batch*steps samples
 * each and see `fresh` new ones a round. */
MMOFL_CHECKED mmofl_status mmofl_bench_shape_experiment(const mmofl_bench_shape *shape,
                                                        int devices, int batch,
                                                        int steps, int fresh,
                                                        mmofl_experiment *experiment,
                                                        mmofl_error *err);

#endif
