/* server.c - making the server, its turns, and the list of devices that it goes by. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/learning.h"
#include "fed/aggregation.h"
#include "serve/server_parts.h"

double mmofl_server_now(const mmofl_server *s)
{
    return s->setup.clock ? s->setup.clock(s->setup.clock_context)
                          : mmofl_clock_seconds();
}

uint32_t mmofl_server_number(const mmofl_server *s, const mmofl_peer *peer)
{
    return (uint32_t)((const mmofl_served *)mmofl_peer_data(peer) - s->device);
}

mmofl_status mmofl_server_turn(mmofl_server *s, double timeout_s, mmofl_error *err)
{
    mmofl_status st = mmofl_endpoint_step(s->endpoint, timeout_s, err);
    s->looked_s = mmofl_server_now(s);
    mmofl_server_commit(s);
    if (s->setup.between)
        s->setup.between(s->setup.stop_context, s);
    mmofl_server_publish(s, false);
    if (!st && s->setup.stop_asked && s->setup.stop_asked(s->setup.stop_context))
        st = mmofl_fail(err, MMOFL_E_INTERRUPTED, "interrupted in round %llu",
                        (unsigned long long)s->round);
    return st;
}

/* ---- the list of devices ---- */

static bool is_same_admission(const mmofl_admitted *a, const mmofl_admitted *b)
{
    return a->how == b->how && (a->how != MMOFL_ADMITTED_BY_KEY ||
                                memcmp(a->key, b->key, sizeof a->key) == 0);
}

/* Nothing of it is known any more but what it has answered. */
static void forget_device(mmofl_server *s, uint32_t number)
{
    mmofl_served *d = &s->device[number];
    if (d->peer)
        mmofl_endpoint_forget(s->endpoint, d->peer);
    d->peer = NULL;
    s->has_task -= d->takes_part && d->has_task;
    d->is_welcome = d->has_task = false;
    if (s->stage == MMOFL_SERVER_CLOSING && d->takes_part) {
        d->takes_part = false;
        s->to_go--;
    }
}

mmofl_status mmofl_server_readmit(mmofl_server *s, const mmofl_admission_list *devices,
                                  mmofl_error *err)
{
    const mmofl_admission_list *old = s->devices;
    for (uint32_t i = 0; i < s->n_devices; i++)
        if (i >= devices->n ||
            strcmp(old->device[i].name, devices->device[i].name) != 0)
            return mmofl_fail(err, MMOFL_E_STATE,
                              "device %u of this run is %s; wanted it in its place", i,
                              old->device[i].name);
    s->devices = devices;
    for (uint32_t i = 0; i < s->n_devices; i++) {
        if (is_same_admission(&old->device[i], &devices->device[i]))
            continue;
        forget_device(s, i);
        if (mmofl_server_is_revoked(s, i))
            mmofl_server_give_up(s, i);
        MMOFL_SERVER_SAY(s, INFO, "%s: %s", mmofl_server_name(s, i),
                         mmofl_server_is_revoked(s, i) ? "revoked" : "has another key");
    }
    if (devices->n > s->n_devices)
        MMOFL_SERVER_SAY(s, INFO,
                         "%u devices of the list are not of this run, which has %u",
                         devices->n - s->n_devices, s->n_devices);
    return MMOFL_OK;
}

/* ---- making ---- */

static mmofl_status make_greeting(mmofl_server *s, mmofl_error *err)
{
    const mmofl_experiment *x = s->setup.run->experiment;
    const mmofl_dataset *data = s->setup.run->data;
    const mmofl_round_rules *rules = &s->setup.rules;
    s->config = mmofl_learning_text(x);
    if (!s->config)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the learning config");
    for (int m = 0; m < data->n_modalities; m++)
        s->signal[m] = (mmofl_signal){data->modality[m], data->mean[m], data->sd[m]};
    double heartbeat_s = rules->heartbeat_s > 0 ? rules->heartbeat_s : 10;
    s->greeting = (mmofl_welcome){.version = 1,
                                  .seed = s->setup.seed,
                                  .config = s->config,
                                  .n_signals = data->n_modalities,
                                  .signal = s->signal,
                                  .n_classes = data->n_classes,
                                  .class_name = data->class_name,
                                  .standardize = data->standardize,
                                  .heartbeat_s = heartbeat_s,
                                  .lease_s = rules->lease_s > 0 ? rules->lease_s
                                                                : 3 * heartbeat_s,
                                  .coding = s->setup.coding};
    s->greeting.layout = mmofl_layout_digest(s->model);
    s->greeting.config_digest = mmofl_welcome_digest(&s->greeting);
    return MMOFL_OK;
}

