/* server.c - rounds of devices that are elsewhere. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/learning.h"
#include "fed/aggregation.h"
#include "serve/server.h"

/* Answers that came within this time go to the disk together. */
static const double gather_s = 0.01;
/* From this share of all devices on, a task goes to everybody at once. */
static const double most_of_them = 0.5;

enum { FEW = 4, GATHERED = 4096 };

typedef enum answer_state {
    NO_ANSWER,
    ACCEPTED, /* in the coordinator, not yet in the journal */
    JOURNALED,
    DECLINED
} answer_state;

/* What is known of a device. */
typedef struct device {
    mmofl_peer *peer; /* NULL: not heard */
    bool is_welcome;  /* its process has the plan */
    bool takes_part, has_task;
    unsigned char answer; /* answer_state */
    uint32_t samples;
} device;

/* An answer that is to be acknowledged once it is on the disk. */
typedef struct gathered {
    uint32_t device;
    mmofl_object_id object;
} gathered;

struct mmofl_server {
    mmofl_server_setup setup;
    mmofl_log_sink log;
    mmofl_arena arena;
    mmofl_model *model;
    mmofl_wire_limits limits;
    mmofl_endpoint *endpoint;
    mmofl_bus *bus;
    char *config;
    mmofl_signal signal[MMOFL_MAX_MODALITIES];
    mmofl_welcome greeting;
    device *device; /* by number */
    uint32_t n_heard;
    /* The open round. */
    mmofl_coordinator *coordinator; /* NULL: none is open */
    const mmofl_broadcast *broadcast;
    mmofl_digest model_digest;
    mmofl_object_id task;
    const uint32_t *participants;
    uint32_t n_participants, updates, declines, has_task;
    double opened_s, told_s;
    /* Answers on their way to the disk. */
    gathered *waiting; /* (GATHERED) */
    int n_waiting;
    double gathered_s; /* when the first of them came */
    bool sessions_changed;
    uint64_t late, refused;
    mmofl_remote_fleet fleet;
};

