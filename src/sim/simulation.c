/* simulation.c - set-up and rounds of a simulated fleet. */
#include <stdlib.h>
#include <string.h>

#include "fed/participation.h"
#include "sim/fleet_parts.h"

/* Of all threads that there are so far. */
static size_t learners_bytes(const mmofl_simulation *s)
{
    size_t bytes = 0;
    for (int t = 0; t < s->n_threads; t++)
        bytes +=
            s->thread[t].learner ? mmofl_learner_space_bytes(s->thread[t].learner) : 0;
    return bytes;
}

size_t mmofl_fleet_memory_left(const mmofl_simulation *s)
{
    size_t limit = s->setup.memory_limit, taken = s->arena.bytes + s->pools.bytes +
                                                  learners_bytes(s) +
                                                  mmofl_imbalance_bytes(s->imbalance);
    return limit == 0 ? 0 : limit > taken ? limit - taken : 1;
}

/* Each thread takes as much as the first one. */
static mmofl_status check_threads(const mmofl_simulation *s, int n, mmofl_error *err)
{
    double mib = (double)mmofl_learner_space_bytes(s->thread[0].learner) / (1 << 20),
           left = (double)mmofl_fleet_memory_left(s) / (1 << 20);
    if (left == 0 || mib * (n - 1) <= left)
        return MMOFL_OK;
    return mmofl_fail(err, MMOFL_E_MEMORY,
                      "%d threads take %.0f MiB each, and %.0f MiB are free: wanted "
                      "fewer threads (--threads) or a smaller model or batch",
                      n, mib, left + mib);
}

static mmofl_status make_threads(mmofl_simulation *s, mmofl_error *err)
{
    int n = mmofl_pool_threads(s->setup.pool);
    s->thread = MMOFL_ARENA_NEW(&s->arena, (size_t)n, mmofl_thread_space);
    if (!s->thread)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %d threads", n);
    s->n_threads = n;
    for (int t = 0; t < n; t++) {
        mmofl_thread_space *space = &s->thread[t];
        space->injected =
            MMOFL_ARENA_NEW(&s->arena, MMOFL_MAX_MODALITIES, mmofl_injected);
        if (!space->injected ||
            mmofl_holding_init(&space->holding, &s->source, &s->arena) ||
            mmofl_learner_space_new(&s->learner, false, s->setup.fail_after,
                                    &space->learner))
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %d threads", n);
        mmofl_status st = t == 0 ? check_threads(s, n, err) : MMOFL_OK;
        if (st)
            return st;
    }
    return MMOFL_OK;
}

static mmofl_status make_coordinator(mmofl_simulation *s, mmofl_error *err)
{
    float *initial = malloc(s->model->n_parameters * sizeof(float));
    if (!initial)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the initial model");
    mmofl_model_init(s->model, s->setup.seed, initial);
    mmofl_coordinator_setup setup = {.seed = s->setup.seed,
                                     .devices = (uint32_t)s->setup.devices,
                                     .participation = s->setup.participation,
                                     .n_parameters = s->model->n_parameters,
                                     .aggregation = *s->setup.aggregation,
                                     .model = s->model,
                                     .method = s->setup.method,
                                     .momentum = s->setup.train->momentum,
                                     .ranks = s->ranks,
                                     .memory_limit = mmofl_fleet_memory_left(s),
                                     .fail_after = s->setup.fail_after};
    mmofl_status st = mmofl_coordinator_new(&setup, initial, &s->coordinator, err);
    free(initial);
    return st;
}

static mmofl_status receive(void *context, const mmofl_update *update)
{
    return mmofl_coordinator_accept(context, update);
}

static mmofl_status make_imbalance(mmofl_simulation *s, mmofl_error *err)
{
    static const mmofl_imbalance_spec none = {0};
    static const mmofl_test_imbalance_spec as_fleet = {0};
    const mmofl_simulation_setup *u = &s->setup;
    mmofl_imbalance_setup setup = {.spec = u->imbalance ? u->imbalance : &none,
                                   .test = u->test_imbalance ? u->test_imbalance
                                                             : &as_fleet,
                                   .stream = u->stream,
                                   .data = u->data,
                                   .devices = u->devices,
                                   .seed = u->seed,
                                   .fail_after = u->fail_after};
    for (int e = 0; e < s->model->n_encoders; e++)
        setup.used |= UINT32_C(1) << s->model->encoder[e].modality;
    mmofl_status st = mmofl_imbalance_new(&setup, &s->imbalance, err);
    if (st || !s->imbalance || !u->record_injected)
        return st;
    s->injected = MMOFL_ARENA_NEW(
        &s->arena, (size_t)s->most * (size_t)u->data->n_modalities, mmofl_injected);
    return s->injected ? MMOFL_OK
                       : mmofl_fail(err, MMOFL_E_MEMORY,
                                    "no memory for %u participants", s->most);
}

