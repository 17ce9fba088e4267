/* setup.c - data, threads and simulation of an experiment; the table printed before a
 * run. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "run/setup.h"

mmofl_status mmofl_setup_share(mmofl_setup *setup, const mmofl_experiment *experiment,
                               mmofl_dataset *data, int threads, mmofl_error *err)
{
    mmofl_setup made = {.experiment = experiment,
                        .data = data,
                        .shares_data = true,
                        .program = mmofl_memory_resident()};
    mmofl_status st = mmofl_pool_new(threads, &made.pool);
    if (st)
        return mmofl_fail(err, st, "cannot start %d threads", threads);
    *setup = made;
    return MMOFL_OK;
}

mmofl_status mmofl_setup_init(mmofl_setup *setup, const mmofl_experiment *experiment,
                              int threads, mmofl_error *err)
{
    mmofl_setup made;
    mmofl_status st = mmofl_setup_share(&made, experiment, NULL, threads, err);
    if (st)
        return st;
    double started = mmofl_clock_seconds();
    st = mmofl_data_load(&experiment->data, NULL, &made.data, err);
    made.loading_s = mmofl_clock_seconds() - started;
    made.shares_data = false;
    if (st)
        mmofl_pool_delete(made.pool);
    else
        *setup = made;
    return st;
}

mmofl_status mmofl_setup_model(const mmofl_setup *setup, mmofl_model **model,
                               mmofl_error *err)
{
    const mmofl_dataset *data = setup->data;
    return mmofl_model_new(&setup->experiment->model, data->modality,
                           data->n_modalities, data->n_classes, NULL, model, err);
}

void mmofl_setup_free(mmofl_setup *setup)
{
    if (!setup->shares_data)
        mmofl_dataset_close(setup->data);
    mmofl_pool_delete(setup->pool);
    *setup = (mmofl_setup){0};
}

bool mmofl_setup_records_injected(const mmofl_experiment *x)
{
    return x->record.injected == MMOFL_RECORD_ALWAYS ||
           (x->record.injected == MMOFL_RECORD_AUTO &&
            x->fleet.devices <= MMOFL_RECORD_DEVICES);
}

/* Ranks that share this machine's memory. */
static size_t neighbours_of(const mmofl_setup *setup)
{
    return (size_t)mmofl_ranks_or_alone(setup->ranks)->neighbours;
}

mmofl_simulation_setup mmofl_setup_fleet(const mmofl_setup *setup, uint64_t seed)
{
    const mmofl_experiment *x = setup->experiment;
    return (mmofl_simulation_setup){
        .seed = seed,
        .devices = x->fleet.devices,
        .participation = x->participation,
        .partition = &x->fleet.partition,
        .validation = x->evaluate.validation,
        .aggregation = &x->aggregation,
        .method = &x->method,
        .stream = &x->stream,
        .model = &x->model,
        .train = &x->train,
        .data = setup->data,
        .imbalance = &x->imbalance,
        .test_imbalance = &x->test_imbalance,
        .undisturbed = mmofl_method_of(&x->method)->undisturbed,
        .record_injected = mmofl_setup_records_injected(x),
        .analyze_every = x->analysis.errors ? x->analysis.every : 0,
        .memory_limit = mmofl_memory_available() / neighbours_of(setup),
        .pool = setup->pool,
        .ranks = setup->ranks,
        .remote = setup->remote};
}

mmofl_status mmofl_setup_simulation(const mmofl_setup *setup, uint64_t seed,
                                    mmofl_simulation **simulation, mmofl_error *err)
{
    mmofl_simulation_setup fleet = mmofl_setup_fleet(setup, seed);
    return mmofl_simulation_new(&fleet, simulation, err);
}

mmofl_status mmofl_setup_check_memory(const mmofl_simulation *simulation, int copies,
                                      mmofl_error *err)
{
    mmofl_memory_plan plan = mmofl_simulation_memory(simulation);
    size_t one = mmofl_memory_total(plan) - plan.data, free = mmofl_memory_available(),
           more = one * (size_t)(copies - 1);
    if (free && more > free)
        return mmofl_fail(err, MMOFL_E_MEMORY,
                          "%d runs at a time need %.0f MiB beside their data, and %.0f "
                          "MiB are free: wanted fewer devices or fewer threads "
                          "(--threads)",
                          copies, (double)(one + more) / (1 << 20),
                          (double)(one + free) / (1 << 20));
    return MMOFL_OK;
}