#define SAY(server, level, ...)                                                        \
    mmofl_log(&(server)->log, MMOFL_LOG_##level, __VA_ARGS__)

static double now_of(const mmofl_server *s)
{
    return s->setup.clock ? s->setup.clock(s->setup.clock_context)
                          : mmofl_clock_seconds();
}

static uint32_t number_of(const mmofl_server *s, const mmofl_peer *peer)
{
    return (uint32_t)((const device *)mmofl_peer_data(peer) - s->device);
}

static const char *name_of(const mmofl_server *s, uint32_t number)
{
    return s->setup.devices->device[number].name;
}

static bool is_live(const mmofl_server *s, const device *d, double now)
{
    return d->peer && now - mmofl_peer_heard(d->peer) < s->greeting.lease_s;
}

/* ---- saying ---- */

static mmofl_status send_to(mmofl_server *s, mmofl_peer *peer, const mmofl_message *m)
{
    uint8_t *bytes;
    size_t size;
    mmofl_sending how = {.pack = true, .give_up_s = s->greeting.lease_s * 10};
    mmofl_status st = mmofl_message_write(m, &s->limits, &bytes, &size);
    if (st)
        return st;
    st = mmofl_endpoint_send(s->endpoint, peer, bytes, size, &how, NULL);
    free(bytes);
    return st;
}

static void send_task(mmofl_server *s, device *d)
{
    if (!s->coordinator || !d->takes_part || d->answer != NO_ANSWER || !d->is_welcome)
        return;
    double left = s->setup.rules.deadline_s > 0
                      ? s->setup.rules.deadline_s
                      : 0; /* a device that comes late may be late */
    (void)!mmofl_endpoint_send_kept(s->endpoint, d->peer, &s->task, left);
}

static void welcome(mmofl_server *s, mmofl_peer *peer)
{
    mmofl_message m = {.kind = MMOFL_MESSAGE_WELCOME, .body.welcome = s->greeting};
    m.body.welcome.device = number_of(s, peer);
    if (send_to(s, peer, &m))
        SAY(s, WARNING, "%s: not welcomed", mmofl_peer_name(peer));
}

static void post_round(mmofl_server *s, uint64_t round, bool open, bool done)
{
    uint8_t *bytes;
    size_t size;
    mmofl_message m = {.kind = MMOFL_MESSAGE_ROUND,
                       .body.round = {.round = round,
                                      .open = open,
                                      .done = done,
                                      .config = s->greeting.config_digest,
                                      .model = s->model_digest}};
    if (mmofl_message_write(&m, &s->limits, &bytes, &size))
        return;
    (void)!mmofl_endpoint_post_round(s->endpoint, bytes, size);
    free(bytes);
}

/* ---- what comes ---- */

static mmofl_status admit(void *context, const char *name, mmofl_admission *admission)
{
    mmofl_server *s = context;
    const mmofl_admitted *a = mmofl_admission_find(s->setup.devices, name);
    if (!a)
        return MMOFL_E_UNKNOWN;
    if (a->how == MMOFL_ADMITTED_NO_MORE)
        return MMOFL_E_DENIED;
    admission->has_key = a->how == MMOFL_ADMITTED_BY_KEY;
    memcpy(admission->public_key, a->key, sizeof a->key);
    admission->data = &s->device[mmofl_admission_number_of(s->setup.devices, a)];
    return MMOFL_OK;
}

static void joined(void *context, mmofl_peer *peer, uint64_t session)
{
    mmofl_server *s = context;
    mmofl_error err = {0};
    uint32_t number = number_of(s, peer);
    s->n_heard += !s->device[number].peer;
    s->device[number].peer = peer;
    s->device[number].has_task = s->device[number].is_welcome = false;
    if (mmofl_journal_set_session(s->setup.journal, number, session, &err))
        SAY(s, WARNING, "%s", err.text);
    s->sessions_changed = true;
}

static void take_hello(mmofl_server *s, mmofl_peer *peer, const mmofl_message *m,
                       mmofl_error *answer)
{
    uint32_t version;
    if (mmofl_wire_version_choose(&m->body.hello, &version)) {
        mmofl_fail(answer, MMOFL_E_VERSION,
                   "this coordinator speaks version %u of the protocol",
                   s->greeting.version);
        return;
    }
    SAY(s, INFO, "%s has joined (%s)", mmofl_peer_name(peer), m->body.hello.program);
    welcome(s, peer);
}

/* Into the coordinator; what it says. */
static mmofl_status accept_update(mmofl_server *s, uint32_t number,
                                  mmofl_update_message *u, mmofl_error *err)
{
    u->update.device = number;
    if (u->update.round != s->broadcast->round)
        return mmofl_fail(err, MMOFL_E_STALE, "round %llu is open",
                          (unsigned long long)s->broadcast->round);
    if (!mmofl_digest_equal(&u->config, &s->greeting.config_digest))
        return mmofl_fail(err, MMOFL_E_STALE, "of another learning config");
    if (!mmofl_digest_equal(&u->model, &s->model_digest))
        return mmofl_fail(err, MMOFL_E_STALE, "of another model");
    mmofl_status st =
        mmofl_update_rebuild(u, s->broadcast->parameters, &s->model_digest);
    if (!st)
        st = mmofl_coordinator_accept(s->coordinator, &u->update);
    return st ? mmofl_fail(err, st, "%s", mmofl_status_text(st)) : MMOFL_OK;
}

/* An answer that counts is kept before it is acknowledged. */
static bool gather(mmofl_server *s, uint32_t number, const mmofl_arrival *arrival,
                   mmofl_error *answer)
{
    mmofl_status st = mmofl_journal_add(s->setup.journal, number, arrival->message,
                                        arrival->size, answer);
    if (st && st != MMOFL_E_DUPLICATE) {
        SAY(s, WARNING, "%s", answer->text);
        *answer = (mmofl_error){0};
        mmofl_endpoint_again(s->endpoint, s->device[number].peer, &arrival->object);
        return false;
    }
    *answer = (mmofl_error){0};
    if (s->n_waiting == 0)
        s->gathered_s = now_of(s);
    s->waiting[s->n_waiting++] = (gathered){number, arrival->object};
    return false;
}

static void note_answer(mmofl_server *s, device *d, answer_state state)
{
    if (d->answer != NO_ANSWER)
        return;
    d->answer = (unsigned char)state;
    s->updates += state != DECLINED;
    s->declines += state == DECLINED;
}

/* true: acknowledged with *answer; false: later. */
static bool take_update(mmofl_server *s, mmofl_peer *peer, mmofl_message *m,
                        const mmofl_arrival *arrival, mmofl_error *answer)
{
    uint32_t number = number_of(s, peer);
    device *d = &s->device[number];
    if (!s->coordinator) {
        mmofl_fail(answer, MMOFL_E_STALE, "no round is open");
    } else if (d->answer == JOURNALED) {
        return true; /* it was told, or will be told, that it is kept */
    } else if (s->n_waiting == GATHERED) {
        mmofl_endpoint_again(s->endpoint, peer, &arrival->object);
        return false;
    } else if (d->answer == ACCEPTED ||
               accept_update(s, number, &m->body.update, answer) == MMOFL_OK) {
        note_answer(s, d, ACCEPTED);
        return gather(s, number, arrival, answer);
    }
    s->late += answer->status == MMOFL_E_STALE;
    s->refused += answer->status != MMOFL_E_STALE;
    SAY(s, INFO, "%s: update of round %llu refused: %s", name_of(s, number),
        (unsigned long long)m->body.update.update.round, answer->text);
    return true;
}

static void take_decline(mmofl_server *s, mmofl_peer *peer, const mmofl_message *m)
{
    uint32_t number = number_of(s, peer);
    if (!s->coordinator || m->body.decline.round != s->broadcast->round)
        return;
    if (s->device[number].takes_part)
        note_answer(s, &s->device[number], DECLINED);
    SAY(s, WARNING, "%s declines round %llu: %s", name_of(s, number),
        (unsigned long long)m->body.decline.round, m->body.decline.text);
}

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    mmofl_server *s = context;
    mmofl_message m = {0};
    bool now = true;
    if (mmofl_message_read(arrival->message, arrival->size, &s->limits, &m, answer)) {
        s->refused++;
        SAY(s, WARNING, "%s: %s refused: %s", mmofl_peer_name(peer),
            mmofl_message_kind_name(arrival->kind), answer->text);
        return true;
    }
    switch (m.kind) {
    case MMOFL_MESSAGE_HELLO:
        take_hello(s, peer, &m, answer);
        break;
    case MMOFL_MESSAGE_UPDATE:
        now = take_update(s, peer, &m, arrival, answer);
        break;
    case MMOFL_MESSAGE_DECLINE:
        take_decline(s, peer, &m);
        break;
    case MMOFL_MESSAGE_HEARTBEAT:
        s->device[number_of(s, peer)].samples = m.body.heartbeat.samples;
        break;
    case MMOFL_MESSAGE_BYE:
        SAY(s, INFO, "%s has left: %s", mmofl_peer_name(peer), m.body.bye.reason);
        break;
    default:
        break;
    }
    mmofl_message_free(&m);
    return now;
}