/* The devices' side of the aggregation rule, and room for what each of them keeps. */
static mmofl_status make_rule(mmofl_simulation *s, mmofl_error *err)
{
    s->rule = mmofl_aggregation_local(s->setup.aggregation);
    if (!s->rule.kind)
        return MMOFL_OK;
    s->learner.rule = &s->rule;
    bool keeps = s->rule.kind->kept && !s->setup.remote;
    return keeps ? mmofl_fleet_kept_init(s, err) : MMOFL_OK;
}

static mmofl_status make_analysis(mmofl_simulation *s, mmofl_error *err)
{
    const mmofl_simulation_setup *u = &s->setup;
    if (u->analyze_every <= 0)
        return MMOFL_OK;
    int batch =
        u->train->batch < u->stream->buffer ? u->train->batch : u->stream->buffer;
    mmofl_analysis_setup setup = {.model = s->model,
                                  .participants = s->most,
                                  .threads = s->n_threads,
                                  .batch = batch,
                                  .fail_after = u->fail_after};
    mmofl_status st = mmofl_analysis_new(&setup, &s->analysis);
    return st ? mmofl_fail(err, st, "no memory for the analysis of error terms")
              : MMOFL_OK;
}

static mmofl_status make(mmofl_simulation *s, mmofl_error *err)
{
    const mmofl_simulation_setup *u = &s->setup;
    mmofl_status st =
        mmofl_model_new(u->model, u->data->modality, u->data->n_modalities,
                        u->data->n_classes, NULL, &s->model, err);
    if (st)
        return st;
    st = mmofl_holdout_make(u->data, u->validation, u->seed, &s->pools, &s->validation,
                            err);
    if (!st && !u->remote)
        st = mmofl_partition_make(u->data, &s->validation, u->partition, u->devices,
                                  u->seed, &s->pools, &s->partition, err);
    if (st)
        return st;
    s->learner = (mmofl_learner_setup){.model = s->model,
                                       .train = u->train,
                                       .seed = u->seed,
                                       .buffer = u->stream->buffer,
                                       .method = u->method};
    if (mmofl_fleet_blocks_init(s))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %d ranks",
                          s->ranks->size);
    s->most = mmofl_participants_wanted(u->participation, (uint32_t)u->devices);
    st = make_rule(s, err);
    if (!st)
        st = make_imbalance(s, err);
    if (st)
        return st;
    s->source =
        (mmofl_holding_source){.data = u->data,
                               .partition = &s->partition,
                               .stream = u->stream,
                               .imbalance = u->undisturbed ? NULL : s->imbalance,
                               .seed = u->seed};
    s->status = MMOFL_ARENA_NEW(&s->arena, s->most, mmofl_status);
    mmofl_evaluator_setup tested = {.model = s->model,
                                    .data = u->data,
                                    .imbalance = s->imbalance,
                                    .validation = &s->validation,
                                    .method = u->method,
                                    .pool = u->pool,
                                    .ranks = s->ranks,
                                    .fail_after = u->fail_after};
    if (!s->status || mmofl_evaluator_new(&tested, &s->evaluator))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %d devices", u->devices);
    st = u->remote ? MMOFL_OK : make_threads(s, err);
    if (!st)
        st = make_analysis(s, err);
    if (st)
        return st;
    st = make_coordinator(s, err);
    if (st)
        return st;
    st = mmofl_link_memory_new(receive, s->coordinator, &s->link);
    return st ? mmofl_fail(err, st, "no memory for the link") : MMOFL_OK;
}

mmofl_status mmofl_simulation_new(const mmofl_simulation_setup *setup,
                                  mmofl_simulation **out, mmofl_error *err)
{
    mmofl_simulation *s = calloc(1, sizeof *s);
    if (!s)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the simulation");
    s->setup = *setup;
    s->ranks = mmofl_ranks_or_alone(setup->ranks);
    s->arena.fail_after = s->pools.fail_after = setup->fail_after;
    s->arena.limit = s->pools.limit = setup->memory_limit;
    if (setup->method && mmofl_method_of(setup->method)->undisturbed)
        s->setup.undisturbed = true;
    if (setup->remote) {
        s->setup.undisturbed = true;
        s->setup.record_injected = false;
        s->setup.analyze_every = 0;
    }
    mmofl_status st = make(s, err);
    if (st) {
        mmofl_simulation_delete(s);
        return st;
    }
    *out = s;
    return MMOFL_OK;
}

