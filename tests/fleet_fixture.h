/* fleet_fixture.h - a small simulated fleet: made-up people, a small model, and every
 * setting within reach before it starts. */
#ifndef MMOFL_TESTS_FLEET_FIXTURE_H
#define MMOFL_TESTS_FLEET_FIXTURE_H

#include "data/synthetic_har.h"
#include "fed/aggregation.h"
#include "nn_fixture.h"
#include "sim/simulation.h"

typedef struct fleet {
    fixture_spec spec;
    mmofl_pick partition, aggregation;
    mmofl_stream_spec stream;
    mmofl_train_spec train;
    mmofl_dataset *data;
    mmofl_pool *pool;
    mmofl_simulation_setup setup; /* points to the above */
    mmofl_simulation *simulation; /* NULL until fleet_start */
} fleet;

/** Settings of a fleet of `devices` with `windows` training samples; change what the
 * test is about, then fleet_start. */
static inline void fleet_prepare(fleet *f, int devices, int windows, int threads)
{
    *f = (fleet){0};
    mmofl_pick set = mmofl_pick_default(&mmofl_synthetic_har.kind);
    mmofl_synthetic_har_options *options = (void *)set.options.bytes;
    options->persons = 6;
    options->train = windows;
    options->test = 150;
    CHECK_OK(mmofl_synthetic_har.import(&set, "", NULL, &f->data, NULL));
    f->data->standardize = MMOFL_STANDARDIZE_CHANNEL;
    for (int m = 0; m < 2; m++)
        fixture_add(
            &f->spec, f->data->modality[m].name, f->data->modality[m].shape,
            "conv1d out=6 kernel=8 stride=8; relu; flatten; linear out=8; relu");
    fixture_head(&f->spec, "linear out=6");
    CHECK_OK(mmofl_pool_new(threads, &f->pool));
    f->partition = fixture_pick(mmofl_partition_kinds(), "iid");
    f->aggregation = fixture_pick(mmofl_aggregation_kinds(), "fedavg");
    f->stream = (mmofl_stream_spec){.buffer = 12, .fresh = 4};
    f->train = (mmofl_train_spec){.epochs = 2, .batch = 5};
    f->train.lr = fixture_pick(mmofl_lr_kinds(), "constant start=0.1");
    f->setup = (mmofl_simulation_setup){.seed = 11,
                                        .devices = devices,
                                        .participation = 1,
                                        .partition = &f->partition,
                                        .aggregation = &f->aggregation,
                                        .stream = &f->stream,
                                        .model = &f->spec.spec,
                                        .train = &f->train,
                                        .data = f->data,
                                        .pool = f->pool};
}

static inline void fleet_start(fleet *f)
{
    mmofl_error err = {0};
    if (mmofl_simulation_new(&f->setup, &f->simulation, &err))
        fail_msg("%s", err.text);
}

static inline void fleet_delete(fleet *f)
{
    mmofl_simulation_delete(f->simulation);
    mmofl_pool_delete(f->pool);
    mmofl_dataset_close(f->data);
}

static inline size_t fleet_parameters(const fleet *f)
{
    return mmofl_simulation_model(f->simulation)->n_parameters;
}

static inline mmofl_round_summary fleet_round(fleet *f)
{
    mmofl_round_summary summary;
    mmofl_error err = {0};
    if (mmofl_simulation_round(f->simulation, NULL, &summary, &err))
        fail_msg("%s", err.text);
    return summary;
}

/** A copy of the model now (free it). */
static inline float *fleet_model(const fleet *f)
{
    size_t bytes = fleet_parameters(f) * sizeof(float);
    float *copy = malloc(bytes);
    CHECK(copy);
    return memcpy(copy, mmofl_simulation_parameters(f->simulation), bytes);
}

#endif
