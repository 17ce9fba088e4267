/* setup.c - data, threads and simulation of an experiment; the table printed before a
 * run. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/setup.h"

mmofl_status mmofl_setup_init(mmofl_setup *setup, const mmofl_experiment *experiment,
                              int threads, mmofl_error *err)
{
    mmofl_setup made = {.experiment = experiment};
    mmofl_status st = mmofl_pool_new(threads, &made.pool);
    if (st)
        return mmofl_fail(err, st, "cannot start %d threads", threads);
    st = mmofl_data_load(&experiment->data, NULL, &made.data, err);
    if (st) {
        mmofl_pool_delete(made.pool);
        return st;
    }
    *setup = made;
    return MMOFL_OK;
}

void mmofl_setup_free(mmofl_setup *setup)
{
    mmofl_dataset_close(setup->data);
    mmofl_pool_delete(setup->pool);
    *setup = (mmofl_setup){0};
}

mmofl_status mmofl_setup_simulation(const mmofl_setup *setup, uint64_t seed,
                                    mmofl_simulation **simulation, mmofl_error *err)
{
    const mmofl_experiment *x = setup->experiment;
    mmofl_simulation_setup s = {.seed = seed,
                                .devices = x->fleet.devices,
                                .participation = x->participation,
                                .partition = &x->fleet.partition,
                                .aggregation = &x->aggregation,
                                .stream = &x->stream,
                                .model = &x->model,
                                .train = &x->train,
                                .data = setup->data,
                                .pool = setup->pool};
    return mmofl_simulation_new(&s, simulation, err);
}

/* ---------------------------------------------------------------- the table */

static void print_pick(const mmofl_pick *pick)
{
    fputs(pick->kind->name, stderr);
    for (int i = 0; i < pick->kind->n_options; i++) {
        char value[256];
        const mmofl_option *option = &pick->kind->options[i];
        mmofl_option_get(option, pick->options.bytes, value, sizeof value);
        fprintf(stderr, "%s%s %s", i ? ", " : " (", option->name, value);
    }
    if (pick->kind->n_options)
        fputc(')', stderr);
}

static void print_data(const mmofl_dataset *data)
{
    fprintf(stderr, "  data         %s: %zu training, %zu test samples, %d classes\n",
            data->name, data->n_train, data->n_samples - data->n_train,
            data->n_classes);
    for (int m = 0; m < data->n_modalities; m++) {
        char shape[64];
        mmofl_shape_text(data->modality[m].shape, shape, sizeof shape);
        fprintf(stderr, "               %s %s %s\n", data->modality[m].name, shape,
                data->modality[m].unit);
    }
}

static double mebibytes(size_t bytes)
{
    return (double)bytes / (1024 * 1024);
}

static size_t memory_total(mmofl_memory_plan plan)
{
    return plan.data + plan.devices + plan.threads + plan.coordinator;
}

static void print_memory(const mmofl_simulation *simulation)
{
    mmofl_memory_plan plan = mmofl_simulation_memory(simulation);
    fprintf(stderr,
            "  memory       %.1f MiB: data %.1f, threads %.1f, coordinator %.1f, "
            "devices %.1f "
            "(%zu bytes each)\n",
            mebibytes(memory_total(plan)), mebibytes(plan.data),
            mebibytes(plan.threads), mebibytes(plan.coordinator),
            mebibytes(plan.devices), plan.per_device);
}

static void print_training(const mmofl_experiment *x)
{
    const char *order[] = {"shuffled", "in time order"};
    const char *end[] = {"endless passes", "stops at its end"};
    fprintf(stderr, "  stream       buffer %d, %d new each round, %s, %s\n",
            x->stream.buffer, x->stream.fresh, order[x->stream.order],
            end[x->stream.at_end]);
    fprintf(stderr, "  training     %d pass%s, batch %d, SGD, lr ", x->train.epochs,
            x->train.epochs == 1 ? "" : "es", x->train.batch);
    print_pick(&x->train.lr);
    if (x->train.momentum > 0)
        fprintf(stderr, ", momentum %g", x->train.momentum);
    if (x->train.weight_decay > 0)
        fprintf(stderr, ", weight decay %g", x->train.weight_decay);
    if (x->train.clip_norm > 0)
        fprintf(stderr, ", clip %g", x->train.clip_norm);
    fprintf(stderr, "\n  method       ");
    print_pick(&x->method);
    fprintf(stderr, "; aggregation ");
    print_pick(&x->aggregation);
}

void mmofl_setup_print(const mmofl_setup *setup, const mmofl_simulation *simulation)
{
    const mmofl_experiment *x = setup->experiment;
    const mmofl_model *model = mmofl_simulation_model(simulation);
    fprintf(stderr, "mmofl %s  %s\n", MMOFL_VERSION, x->name);
    print_data(setup->data);
    fprintf(stderr, "  fleet        %d devices, ", x->fleet.devices);
    print_pick(&x->fleet.partition);
    fprintf(stderr, ", participation %g\n", x->participation);
    fprintf(stderr,
            "  model        %zu parameters (%.1f KiB), %.3g MFLOP a sample to train\n",
            model->n_parameters, (double)model->n_parameters * 4 / 1024,
            mmofl_model_training_flops(model) / 1e6);
    print_training(x);
    fprintf(stderr, "\n  run          %d rounds, %d seed%s, %d thread%s, kernels %s\n",
            x->rounds, x->n_seeds, x->n_seeds == 1 ? "" : "s",
            mmofl_pool_threads(setup->pool),
            mmofl_pool_threads(setup->pool) == 1 ? "" : "s", model->isa->name);
    print_memory(simulation);
}

/* MemAvailable of Linux in bytes; 0 when it is not told. */
static size_t available_memory(void)
{
    FILE *file = fopen("/proc/meminfo", "r");
    if (!file)
        return 0;
    char line[256];
    size_t kib = 0;
    while (fgets(line, sizeof line, file) &&
           sscanf(line, "MemAvailable: %zu", &kib) != 1)
        ;
    fclose(file);
    return kib * 1024;
}

mmofl_status mmofl_setup_check_memory(const mmofl_simulation *simulation,
                                      mmofl_error *err)
{
    size_t needed = memory_total(mmofl_simulation_memory(simulation));
    size_t there = available_memory();
    if (there && needed > there)
        return mmofl_fail(
            err, MMOFL_E_MEMORY,
            "the run needs %.0f MiB and %.0f MiB are free: fewer devices, a smaller "
            "data set or fewer threads (--threads) need less",
            mebibytes(needed), mebibytes(there));
    return MMOFL_OK;
}
