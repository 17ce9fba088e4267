/* coordinator.c - the round state machine.
 *
 * Updates are folded into the aggregation as they come (integer sums: order is free);
 * the few numbers of each report are kept by device and added up in device order at
 * close, so that floating-point sums do not depend on who was faster. */
#define _POSIX_C_SOURCE 200809L
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fed/coordinator_parts.h"

static const mmofl_method_kind *method_of(const mmofl_coordinator_setup *setup)
{
    return setup->method ? mmofl_method_of(setup->method) : &mmofl_method_pm;
}

static mmofl_aggregation_setup rule_setup(mmofl_coordinator *c)
{
    const mmofl_coordinator_setup *s = &c->setup;
    return (mmofl_aggregation_setup){.options = s->aggregation.options.bytes,
                                     .n = s->n_parameters,
                                     .model = s->model,
                                     .by_modality = method_of(s)->by_modality,
                                     .arena = &c->arena,
                                     .devices = s->devices,
                                     .participants = c->n_participants,
                                     .momentum = s->momentum,
                                     .ranks = c->ranks};
}

/* Can the rule do its work, and is there room for what it keeps? */
static mmofl_status check_rule(mmofl_coordinator *c, mmofl_error *err)
{
    const mmofl_coordinator_setup *s = &c->setup;
    mmofl_aggregation_setup rule = rule_setup(c);
    mmofl_status st = c->rule->check ? c->rule->check(&rule, err) : MMOFL_OK;
    if (st || !c->rule->keeps_updates || s->memory_limit == 0)
        return st;
    double bytes = (double)c->n_participants * (double)s->n_parameters * sizeof(float);
    if (bytes > (double)s->memory_limit)
        return mmofl_fail(err, MMOFL_E_MEMORY,
                          "aggregation %s keeps the models of all %u participants: "
                          "%.0f MiB, and %.0f MiB are free; wanted lower participation "
                          "or another rule",
                          c->rule->kind.name, c->n_participants, bytes / (1 << 20),
                          (double)s->memory_limit / (1 << 20));
    return MMOFL_OK;
}

/* The rule's state, and prototypes where the method has any. */
static mmofl_status make_learning(mmofl_coordinator *c)
{
    const mmofl_coordinator_setup *s = &c->setup;
    mmofl_aggregation_setup rule = rule_setup(c);
    c->state = c->rule->make(&rule);
    if (!c->state)
        return MMOFL_E_MEMORY;
    c->has_prototypes = s->model && method_of(s)->prototypes;
    if (!c->has_prototypes)
        return MMOFL_OK;
    mmofl_status st = mmofl_global_prototypes_init(
        &c->prototypes, s->model, (const void *)s->method->options.bytes, &c->arena);
    if (!st)
        c->prototypes_view = mmofl_global_prototypes_view(&c->prototypes);
    return st;
}

static mmofl_status make(mmofl_coordinator *c, const float *parameters)
{
    const mmofl_coordinator_setup *s = &c->setup;
    size_t n = c->n_participants;
    c->parameters = MMOFL_ARENA_NEW(&c->arena, s->n_parameters, float);
    c->answered = MMOFL_ARENA_NEW(&c->arena, n, bool);
    c->reports = MMOFL_ARENA_NEW(&c->arena, n, mmofl_device_report);
    if (!c->parameters || !c->answered || !c->reports ||
        mmofl_participation_init(&c->participants, s->seed, s->devices,
                                 c->n_participants, &c->arena) ||
        make_learning(c))
        return MMOFL_E_MEMORY;
    memcpy(c->parameters, parameters, s->n_parameters * sizeof(float));
    return MMOFL_OK;
}