static void answered(void *context, mmofl_peer *peer, const mmofl_object_id *object,
                     mmofl_message_kind kind, mmofl_status status, const char *text)
{
    mmofl_server *s = context;
    device *d = &s->device[number_of(s, peer)];
    if (kind == MMOFL_MESSAGE_WELCOME && !status) {
        d->is_welcome = true;
        send_task(s, d);
    }
    if (kind == MMOFL_MESSAGE_TASK && !status &&
        mmofl_object_id_equal(object, &s->task) && !d->has_task) {
        d->has_task = true;
        s->has_task += d->takes_part;
    }
    if (status && status != MMOFL_E_SUPERSEDED && status != MMOFL_E_INTERRUPTED)
        SAY(s, WARNING, "%s refuses a %s: %s%s%s", mmofl_peer_name(peer),
            mmofl_message_kind_name(kind), mmofl_status_text(status), *text ? ": " : "",
            text);
}

static void connected(void *context, bool resumed)
{
    (void)resumed;
    mmofl_server *s = context;
    SAY(s, INFO, "connected to the broker");
}

static void lost(void *context, const char *reason)
{
    mmofl_server *s = context;
    SAY(s, WARNING, "the broker is gone: %s", reason);
}

/* ---- the journal ---- */

/* What was gathered goes to the disk, and is acknowledged; where that fails, devices
 * send it again. */
