/* shard.c - from Tasks to partial sums. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "serve/server_parts.h"
#include "serve/shard.h"

struct mmofl_shard {
    mmofl_shard_setup setup;
    char name[MMOFL_SHARD_NAME_BYTES];
    mmofl_server *server;
    mmofl_coordinator *coordinator;
    mmofl_root_link *root;
    mmofl_wire_limits limits;
    mmofl_kept_message task; /* that it is at, or was last; no bytes: none yet */
    bool in_round;
    mmofl_error failed; /* of the root's link, within a round */
    double told_s;
};

/* Between rounds; a round's own turns are the server's. */
static const double turn_s = 0.25, tell_s = 10;

/* ---- the root's turn ---- */

/* A root that was started again says its Task again: it is worked on already. */
static mmofl_status turn_to_root(mmofl_shard *s, mmofl_error *err)
{
    mmofl_status st = mmofl_root_link_step(s->root, err);
    const mmofl_task *next = mmofl_root_link_next(s->root);
    bool is_at_it = s->in_round || mmofl_root_link_is_answering(s->root);
    if (next && s->task.bytes && is_at_it &&
        mmofl_task_is_same(next, &s->task.message.body.task))
        mmofl_root_link_take(s->root, NULL);
    return st;
}

/* The server's hooks; those that the shard was given come after its own. */
static void between(void *context, mmofl_server *server)
{
    mmofl_shard *s = context;
    const mmofl_server_setup *outer = &s->setup.server;
    if (!s->failed.status)
        (void)!turn_to_root(s, &s->failed);
    if (outer->between)
        outer->between(outer->stop_context, server);
}

static bool is_asked_to_stop(const mmofl_shard *s)
{
    const mmofl_server_setup *outer = &s->setup.server;
    return outer->stop_asked && outer->stop_asked(outer->stop_context);
}

static bool stop_asked(void *context)
{
    mmofl_shard *s = context;
    bool has_other = s->in_round && mmofl_root_link_next(s->root);
    return has_other || s->failed.status || is_asked_to_stop(s);
}

/* ---- a round ---- */

static mmofl_status open_round(mmofl_shard *s, mmofl_broadcast *broadcast,
                               const uint32_t **participants, uint32_t *n,
                               mmofl_error *err)
{
    const mmofl_broadcast *b = &s->task.message.body.task.broadcast;
    mmofl_status st =
        mmofl_coordinator_restore(s->coordinator, b->round - 1, b->parameters);
    if (!st)
        st = mmofl_coordinator_open(s->coordinator, broadcast, participants, n);
    if (st)
        return mmofl_fail(err, st, "round %llu cannot start: %s",
                          (unsigned long long)b->round, mmofl_status_text(st));
    *broadcast = *b; /* prototypes and numbers of the rule are the root's */
    return MMOFL_OK;
}

static mmofl_status hand_over(mmofl_shard *s, mmofl_error *err)
{
    const mmofl_task *t = &s->task.message.body.task;
    mmofl_message m = {.kind = MMOFL_MESSAGE_PARTIAL_SUM};
    mmofl_partial_message *p = &m.body.partial_sum;
    uint8_t *bytes;
    size_t size;
    mmofl_status st = mmofl_coordinator_hand_over(s->coordinator, &p->partial);
    p->partial.first = s->setup.server.first_device;
    p->partial.devices = s->setup.server.n_devices;
    p->config = t->config;
    p->model = t->model;
    if (!st)
        st = mmofl_message_write(&m, &s->limits, &bytes, &size);
    if (st)
        return mmofl_fail(err, st, "round %llu: no sums: %s",
                          (unsigned long long)t->broadcast.round,
                          mmofl_status_text(st));
    mmofl_root_link_answer(s->root, bytes, size, t->broadcast.round);
    return MMOFL_OK;
}

/* The root may be at another round before this one ends: then it is given up, with what
 * its journal has of it. */
static mmofl_status run_round(mmofl_shard *s, mmofl_error *err)
{
    const mmofl_remote_fleet *fleet = mmofl_server_fleet(s->server);
    mmofl_broadcast broadcast;
    const uint32_t *participants;
    uint32_t n;
    mmofl_root_link_take(s->root, &s->task);
    mmofl_status st = open_round(s, &broadcast, &participants, &n, err);
    if (st)
        return st;
    s->in_round = true;
    st = fleet->round(fleet->context, s->coordinator, &broadcast, participants, n, err);
    s->in_round = false;
    if (!st)
        return hand_over(s, err);
    mmofl_coordinator_abandon(s->coordinator);
    if (st != MMOFL_E_INTERRUPTED || is_asked_to_stop(s))
        return st;
    if (s->failed.status) {
        *err = s->failed;
        return s->failed.status;
    }
    *err = (mmofl_error){0};
    return MMOFL_OK;
}

/* ---- between rounds ---- */

/* Until one of the two brokers has something to say, or something is due. */
static void wait_for_both(const mmofl_shard *s)
{
    struct pollfd p[2];
    double due_s[2];
    nfds_t n = 0;
    const mmofl_bus *bus = s->server->bus;
    for (int i = 0; i < 2; i++) {
        bool wants_write = false;
        int fd = i == 0 ? bus->kind->descriptor(bus, &wants_write, &due_s[i])
                        : mmofl_root_link_descriptor(s->root, &wants_write, &due_s[i]);
        if (fd >= 0)
            p[n++] = (struct pollfd){
                .fd = fd, .events = (short)(POLLIN | (wants_write ? POLLOUT : 0))};
    }
    double pause_s =
        fmin(fmin(due_s[0], due_s[1]), mmofl_endpoint_due_s(s->server->endpoint));
    poll(p, n, (int)ceil(1000 * fmax(fmin(pause_s, turn_s), 0)));
}

