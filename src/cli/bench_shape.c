/* bench_shape.c - benchmark models as experiment files, and random data for them. */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "cli/bench_shape.h"
#include "data/builder.h"

static const mmofl_bench_shape shapes[] = {
    {.name = "har",
     .n_parameters = 38598,
     .n_modalities = 2,
     .n_classes = 6,
     .modality = {"accelerometer", "gyroscope"},
     .shape = {{2, {128, 3}}, {2, {128, 3}}},
     .yaml = "model:\n"
             "  modalities:\n"
             "    accelerometer: &imu\n"
             "      - conv1d: {out: 32, kernel: 5, pad: 2}\n"
             "      - relu\n"
             "      - max_pool: {kernel: 2}\n"
             "      - conv1d: {out: 64, kernel: 5, pad: 2}\n"
             "      - relu\n"
             "      - max_pool: {kernel: 2}\n"
             "      - global_avg_pool\n"
             "      - linear: {out: 64}\n"
             "    gyroscope: *imu\n"
             "  head: [{linear: {out: 64}}, relu, {linear: {out: 6}}]\n"},
    {.name = "har-flatten",
     .n_parameters = 292550,
     .n_modalities = 2,
     .n_classes = 6,
     .modality = {"accelerometer", "gyroscope"},
     .shape = {{2, {128, 3}}, {2, {128, 3}}},
     .yaml = "model:\n"
             "  modalities:\n"
             "    accelerometer: &imu\n"
             "      - conv1d: {out: 32, kernel: 5, pad: 2}\n"
             "      - relu\n"
             "      - max_pool: {kernel: 2}\n"
             "      - conv1d: {out: 64, kernel: 5, pad: 2}\n"
             "      - relu\n"
             "      - max_pool: {kernel: 2}\n"
             "      - flatten\n"
             "      - linear: {out: 64}\n"
             "    gyroscope: *imu\n"
             "  head: [{linear: {out: 64}}, relu, {linear: {out: 6}}]\n"},
    {.name = "convgru",
     .n_parameters = 187084,
     .n_modalities = 2,
     .n_classes = 6,
     .modality = {"accelerometer", "gyroscope"},
     .shape = {{2, {128, 3}}, {2, {128, 3}}},
     .yaml = "model:\n"
             "  modalities:\n"
             "    accelerometer: &imu\n"
             "      - conv1d: {out: 32, kernel: 5, pad: 2}\n"
             "      - relu\n"
             "      - max_pool: {kernel: 2}\n"
             "      - conv1d: {out: 64, kernel: 5, pad: 2}\n"
             "      - relu\n"
             "      - max_pool: {kernel: 2}\n"
             "      - conv1d: {out: 128, kernel: 5, pad: 2}\n"
             "      - relu\n"
             "      - max_pool: {kernel: 2}\n"
             "      - gru: {out: 64, return: sequence}\n"
             "      - attention_pool: {hidden: 1, masked: false}\n"
             "    gyroscope: *imu\n"
             "  head: [{linear: {out: 64}}, relu, {linear: {out: 6}}]\n"},
    {.name = "mlp",
     .n_parameters = 138378,
     .n_modalities = 2,
     .n_classes = 10,
     .modality = {"first", "second"},
     .shape = {{1, {512}}, {1, {300}}},
     .yaml = "model:\n"
             "  modalities:\n"
             "    first: [{linear: {out: 128}}, relu]\n"
             "    second: [{linear: {out: 128}}, relu]\n"
             "  head: [{linear: {out: 128}}, relu, {linear: {out: 10}}]\n"},
    {.name = "lenet",
     .n_parameters = 62006,
     .n_modalities = 1,
     .n_classes = 10,
     .modality = {"image"},
     .shape = {{3, {32, 32, 3}}},
     .yaml = "model:\n"
             "  modalities:\n"
             "    image:\n"
             "      - conv2d: {out: 6, kernel: 5}\n"
             "      - relu\n"
             "      - max_pool: {kernel: 2}\n"
             "      - conv2d: {out: 16, kernel: 5}\n"
             "      - relu\n"
             "      - max_pool: {kernel: 2}\n"
             "      - flatten\n"
             "  head: [{linear: {out: 120}}, relu, {linear: {out: 84}}, relu, "
             "{linear: {out: 10}}]\n"},
    {.name = "lr",
     .n_parameters = 7850,
     .n_modalities = 1,
     .n_classes = 10,
     .modality = {"image"},
     .shape = {{1, {784}}},
     .yaml = "model:\n"
             "  modalities:\n"
             "    image: [flatten]\n"
             "  head: [{linear: {out: 10}}]\n"},
};