static mmofl_status make_room(mmofl_server *s, mmofl_error *err)
{
    const mmofl_experiment *x = s->setup.run->experiment;
    const mmofl_dataset *data = s->setup.run->data;
    mmofl_local_rule rule = mmofl_aggregation_local(&x->aggregation);
    const mmofl_server_setup *setup = &s->setup;
    s->n_devices = setup->shards      ? setup->shards
                   : setup->n_devices ? setup->n_devices
                                      : (uint32_t)x->fleet.devices;
    if (s->n_devices > s->devices->n)
        return mmofl_fail(
            err, MMOFL_E_COUNT, "there are %u %s, and %u are admitted; wanted as many",
            s->n_devices, setup->shards ? "shards" : "devices", s->devices->n);
    if (s->setup.rules.buffered > s->n_devices)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "a round of %u buffered updates; wanted at most as many as "
                          "there are devices, %u",
                          s->setup.rules.buffered, s->n_devices);
    mmofl_status st = mmofl_server_check_shards(s, err);
    if (!st)
        st = mmofl_model_new(&x->model, data->modality, data->n_modalities,
                             data->n_classes, NULL, &s->model, err);
    if (st)
        return st;
    s->limits = mmofl_wire_limits_of(s->model, mmofl_method_of(&x->method), rule.kind);
    s->device = MMOFL_ARENA_NEW(&s->arena, s->n_devices, mmofl_served);
    s->waiting = MMOFL_ARENA_NEW(&s->arena, MMOFL_GATHERED_MOST, mmofl_gathered);
    s->asked = MMOFL_ARENA_NEW(&s->arena, s->n_devices, uint32_t);
    return s->device && s->waiting && s->asked
               ? mmofl_server_late_init(s, err)
               : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %u devices",
                            s->n_devices);
}

static void restore_session(void *context, uint64_t number, uint64_t session)
{
    mmofl_server *s = context;
    if (number >= s->n_devices)
        return;
    mmofl_peer *peer =
        mmofl_endpoint_peer(s->endpoint, mmofl_server_name(s, (uint32_t)number), true);
    if (!peer) /* revoked since */
        return;
    mmofl_peer_restore_session(s->endpoint, peer, session);
    s->device[number].peer = peer;
    s->device[number].is_welcome = true;
}

static mmofl_status make_endpoint(mmofl_server *s, mmofl_error *err)
{
    size_t budget = 64 * s->limits.message_bytes;
    mmofl_endpoint_setup setup = {.identity = {s->setup.federation, MMOFL_COORDINATOR,
                                               mmofl_session_draw(), s->setup.secret},
                                  .limits = s->limits,
                                  .assembly_bytes =
                                      budget > 64 << 20 ? budget : 64 << 20,
                                  .events = mmofl_server_events(s),
                                  .clock = s->setup.clock,
                                  .clock_context = s->setup.clock_context};
    mmofl_status st = mmofl_endpoint_new(&setup, &s->endpoint, err);
    if (st)
        return st;
    st = mmofl_journal_each_session(s->setup.journal, restore_session, s, err);
    if (st)
        return st;
    mmofl_bus_events events = mmofl_endpoint_bus_events(s->endpoint);
    st = s->setup.connect(s->setup.connect_context, &events, &s->bus, err);
    return st ? st : mmofl_endpoint_attach(s->endpoint, s->bus, err);
}

mmofl_status mmofl_server_new(const mmofl_server_setup *setup, mmofl_server **out,
                              mmofl_error *err)
{
    mmofl_server *s = calloc(1, sizeof *s);
    if (!s)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the server");
    s->setup = *setup;
    s->log = setup->log ? *setup->log : (mmofl_log_sink){0};
    s->devices = setup->devices;
    s->fleet = (mmofl_remote_fleet){mmofl_server_run_round, s};
    s->looked_s = s->away_since_s = mmofl_server_now(s);
    s->journal_told_s = s->refusal_told_s = s->round_told_s = s->noticed_s =
        s->published_s = -(double)INFINITY;
    mmofl_status st = make_room(s, err);
    if (!st)
        st = make_greeting(s, err);
    if (!st)
        st = make_endpoint(s, err);
    if (st) {
        mmofl_server_delete(s);
        return st;
    }
    mmofl_server_publish(s, true);
    *out = s;
    return MMOFL_OK;
}

void mmofl_server_delete(mmofl_server *s)
{
    if (!s)
        return;
    if (s->bus)
        s->bus->kind->destroy(s->bus);
    mmofl_endpoint_delete(s->endpoint);
    mmofl_model_delete(s->model);
    mmofl_arena_free(&s->arena);
    free(s->config);
    free(s);
}

const mmofl_model *mmofl_server_model(const mmofl_server *server)
{
    return server->model;
}

const mmofl_remote_fleet *mmofl_server_fleet(mmofl_server *server)
{
    return &server->fleet;
}