static void tell_waiting(mmofl_shard *s)
{
    double now = mmofl_server_now(s->server);
    double silence = mmofl_root_link_silence(s->root);
    if (now - s->told_s < tell_s)
        return;
    s->told_s = now;
    const char *what = mmofl_root_link_is_answering(s->root) ? "to acknowledge the sums"
                                                             : "for its next round";
    if (silence < (double)INFINITY)
        MMOFL_SERVER_SAY(s->server, INFO, "waiting for the root %s, silent for %.0f s",
                         what, silence);
    else
        MMOFL_SERVER_SAY(s->server, INFO, "waiting for the root: never heard yet");
}

/* The server's hooks give the root its turn. */
static mmofl_status turn_between_rounds(mmofl_shard *s, mmofl_error *err)
{
    wait_for_both(s);
    mmofl_status st = mmofl_server_turn(s->server, 0, err);
    if (s->failed.status) {
        *err = s->failed;
        return s->failed.status;
    }
    tell_waiting(s);
    return st;
}

static mmofl_status finish(mmofl_shard *s, double patience_s, mmofl_error *err)
{
    mmofl_root_link_take(s->root, &s->task);
    const mmofl_broadcast *b = &s->task.message.body.task.broadcast;
    return mmofl_server_finish(s->server, b->round - 1, b->parameters, b->prototypes,
                               patience_s, err);
}

mmofl_status mmofl_shard_run(mmofl_shard *s, double patience_s, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    while (!st) {
        const mmofl_task *next = mmofl_root_link_next(s->root);
        if (next && next->closing)
            return finish(s, patience_s, err);
        if (next)
            st = run_round(s, err);
        else
            st = turn_between_rounds(s, err);
        if (next)
            s->told_s = mmofl_server_now(s->server);
    }
    return st;
}

/* ---- making ---- */

static mmofl_status make_coordinator(mmofl_shard *s, mmofl_error *err)
{
    const mmofl_experiment *x = s->setup.server.run->experiment;
    const mmofl_model *model = mmofl_server_model(s->server);
    mmofl_coordinator_setup setup = {.seed = s->setup.server.seed,
                                     .devices = (uint32_t)x->fleet.devices,
                                     .participation = x->participation,
                                     .n_parameters = model->n_parameters,
                                     .aggregation = x->aggregation,
                                     .model = model,
                                     .method = &x->method,
                                     .momentum = x->train.momentum};
    float *none = calloc(model->n_parameters, sizeof *none);
    if (!none)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the model");
    mmofl_status st = mmofl_coordinator_new(&setup, none, &s->coordinator, err);
    free(none);
    return st;
}

void mmofl_shard_name(uint32_t number, char name[MMOFL_SHARD_NAME_BYTES])
{
    snprintf(name, MMOFL_SHARD_NAME_BYTES, "shard-%u", number);
}

static mmofl_status make_root(mmofl_shard *s, mmofl_error *err)
{
    const mmofl_server_setup *u = &s->setup.server;
    mmofl_partial_shape shape;
    mmofl_status st = mmofl_coordinator_partial_shape(s->coordinator, &shape);
    if (st)
        return mmofl_fail(err, st, "no sums: %s", mmofl_status_text(st));
    s->limits = s->server->limits;
    mmofl_wire_limits_add_partial(&s->limits, &shape,
                                  (uint32_t)u->run->experiment->fleet.devices);
    mmofl_shard_name(s->setup.number, s->name);
    s->setup.root.name = s->name;
    return mmofl_root_link_new(&s->setup.root, &s->server->greeting, &s->limits, u->log,
                               u->clock, u->clock_context, &s->root, err);
}

static mmofl_status make(mmofl_shard *s, mmofl_error *err)
{
    mmofl_server_setup *u = &s->setup.server;
    size_t devices = (size_t)u->run->experiment->fleet.devices;
    uint32_t number = s->setup.number, shards = s->setup.shards;
    if (shards > devices)
        return mmofl_fail(err, MMOFL_E_COUNT, "%u shards for %zu devices; wanted fewer",
                          shards, devices);
    size_t first = mmofl_block_start(devices, shards, number);
    u->first_device = (uint32_t)first;
    u->n_devices = (uint32_t)(mmofl_block_start(devices, shards, number + 1) - first);
    mmofl_server_setup inner = *u;
    inner.between = between;
    inner.stop_asked = stop_asked;
    inner.stop_context = s;
    mmofl_status st = mmofl_server_new(&inner, &s->server, err);
    if (!st)
        st = make_coordinator(s, err);
    return st ? st : make_root(s, err);
}

mmofl_status mmofl_shard_new(const mmofl_shard_setup *setup, mmofl_shard **out,
                             mmofl_error *err)
{
    mmofl_shard *s = calloc(1, sizeof *s);
    if (!s)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the shard");
    s->setup = *setup;
    mmofl_status st = make(s, err);
    if (st) {
        mmofl_shard_delete(s);
        return st;
    }
    s->told_s = mmofl_server_now(s->server);
    *out = s;
    return MMOFL_OK;
}

void mmofl_shard_delete(mmofl_shard *s)
{
    if (!s)
        return;
    mmofl_root_link_delete(s->root);
    mmofl_coordinator_delete(s->coordinator);
    mmofl_server_delete(s->server);
    mmofl_kept_free(&s->task);
    free(s);
}