void mmofl_simulation_delete(mmofl_simulation *s)
{
    if (!s)
        return;
    for (int t = 0; t < s->n_threads; t++)
        mmofl_learner_space_delete(s->thread[t].learner);
    mmofl_analysis_delete(s->analysis);
    mmofl_evaluator_delete(s->evaluator);
    mmofl_imbalance_delete(s->imbalance);
    if (s->link)
        s->link->kind->destroy(s->link);
    mmofl_coordinator_delete(s->coordinator);
    mmofl_model_delete(s->model);
    mmofl_arena_free(&s->pools);
    mmofl_arena_free(&s->arena);
    free(s);
}

const mmofl_model *mmofl_simulation_model(const mmofl_simulation *s)
{
    return s->model;
}

mmofl_memory_plan mmofl_simulation_memory(const mmofl_simulation *s)
{
    size_t devices = s->pools.bytes + mmofl_imbalance_bytes(s->imbalance);
    mmofl_memory_plan plan = {.data = mmofl_dataset_bytes(s->setup.data),
                              .devices = devices,
                              .per_device = devices / (size_t)s->setup.devices,
                              .threads = s->arena.bytes + learners_bytes(s) +
                                         mmofl_evaluator_bytes(s->evaluator) +
                                         mmofl_analysis_bytes(s->analysis),
                              .coordinator = mmofl_coordinator_bytes(s->coordinator)};
    return plan;
}

const float *mmofl_simulation_parameters(const mmofl_simulation *s)
{
    return mmofl_coordinator_parameters(s->coordinator);
}

mmofl_status mmofl_simulation_restore(mmofl_simulation *s, uint64_t round,
                                      const float *parameters)
{
    return mmofl_coordinator_restore(s->coordinator, round, parameters);
}

mmofl_evaluation mmofl_simulation_evaluate(mmofl_simulation *s)
{
    return mmofl_evaluator_run(s->evaluator, mmofl_simulation_parameters(s),
                               mmofl_simulation_prototypes(s));
}

bool mmofl_simulation_has_validation(const mmofl_simulation *s)
{
    return s->validation.n > 0;
}

mmofl_evaluation mmofl_simulation_validate(mmofl_simulation *s)
{
    return mmofl_evaluator_run_validation(s->evaluator, mmofl_simulation_parameters(s),
                                          mmofl_simulation_prototypes(s));
}

bool mmofl_simulation_is_imbalanced(const mmofl_simulation *s)
{
    return s->imbalance != NULL;
}

mmofl_evaluation mmofl_simulation_evaluate_disturbed(mmofl_simulation *s)
{
    return mmofl_evaluator_run_disturbed(s->evaluator, mmofl_simulation_parameters(s),
                                         mmofl_simulation_prototypes(s));
}

uint32_t mmofl_simulation_participants(const mmofl_simulation *s,
                                       const uint32_t **device)
{
    *device = s->participants;
    return s->n_participants;
}

mmofl_injected mmofl_simulation_injected(const mmofl_simulation *s, uint32_t i, int m)
{
    return s->injected[i * (size_t)s->setup.data->n_modalities + (size_t)m];
}

mmofl_injected mmofl_simulation_injected_sum(const mmofl_simulation *s, int m)
{
    return s->injected_sum[m];
}

int mmofl_simulation_error_terms(const mmofl_simulation *s, mmofl_error_term *terms,
                                 int max)
{
    return s->analysed ? mmofl_analysis_terms(s->analysis, terms, max) : 0;
}

const mmofl_holding_source *mmofl_simulation_source(const mmofl_simulation *s)
{
    return &s->source;
}

int mmofl_simulation_state(mmofl_simulation *s, mmofl_state_array *arrays, int max)
{
    int n = mmofl_coordinator_state(s->coordinator, arrays, max);
    if (s->kept && n < max && mmofl_ranks_is_first(s->ranks))
        arrays[n++] = (mmofl_state_array){
            s->rule.kind->kept, MMOFL_STATE_F32,
            (size_t)s->setup.devices * s->model->n_parameters, s->kept};
    return n;
}

const mmofl_prototypes *mmofl_simulation_prototypes(const mmofl_simulation *s)
{
    return mmofl_coordinator_prototypes(s->coordinator);
}