mmofl_status mmofl_coordinator_new(const mmofl_coordinator_setup *setup,
                                   const float *parameters, mmofl_coordinator **out,
                                   mmofl_error *err)
{
    uint32_t n = mmofl_participants_wanted(setup->participation, setup->devices);
    if (n == 0)
        return mmofl_fail(
            err, MMOFL_E_RANGE,
            "participation %g of %u devices: a share in (0, 1] or a number of "
            "devices up to %u is wanted",
            setup->participation, setup->devices, setup->devices);
    mmofl_coordinator *c = calloc(1, sizeof *c);
    if (!c)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the coordinator");
    c->setup = *setup;
    c->ranks = mmofl_ranks_or_alone(setup->ranks);
    c->arena.fail_after = setup->fail_after;
    c->rule = mmofl_aggregation_of(&c->setup.aggregation);
    c->n_participants = n;
    pthread_mutex_init(&c->lock, NULL);
    mmofl_status st = check_rule(c, err);
    if (!st && make(c, parameters) != MMOFL_OK)
        st = mmofl_fail(err, MMOFL_E_MEMORY,
                        "no memory for the coordinator of %u devices", setup->devices);
    if (st) {
        mmofl_coordinator_delete(c);
        return st;
    }
    *out = c;
    return MMOFL_OK;
}

void mmofl_coordinator_delete(mmofl_coordinator *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    mmofl_arena_free(&c->arena);
    free(c);
}

size_t mmofl_coordinator_bytes(const mmofl_coordinator *c)
{
    return c->arena.bytes;
}

mmofl_status mmofl_coordinator_restore(mmofl_coordinator *c, uint64_t round,
                                       const float *parameters)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = c->open ? MMOFL_E_STATE : MMOFL_OK;
    if (!c->open) {
        c->round = round;
        memcpy(c->parameters, parameters, c->setup.n_parameters * sizeof(float));
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}

const float *mmofl_coordinator_parameters(const mmofl_coordinator *c)
{
    return c->parameters;
}

const mmofl_prototypes *mmofl_coordinator_prototypes(const mmofl_coordinator *c)
{
    return c->has_prototypes ? &c->prototypes_view : NULL;
}

int mmofl_coordinator_state(mmofl_coordinator *c, mmofl_state_array *arrays, int max)
{
    int n = 0;
    if (c->has_prototypes && max >= 2) {
        const mmofl_model *model = c->setup.model;
        size_t classes = (size_t)model->classes;
        arrays[n++] =
            (mmofl_state_array){"state.prototypes.mean", MMOFL_STATE_F32,
                                classes * model->features, c->prototypes.mean};
        arrays[n++] = (mmofl_state_array){"state.prototypes.seen", MMOFL_STATE_U32,
                                          classes * (size_t)model->n_encoders,
                                          c->prototypes.seen};
    }
    if (c->rule->arrays)
        n += c->rule->arrays(c->state, arrays + n, max - n);
    return n;
}

static size_t size_of(const mmofl_state_array *array)
{
    return array->n * (array->type == MMOFL_STATE_F64 ? sizeof(double) : sizeof(float));
}

void mmofl_coordinator_spread(mmofl_coordinator *c)
{
    mmofl_state_array arrays[MMOFL_STATE_ARRAYS];
    int n = mmofl_coordinator_state(c, arrays, MMOFL_STATE_ARRAYS);
    assert(!c->open);
    mmofl_ranks_broadcast(c->ranks, 0, &c->round, sizeof c->round);
    mmofl_ranks_broadcast(c->ranks, 0, c->parameters,
                          c->setup.n_parameters * sizeof *c->parameters);
    for (int i = 0; i < n; i++)
        mmofl_ranks_broadcast(c->ranks, 0, arrays[i].data, size_of(&arrays[i]));
}

