/* print_setup.c - the table printed before a run: settings as resolved, and memory. */
#include <stdio.h>

#include "cli/print.h"

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

static void print_memory(size_t program, const mmofl_simulation *simulation)
{
    mmofl_memory_plan plan = mmofl_simulation_memory(simulation);
    fprintf(stderr,
            "  memory       %.1f MiB: program %.1f, data %.1f, threads %.1f, "
            "coordinator %.1f, devices %.1f (%zu bytes each)\n",
            mebibytes(program + mmofl_memory_total(plan)), mebibytes(program),
            mebibytes(plan.data), mebibytes(plan.threads), mebibytes(plan.coordinator),
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

static void print_validation(const mmofl_evaluate_spec *evaluate)
{
    if (evaluate->validation > 0)
        fprintf(stderr, "  validation   %g of each owner's training samples%s\n",
                evaluate->validation,
                evaluate->select == MMOFL_SELECT_BEST_VALIDATION
                    ? "; the result is the test after the best round on them"
                    : "");
}

static void print_run(const mmofl_setup *setup, const char *kernels)
{
    const mmofl_experiment *x = setup->experiment;
    int threads = mmofl_pool_threads(setup->pool),
        ranks = mmofl_ranks_or_alone(setup->ranks)->size;
    fprintf(stderr, "  run          %d rounds, %d seed%s, ", x->rounds, x->n_seeds,
            x->n_seeds == 1 ? "" : "s");
    if (ranks > 1)
        fprintf(stderr, "%d ranks of ", ranks);
    fprintf(stderr, "%d thread%s, kernels %s\n", threads, threads == 1 ? "" : "s",
            kernels);
}

void mmofl_cli_print_setup(const mmofl_setup *setup, const mmofl_simulation *simulation)
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
    fprintf(stderr, "\n");
    print_validation(&x->evaluate);
    print_run(setup, model->isa->name);
    print_memory(setup->program, simulation);
}