const mmofl_bench_shape *mmofl_bench_shape_find(const char *name)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    return NULL;
}

/* n samples of standard normal values and uniform labels, all for training. */
static mmofl_status make_data(const mmofl_bench_shape *shape, size_t n,
                              mmofl_dataset **data, mmofl_error *err)
{
    static const char *const classes[] = {"0", "1", "2", "3", "4",
                                          "5", "6", "7", "8", "9"};
    mmofl_modality modality[2] = {0};
    for (int m = 0; m < shape->n_modalities; m++) {
        snprintf(modality[m].name, sizeof modality[m].name, "%s", shape->modality[m]);
        modality[m].shape = shape->shape[m];
    }
    mmofl_builder_plan plan = {.name = shape->name,
                               .citation = "random numbers",
                               .n_modalities = shape->n_modalities,
                               .modality = modality,
                               .n_classes = shape->n_classes,
                               .class_name = classes,
                               .n_samples = n,
                               .n_train = n};
    mmofl_builder builder;
    mmofl_status st = mmofl_builder_begin(&plan, &builder, err);
    if (st)
        return st;
    mmofl_rng rng = mmofl_rng_open(1, MMOFL_NO_DEVICE, 0, MMOFL_USE_TEST);
    for (int m = 0; m < shape->n_modalities; m++) {
        float *values = builder.values[m];
        for (size_t i = 0; i < n * mmofl_shape_count(shape->shape[m]); i++)
            values[i] = (float)mmofl_rng_normal(&rng);
    }
    for (size_t i = 0; i < n; i++)
        builder.label[i] = (int32_t)mmofl_rng_below(&rng, (uint64_t)shape->n_classes);
    return mmofl_builder_finish(&builder, data, err);
}

mmofl_status mmofl_bench_plan_experiment(const mmofl_bench_plan *plan,
                                         mmofl_experiment *experiment, mmofl_error *err)
{
    char text[4096];
    int held = plan->batch * plan->steps;
    int n = snprintf(text, sizeof text,
                     "name: bench-%s\n%s"
                     "fleet: {devices: %d, partition: {kind: shared, per_device: %d}}\n"
                     "stream: {buffer: %d, new: %d}\n"
                     "train: {epochs: 1, batch: %d, lr: 0.05, clip_norm: 0}\n"
                     "method: %s\n",
                     plan->shape->name, plan->shape->yaml, plan->devices, held, held,
                     plan->fresh, plan->batch, plan->method);
    if (n < 0 || (size_t)n >= sizeof text)
        return mmofl_fail(err, MMOFL_E_LIMIT, "the name of a method is wanted");
    return mmofl_experiment_parse(text, (size_t)n, "benchmark", NULL, NULL, 0,
                                  experiment, err);
}

mmofl_status mmofl_bench_plan_data(const mmofl_bench_plan *plan, mmofl_dataset **data,
                                   mmofl_error *err)
{
    enum { ENOUGH = 4096 }; /* devices then share what there is */
    size_t held = (size_t)plan->batch * (size_t)plan->steps;
    size_t wanted = held * (size_t)plan->devices, most = held > ENOUGH ? held : ENOUGH;
    return make_data(plan->shape, wanted < most ? wanted : most, data, err);
}