mmofl_status mmofl_coordinator_open(mmofl_coordinator *c, mmofl_broadcast *broadcast,
                                    const uint32_t **participants, uint32_t *n)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = c->open ? MMOFL_E_STATE : MMOFL_OK;
    if (!c->open) {
        mmofl_participation_draw(&c->participants, c->round + 1);
        memset(c->answered, 0, c->n_participants * sizeof *c->answered);
        c->late = 0;
        c->rule->begin(c->state, c->parameters);
        if (c->has_prototypes)
            mmofl_global_prototypes_begin(&c->prototypes);
        c->open = true;
        *broadcast =
            (mmofl_broadcast){.round = c->round + 1,
                              .n_parameters = c->setup.n_parameters,
                              .parameters = c->parameters,
                              .prototypes = mmofl_coordinator_prototypes(c),
                              .rule = c->rule->down ? c->rule->down(c->state) : NULL};
        *participants = c->participants.device;
        *n = c->n_participants;
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}

/* Cross-entropy of float logits stays below; 2^32 of these add up to a finite sum. */
static const double largest_loss = 0x1p130;

mmofl_status mmofl_coordinator_check_report(const mmofl_device_report *r)
{
    const double loss[] = {r->fresh_loss, r->train_loss, r->whole_loss,
                           r->partial_loss};
    bool sound = r->fresh_correct <= r->fresh && fabs(r->method_loss) <= largest_loss;
    for (size_t i = 0; i < sizeof loss / sizeof *loss; i++) {
        if (!isfinite(loss[i]))
            return MMOFL_E_NONFINITE;
        sound = sound && loss[i] >= 0 && loss[i] <= largest_loss;
    }
    if (!isfinite(r->method_loss))
        return MMOFL_E_NONFINITE;
    return sound ? MMOFL_OK : MMOFL_E_RANGE;
}

/* The model and the prototypes of an update, both or neither. */
static mmofl_status take(mmofl_coordinator *c, const mmofl_update *u)
{
    if (!c->has_prototypes)
        return c->rule->add(c->state, u);
    if (!u->prototypes)
        return MMOFL_E_MISSING;
    mmofl_status st = mmofl_global_prototypes_check(&c->prototypes, u->prototypes);
    if (!st)
        st = c->rule->add(c->state, u);
    if (!st)
        mmofl_global_prototypes_add(&c->prototypes, u->prototypes);
    return st;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

mmofl_status mmofl_coordinator_find_slot(const mmofl_coordinator *c, uint64_t number,
                                         size_t *slot)
{
    uint32_t device = (uint32_t)number;
    const uint32_t *found = number < c->setup.devices
                                ? bsearch(&device, c->participants.device,
                                          c->n_participants, sizeof device, by_number)
                                : NULL;
    if (!found)
        return MMOFL_E_UNKNOWN;
    *slot = (size_t)(found - c->participants.device);
    return c->answered[*slot] ? MMOFL_E_DUPLICATE : MMOFL_OK;
}

static mmofl_status accept_locked(mmofl_coordinator *c, const mmofl_update *u)
{
    if (!c->open)
        return MMOFL_E_STATE;
    if (u->round != c->round + 1)
        return MMOFL_E_STALE;
    size_t slot;
    mmofl_status st = mmofl_coordinator_find_slot(c, u->device, &slot);
    if (st)
        return st;
    if (u->n_parameters != c->setup.n_parameters)
        return MMOFL_E_SHAPE;
    st = mmofl_coordinator_check_report(&u->report);
    if (st == MMOFL_OK)
        st = take(c, u);
    if (st == MMOFL_OK) {
        c->answered[slot] = true;
        c->reports[slot] = u->report;
    }
    return st;
}

mmofl_status mmofl_coordinator_accept(mmofl_coordinator *c, const mmofl_update *update)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = accept_locked(c, update);
    pthread_mutex_unlock(&c->lock);
    return st;
}

static mmofl_status accept_late_locked(mmofl_coordinator *c, const mmofl_update *u)
{
    if (!c->open)
        return MMOFL_E_STATE;
    if (c->rule->keeps_updates || (c->rule->local && c->rule->local->up))
        return MMOFL_E_UNSUPPORTED;
    if (u->device >= c->setup.devices)
        return MMOFL_E_UNKNOWN;
    if (u->n_parameters != c->setup.n_parameters)
        return MMOFL_E_SHAPE;
    mmofl_status st = take(c, u);
    c->late += !st;
    return st;
}