static void commit_gathered(mmofl_server *s)
{
    double now = now_of(s);
    if (s->n_waiting == 0 && !s->sessions_changed)
        return;
    if (s->n_waiting > 0 && s->n_waiting < GATHERED / 2 &&
        now - s->gathered_s < gather_s && s->updates < s->n_participants)
        return;
    mmofl_error err = {0};
    mmofl_status st = mmofl_journal_commit(s->setup.journal, &err);
    if (st)
        SAY(s, WARNING, "%s", err.text);
    for (int i = 0; i < s->n_waiting; i++) {
        device *d = &s->device[s->waiting[i].device];
        if (st) {
            mmofl_endpoint_again(s->endpoint, d->peer, &s->waiting[i].object);
            continue;
        }
        d->answer = JOURNALED;
        mmofl_endpoint_answer(s->endpoint, d->peer, &s->waiting[i].object, MMOFL_OK,
                              "");
    }
    s->n_waiting = 0;
    s->sessions_changed = false;
}

static mmofl_status replay(void *context, uint64_t number, const void *message,
                           size_t size)
{
    mmofl_server *s = context;
    mmofl_message m = {0};
    mmofl_error err = {0};
    if (number >= s->setup.devices->n)
        return MMOFL_OK;
    mmofl_status st = mmofl_message_read(message, size, &s->limits, &m, &err);
    if (!st && m.kind == MMOFL_MESSAGE_UPDATE)
        st = accept_update(s, (uint32_t)number, &m.body.update, &err);
    if (st)
        SAY(s, WARNING, "%s: its update in the journal is given up: %s",
            name_of(s, (uint32_t)number), err.text);
    else
        note_answer(s, &s->device[number], JOURNALED);
    mmofl_message_free(&m);
    return MMOFL_OK;
}

/* ---- a round ---- */

static double deadline_left(const mmofl_server *s, double now)
{
    return s->setup.rules.deadline_s > 0 ? s->opened_s + s->setup.rules.deadline_s - now
                                         : (double)INFINITY;
}

static mmofl_status open_round(mmofl_server *s, mmofl_error *err)
{
    bool goes_on;
    uint8_t *bytes;
    size_t size;
    mmofl_message m = {.kind = MMOFL_MESSAGE_TASK,
                       .body.task = {.broadcast = *s->broadcast,
                                     .config = s->greeting.config_digest,
                                     .model = s->model_digest,
                                     .seconds_left = s->setup.rules.deadline_s}};
    mmofl_status st = mmofl_message_write(&m, &s->limits, &bytes, &size);
    if (st)
        return mmofl_fail(err, st, "round %llu: no task: %s",
                          (unsigned long long)s->broadcast->round,
                          mmofl_status_text(st));
    st = mmofl_endpoint_keep(s->endpoint, bytes, size, true, &s->task);
    free(bytes);
    if (st)
        return mmofl_fail(err, st, "round %llu: no memory for its task",
                          (unsigned long long)s->broadcast->round);
    st = mmofl_journal_begin(s->setup.journal, s->broadcast->round,
                             s->model_digest.bytes, &goes_on, err);
    if (!st && goes_on) {
        st = mmofl_journal_each(s->setup.journal, replay, s, err);
        SAY(s, INFO, "round %llu goes on with %u updates",
            (unsigned long long)s->broadcast->round, s->updates);
    }
    return st;
}

/* To everybody at once where that is most of them, else one by one. */
static void send_tasks(mmofl_server *s)
{
    double share = (double)s->n_participants / (double)s->setup.devices->n;
    if (s->n_participants > FEW && share >= most_of_them)
        (void)!mmofl_endpoint_announce(s->endpoint, &s->task,
                                       (uint32_t)ceil(s->setup.rules.deadline_s));
    for (uint32_t i = 0; i < s->n_participants; i++)
        send_task(s, &s->device[s->participants[i]]);
    post_round(s, s->broadcast->round, true, false);
}

/* Who is waited for, when that takes its time. */
static void tell_waiting(mmofl_server *s, double now)
{
    enum { NAMES = 3 };
    char names[NAMES * MMOFL_WIRE_NAME_BYTES + 8] = "";
    uint32_t missing = 0, away = 0;
    if (now - s->told_s < 10)
        return;
    s->told_s = now;
    for (uint32_t i = 0; i < s->n_participants; i++) {
        uint32_t number = s->participants[i];
        if (s->device[number].answer != NO_ANSWER)
            continue;
        away += !is_live(s, &s->device[number], now);
        size_t used = strlen(names);
        if (missing++ < NAMES)
            snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                     name_of(s, number));
    }
    SAY(s, INFO, "round %llu: %u of %u have answered; waiting for %s%s (%u away)",
        (unsigned long long)s->broadcast->round, s->updates + s->declines,
        s->n_participants, names, missing > NAMES ? ", ..." : "", away);
}

