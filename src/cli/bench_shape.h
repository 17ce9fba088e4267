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

/** The shape of that name, or NULL. */
const mmofl_bench_shape *mmofl_bench_shape_find(const char *name);
#define MMOFL_BENCH_SHAPES "har, har-flatten, convgru, mlp, lenet, lr"

/** What to train: `devices` devices that hold batch * steps samples each, see `fresh`
 * new ones of them a round, and make `steps` steps a round. */
typedef struct mmofl_bench_plan {
    const mmofl_bench_shape *shape;
    int batch, devices, steps, fresh;
    const char *method; /* as in an experiment file */
} mmofl_bench_plan;

/** The plan as an experiment.  Fails as mmofl_experiment_parse. */
MMOFL_CHECKED mmofl_status mmofl_bench_plan_experiment(const mmofl_bench_plan *plan,
                                                       mmofl_experiment *experiment,
                                                       mmofl_error *err);

/** Its data: random values and labels, as many as all devices hold, or fewer that they
 * share. */
MMOFL_CHECKED mmofl_status mmofl_bench_plan_data(const mmofl_bench_plan *plan,
                                                 mmofl_dataset **data,
                                                 mmofl_error *err);

#endif