mmofl_status mmofl_coordinator_accept_late(mmofl_coordinator *c,
                                           const mmofl_update *update)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = accept_late_locked(c, update);
    pthread_mutex_unlock(&c->lock);
    return st;
}

static mmofl_status merge_locked(mmofl_coordinator *c, const size_t *start)
{
    if (!c->open)
        return MMOFL_E_STATE;
    size_t first = start[c->ranks->rank];
    mmofl_ranks_gather(c->ranks, sizeof *c->answered, start, c->answered + first,
                       c->answered);
    mmofl_ranks_gather(c->ranks, sizeof *c->reports, start, c->reports + first,
                       c->reports);
    mmofl_status prototypes =
        c->has_prototypes ? mmofl_global_prototypes_merge(&c->prototypes, c->ranks)
                          : MMOFL_OK;
    mmofl_status st = c->rule->merge(c->state, c->ranks);
    return st ? st : prototypes;
}

mmofl_status mmofl_coordinator_merge(mmofl_coordinator *c, const size_t *start)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = merge_locked(c, start);
    pthread_mutex_unlock(&c->lock);
    return st;
}

static void add_report(mmofl_round_summary *s, const mmofl_device_report *r)
{
    s->updates++;
    s->fresh += r->fresh;
    s->fresh_correct += r->fresh_correct;
    s->steps += r->steps;
    s->train_loss += r->train_loss;
    s->method_loss += r->method_loss;
    s->whole += r->whole;
    s->partial += r->partial;
    s->whole_loss += r->whole * r->whole_loss;
    s->partial_loss += r->partial * r->partial_loss;
}

static double mean_of(double sum, uint64_t n)
{
    return n ? sum / (double)n : 0;
}

static mmofl_round_summary summarize(const mmofl_coordinator *c)
{
    mmofl_round_summary s = {
        .round = c->round + 1, .participants = c->n_participants, .late = c->late};
    uint32_t with_fresh = 0;
    for (uint32_t i = 0; i < c->n_participants; i++) {
        if (!c->answered[i])
            continue;
        add_report(&s, &c->reports[i]);
        if (c->reports[i].fresh > 0) {
            with_fresh++;
            s.loss += c->reports[i].fresh_loss;
        }
    }
    s.loss = mean_of(s.loss, with_fresh);
    s.train_loss = mean_of(s.train_loss, s.updates);
    s.method_loss = mean_of(s.method_loss, s.updates);
    s.whole_loss = mean_of(s.whole_loss, s.whole);
    s.partial_loss = mean_of(s.partial_loss, s.partial);
    const mmofl_model *model = c->setup.model;
    size_t n = c->setup.n_parameters, encoders = model ? (size_t)model->n_encoders : 0;
    size_t prototypes = c->has_prototypes ? mmofl_prototypes_numbers(model) : 0;
    const mmofl_local_kind *local = c->rule->local;
    size_t down = local && local->down ? n : 0, up = local && local->up ? n : 0;
    s.bytes_down = s.participants * mmofl_broadcast_bytes(n + down, prototypes);
    s.bytes_up =
        (s.updates + s.late) * mmofl_update_bytes(n + up, encoders, prototypes);
    return s;
}

mmofl_status mmofl_coordinator_close(mmofl_coordinator *c, mmofl_round_summary *summary)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = c->open ? MMOFL_OK : MMOFL_E_STATE;
    if (c->open) {
        *summary = summarize(c);
        c->rule->finish(c->state, c->parameters);
        if (c->has_prototypes)
            mmofl_global_prototypes_finish(&c->prototypes);
        c->round++;
        c->open = false;
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}