/* Has the round what it wants? */
static bool is_complete(const mmofl_server *s, double now)
{
    if (s->updates + s->declines == s->n_participants)
        return true;
    return deadline_left(s, now) <= 0 &&
           s->updates >= s->setup.rules.quorum * s->n_participants;
}

static mmofl_status wait_for_answers(mmofl_server *s, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (double now = now_of(s); !st && !(is_complete(s, now) && s->n_waiting == 0);
         now = now_of(s)) {
        double pause = s->n_waiting > 0 || s->sessions_changed ? gather_s : 0.25;
        st = mmofl_endpoint_step(s->endpoint,
                                 fmax(fmin(pause, deadline_left(s, now)), 0), err);
        commit_gathered(s);
        tell_waiting(s, now_of(s));
        if (!st && s->setup.stop_asked && s->setup.stop_asked(s->setup.stop_context))
            st = mmofl_fail(err, MMOFL_E_INTERRUPTED, "interrupted in round %llu",
                            (unsigned long long)s->broadcast->round);
    }
    return st;
}

static void forget_round(mmofl_server *s)
{
    for (uint32_t i = 0; i < s->n_participants; i++) {
        device *d = &s->device[s->participants[i]];
        d->takes_part = d->has_task = false;
        d->answer = NO_ANSWER;
    }
    mmofl_endpoint_release(s->endpoint, &s->task);
    s->coordinator = NULL;
}

static mmofl_status run_round(void *context, mmofl_coordinator *coordinator,
                              const mmofl_broadcast *broadcast,
                              const uint32_t *participants, uint32_t n,
                              mmofl_error *err)
{
    mmofl_server *s = context;
    s->coordinator = coordinator;
    s->broadcast = broadcast;
    s->model_digest =
        mmofl_model_digest(broadcast->parameters, broadcast->n_parameters);
    s->participants = participants;
    s->n_participants = n;
    s->updates = s->declines = s->has_task = 0;
    s->opened_s = s->told_s = now_of(s);
    for (uint32_t i = 0; i < n; i++)
        s->device[participants[i]].takes_part = true;
    mmofl_status st = open_round(s, err);
    if (!st) {
        send_tasks(s);
        st = wait_for_answers(s, err);
    }
    forget_round(s);
    return st;
}

/* ---- the end ---- */

void mmofl_server_finish(mmofl_server *s, uint64_t rounds, const float *parameters,
                         const mmofl_prototypes *prototypes, double patience_s)
{
    uint8_t *bytes;
    size_t size;
    mmofl_error err = {0};
    s->model_digest = mmofl_model_digest(parameters, s->model->n_parameters);
    float *rule =
        s->limits.rule_down ? calloc(s->model->n_parameters, sizeof *rule) : NULL;
    mmofl_message m = {.kind = MMOFL_MESSAGE_TASK,
                       .body.task = {.broadcast = {rounds + 1, s->model->n_parameters,
                                                   parameters, prototypes, rule},
                                     .config = s->greeting.config_digest,
                                     .model = s->model_digest,
                                     .closing = true}};
    mmofl_status st = mmofl_message_write(&m, &s->limits, &bytes, &size);
    free(rule);
    if (st)
        return;
    st = mmofl_endpoint_keep(s->endpoint, bytes, size, true, &s->task);
    free(bytes);
    if (st)
        return;
    double end = now_of(s) + patience_s, now;
    uint32_t live = 0, have = 0;
    for (uint32_t i = 0; i < s->setup.devices->n; i++) {
        device *d = &s->device[i];
        d->has_task = d->takes_part = false;
        if (is_live(s, d, now_of(s)))
            live += mmofl_endpoint_send_kept(s->endpoint, d->peer, &s->task,
                                             patience_s) == MMOFL_OK;
    }
    post_round(s, rounds, false, true);
    while (have < live && (now = now_of(s)) < end && !st) {
        st = mmofl_endpoint_step(s->endpoint, fmin(0.1, end - now), &err);
        have = 0;
        for (uint32_t i = 0; i < s->setup.devices->n; i++)
            have += s->device[i].has_task;
    }
    SAY(s, INFO, "the final model is with %u of %u devices that are here", have, live);
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
    s->greeting.config_digest = mmofl_welcome_digest(&s->greeting);
    return MMOFL_OK;
}

static mmofl_status plan(mmofl_server *s, mmofl_error *err)
{
    const mmofl_experiment *x = s->setup.run->experiment;
    const mmofl_dataset *data = s->setup.run->data;
    mmofl_local_rule rule = mmofl_aggregation_local(&x->aggregation);
    if ((uint32_t)x->fleet.devices != s->setup.devices->n)
        return mmofl_fail(err, MMOFL_E_COUNT,
                          "fleet.devices is %d, and %u are admitted; wanted the same",
                          x->fleet.devices, s->setup.devices->n);
    mmofl_status st = mmofl_model_new(&x->model, data->modality, data->n_modalities,
                                      data->n_classes, NULL, &s->model, err);
    if (st)
        return st;
    s->limits = mmofl_wire_limits_of(s->model, mmofl_method_of(&x->method), rule.kind);
    s->device = MMOFL_ARENA_NEW(&s->arena, s->setup.devices->n, device);
    s->waiting = MMOFL_ARENA_NEW(&s->arena, GATHERED, gathered);
    return s->device && s->waiting
               ? MMOFL_OK
               : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %u devices",
                            s->setup.devices->n);
}

static void restore_session(void *context, uint64_t number, uint64_t session)
{
    mmofl_server *s = context;
    if (number >= s->setup.devices->n)
        return;
    mmofl_peer *peer =
        mmofl_endpoint_peer(s->endpoint, name_of(s, (uint32_t)number), true);
    if (!peer) /* revoked since */
        return;
    mmofl_peer_restore_session(s->endpoint, peer, session);
    s->device[number].peer = peer;
    s->device[number].is_welcome = true;
    s->n_heard++;
}

static mmofl_status make_endpoint(mmofl_server *s, mmofl_error *err)
{
    size_t budget = 64 * s->limits.message_bytes;
    mmofl_endpoint_setup setup = {.identity = {s->setup.federation, MMOFL_COORDINATOR,
                                               mmofl_session_draw(), s->setup.secret},
                                  .limits = s->limits,
                                  .assembly_bytes =
                                      budget > 64 << 20 ? budget : 64 << 20,
                                  .events = {.admit = admit,
                                             .received = received,
                                             .answered = answered,
                                             .joined = joined,
                                             .connected = connected,
                                             .lost = lost,
                                             .context = s},
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
    s->fleet = (mmofl_remote_fleet){run_round, s};
    mmofl_status st = plan(s, err);
    if (!st)
        st = make_greeting(s, err);
    if (!st)
        st = make_endpoint(s, err);
    if (st) {
        mmofl_server_delete(s);
        return st;
    }
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

/* ---- how things stand ---- */

mmofl_server_status mmofl_server_get_status(const mmofl_server *s)
{
    double now = now_of(s);
    mmofl_server_status status = {.devices = s->setup.devices->n,
                                  .late = s->late,
                                  .refused = s->refused,
                                  .left_s = (double)INFINITY,
                                  .traffic = mmofl_endpoint_count(s->endpoint)};
    for (uint32_t i = 0; i < s->setup.devices->n; i++)
        status.live += is_live(s, &s->device[i], now);
    if (!s->coordinator)
        return status;
    status.round = s->broadcast->round;
    status.open_s = now - s->opened_s;
    status.left_s = deadline_left(s, now);
    status.participants = s->n_participants;
    status.updates = s->updates;
    status.declines = s->declines;
    status.has_task = s->has_task;
    return status;
}

mmofl_device_status mmofl_server_device(const mmofl_server *s, uint32_t number)
{
    const device *d = &s->device[number];
    double now = now_of(s);
    mmofl_device_status status = {.name = name_of(s, number),
                                  .samples = d->samples,
                                  .heard_s = d->peer ? now - mmofl_peer_heard(d->peer)
                                                     : (double)INFINITY};
    if (d->answer == DECLINED)
        status.state = MMOFL_DEVICE_DECLINED;
    else if (d->answer != NO_ANSWER)
        status.state = MMOFL_DEVICE_ANSWERED;
    else if (!is_live(s, d, now))
        status.state = MMOFL_DEVICE_AWAY;
    else if (!d->takes_part)
        status.state = MMOFL_DEVICE_IDLE;
    else
        status.state = d->has_task ? MMOFL_DEVICE_LEARNING : MMOFL_DEVICE_WAITED;
    return status;
}

size_t mmofl_server_device_bytes(void)
{
    return sizeof(device);
}
