/* root_link.c - the way up. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serve/root_link.h"

struct mmofl_root_link {
    mmofl_root_setup setup;
    mmofl_welcome wanted; /* its digests */
    mmofl_wire_limits limits;
    mmofl_log_sink log;
    double (*clock)(void *context);
    void *clock_context;
    mmofl_endpoint *endpoint;
    mmofl_bus *bus;
    mmofl_peer *root;
    bool is_welcome, wants_hello;
    mmofl_object_id hello; /* the last one */
    mmofl_error failed;    /* status OK: it goes on */
    double heartbeat_s, started_s, beat_s;
    mmofl_kept_message next;                  /* a Task */
    uint64_t newest_session, newest_sequence; /* of the Tasks that came; 0: none did */
    /* The answer. */
    uint8_t *bytes; /* NULL: none */
    size_t size;
    uint64_t round;
    bool is_sending;
    mmofl_object_id object;
};

#define SAY(link, level, ...) mmofl_log(&(link)->log, MMOFL_LOG_##level, __VA_ARGS__)

static double now(const mmofl_root_link *l)
{
    return l->clock ? l->clock(l->clock_context) : mmofl_clock_seconds();
}

/* ---- hearing ---- */

static mmofl_status admit(void *context, const char *name, mmofl_admission *admission)
{
    const mmofl_root_link *l = context;
    if (strcmp(name, MMOFL_COORDINATOR) != 0)
        return MMOFL_E_UNKNOWN;
    if (l->setup.root) {
        admission->has_key = true;
        memcpy(admission->public_key, l->setup.root, MMOFL_KEY_BYTES);
    }
    return MMOFL_OK;
}

static void take_welcome(mmofl_root_link *l, const mmofl_arrival *arrival,
                         mmofl_error *answer)
{
    mmofl_wire_limits join = mmofl_wire_limits_join();
    mmofl_message m;
    if (mmofl_message_read(arrival->message, arrival->size, &join, &m, answer))
        return;
    const mmofl_welcome *w = &m.body.welcome;
    if (!mmofl_digest_equal(&w->config_digest, &l->wanted.config_digest) ||
        !mmofl_digest_equal(&w->layout, &l->wanted.layout))
        mmofl_fail(&l->failed, MMOFL_E_STATE,
                   "the root learns something else: wanted the same experiment, seed "
                   "and data set as the root's");
    l->heartbeat_s = w->heartbeat_s;
    l->is_welcome = true;
    mmofl_message_free(&m);
    SAY(l, INFO, "the root is there");
}

/* A Task that comes after a newer one of the same root's, also of one that the shard
 * has taken: it would go back to a round that is over. */
static bool is_late(const mmofl_root_link *l, const mmofl_arrival *arrival)
{
    return l->newest_session == arrival->session &&
           l->newest_sequence > arrival->sequence;
}

static void take_task(mmofl_root_link *l, const mmofl_arrival *arrival,
                      mmofl_error *answer)
{
    mmofl_kept_message task = {0};
    if (is_late(l, arrival) ||
        mmofl_kept_read(&task, arrival->message, arrival->size, &l->limits, answer))
        return;
    if (!mmofl_digest_equal(&task.message.body.task.config, &l->wanted.config_digest)) {
        mmofl_fail(answer, MMOFL_E_STALE, "of another learning config");
        l->wants_hello = true;
        mmofl_kept_free(&task);
        return;
    }
    l->newest_session = arrival->session;
    l->newest_sequence = arrival->sequence;
    mmofl_kept_free(&l->next);
    l->next = task;
}

static void take_refusal(mmofl_root_link *l, const mmofl_arrival *arrival,
                         mmofl_error *answer)
{
    mmofl_wire_limits join = mmofl_wire_limits_join();
    mmofl_message m;
    if (mmofl_message_read(arrival->message, arrival->size, &join, &m, answer))
        return;
    const mmofl_refusal *r = &m.body.refusal;
    if (r->final)
        mmofl_fail(&l->failed, r->status, "the root refused: %s", r->text);
    else
        SAY(l, INFO, "the root says: %s", r->text);
    l->wants_hello = l->wants_hello || !r->final;
    mmofl_message_free(&m);
}

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    mmofl_root_link *l = context;
    switch (arrival->kind) {
    case MMOFL_MESSAGE_WELCOME:
        take_welcome(l, arrival, answer);
        break;
    case MMOFL_MESSAGE_TASK:
        if (!l->is_welcome) { /* it came before its time */
            mmofl_endpoint_again(l->endpoint, peer, &arrival->object);
            return false;
        }
        take_task(l, arrival, answer);
        break;
    case MMOFL_MESSAGE_REFUSAL:
        take_refusal(l, arrival, answer);
        break;
    default: /* the Round's news come with the Task */
        break;
    }
    return true;
}

static void forget_answer(mmofl_root_link *l)
{
    if (l->is_sending)
        mmofl_endpoint_cancel(l->endpoint, l->root, &l->object);
    free(l->bytes);
    l->bytes = NULL;
    l->is_sending = false;
}

/* What the root cannot take now it will not take later, but for a round that is over:
 * there the next Task says how to go on. */
static void answer_arrived(mmofl_root_link *l, mmofl_status status, const char *text)
{
    if (status && status != MMOFL_E_STALE && status != MMOFL_E_DUPLICATE)
        mmofl_fail(&l->failed, status, "the root refused the sums of round %llu: %s",
                   (unsigned long long)l->round,
                   *text ? text : mmofl_status_text(status));
    else if (status)
        SAY(l, WARNING, "the root does not want the sums of round %llu: %s",
            (unsigned long long)l->round, *text ? text : mmofl_status_text(status));
    l->is_sending = false;
    forget_answer(l);
}

static void answered(void *context, mmofl_peer *peer, const mmofl_object_id *object,
                     mmofl_message_kind kind, mmofl_status status, const char *text)
{
    (void)peer;
    mmofl_root_link *l = context;
    bool again = status == MMOFL_E_SUPERSEDED || status == MMOFL_E_INTERRUPTED ||
                 status == MMOFL_E_STATE;
    if (kind == MMOFL_MESSAGE_HELLO && status && !again)
        SAY(l, WARNING, "the root does not take this shard: %s%s%s",
            mmofl_status_text(status), *text ? ": " : "", text);
    if (!l->is_sending || !mmofl_object_id_equal(object, &l->object))
        return;
    if (again)
        l->is_sending = false;
    else
        answer_arrived(l, status, text);
}

static void joined(void *context, mmofl_peer *peer, uint64_t session)
{
    (void)peer, (void)session;
    ((mmofl_root_link *)context)->wants_hello = true;
}

static void connected(void *context, bool resumed)
{
    (void)resumed;
    SAY((mmofl_root_link *)context, INFO, "connected to the root's broker");
}

static void lost(void *context, const char *reason)
{
    SAY((mmofl_root_link *)context, WARNING, "the root's broker is gone: %s", reason);
}

/* ---- saying ---- */

static mmofl_status say(mmofl_root_link *l, const mmofl_message *m,
                        mmofl_object_id *object, mmofl_error *err)
{
    uint8_t *bytes;
    size_t size;
    mmofl_status st = mmofl_message_write(m, &l->limits, &bytes, &size);
    if (!st) {
        st = mmofl_endpoint_send(l->endpoint, l->root, bytes, size,
                                 &(mmofl_sending){.pack = true}, object);
        free(bytes);
    }
    return st ? mmofl_fail(err, st, "%s: not sent: %s",
                           mmofl_message_kind_name(m->kind), mmofl_status_text(st))
              : MMOFL_OK;
}

static mmofl_status say_hello(mmofl_root_link *l, mmofl_error *err)
{
    if (!l->wants_hello)
        return MMOFL_OK;
    mmofl_message hello = {.kind = MMOFL_MESSAGE_HELLO,
                           .body.hello = {.oldest_version = 1,
                                          .newest_version = 1,
                                          .config = l->wanted.config_digest,
                                          .program = l->setup.program}};
    l->wants_hello = false;
    /* One is enough, whoever hears it: those that nobody answers must not pile up. */
    mmofl_endpoint_cancel(l->endpoint, l->root, &l->hello);
    return say(l, &hello, &l->hello, err);
}

static void say_heartbeat(mmofl_root_link *l)
{
    mmofl_error err = {0};
    double t = now(l);
    if (!l->is_welcome || t - l->beat_s < l->heartbeat_s)
        return;
    mmofl_message beat = {.kind = MMOFL_MESSAGE_HEARTBEAT,
                          .body.heartbeat = {.uptime_s = t - l->started_s}};
    (void)!say(l, &beat, NULL, &err); /* the next one will do */
    l->beat_s = t;
}

static mmofl_status say_answer(mmofl_root_link *l, mmofl_error *err)
{
    if (!l->bytes || l->is_sending || !l->is_welcome)
        return MMOFL_OK;
    mmofl_status st = mmofl_endpoint_send(l->endpoint, l->root, l->bytes, l->size,
                                          &(mmofl_sending){.pack = true}, &l->object);
    l->is_sending = !st;
    return st ? mmofl_fail(err, st, "sums of round %llu not sent: %s",
                           (unsigned long long)l->round, mmofl_status_text(st))
              : MMOFL_OK;
}

mmofl_status mmofl_root_link_step(mmofl_root_link *l, mmofl_error *err)
{
    mmofl_status st = mmofl_endpoint_step(l->endpoint, 0, err);
    if (!st && l->failed.status) {
        *err = l->failed;
        st = l->failed.status;
    }
    if (!st)
        st = say_hello(l, err);
    if (!st)
        st = say_answer(l, err);
    if (!st)
        say_heartbeat(l);
    return st;
}

int mmofl_root_link_descriptor(const mmofl_root_link *l, bool *wants_write,
                               double *due_s)
{
    int fd = l->bus->kind->descriptor(l->bus, wants_write, due_s);
    *due_s = fmin(*due_s, mmofl_endpoint_due_s(l->endpoint));
    return fd;
}

/* ---- tasks and answers ---- */

const mmofl_task *mmofl_root_link_next(const mmofl_root_link *l)
{
    return l->next.bytes ? &l->next.message.body.task : NULL;
}

void mmofl_root_link_take(mmofl_root_link *l, mmofl_kept_message *task)
{
    mmofl_kept_free(task);
    *task = l->next;
    l->next = (mmofl_kept_message){0};
}

void mmofl_root_link_drop(mmofl_root_link *l)
{
    mmofl_kept_free(&l->next);
}

void mmofl_root_link_answer(mmofl_root_link *l, uint8_t *bytes, size_t size,
                            uint64_t round)
{
    forget_answer(l);
    l->bytes = bytes;
    l->size = size;
    l->round = round;
}

bool mmofl_root_link_is_answering(const mmofl_root_link *l)
{
    return l->bytes != NULL;
}

double mmofl_root_link_silence(const mmofl_root_link *l)
{
    return now(l) - mmofl_peer_heard(l->root);
}

/* ---- making ---- */

static mmofl_status make_endpoint(mmofl_root_link *l, mmofl_error *err)
{
    const mmofl_root_setup *s = &l->setup;
    mmofl_endpoint_setup setup = {
        .identity = {s->federation, s->name, mmofl_session_draw(), s->secret},
        .limits = l->limits,
        .assembly_bytes = 8 * l->limits.message_bytes,
        .events = {.admit = admit,
                   .received = received,
                   .answered = answered,
                   .joined = joined,
                   .connected = connected,
                   .lost = lost,
                   .context = l},
        .clock = l->clock,
        .clock_context = l->clock_context};
    mmofl_bus_will will;
    mmofl_status st = mmofl_endpoint_new(&setup, &l->endpoint, err);
    if (st)
        return st;
    l->root = mmofl_endpoint_peer(l->endpoint, MMOFL_COORDINATOR, true);
    st = l->root ? mmofl_endpoint_will(l->endpoint, &will) : MMOFL_E_MEMORY;
    if (st)
        return mmofl_fail(err, st, "no memory for the connection");
    mmofl_bus_events events = mmofl_endpoint_bus_events(l->endpoint);
    st = s->connect(s->connect_context, &events, &will, &l->bus, err);
    return st ? st : mmofl_endpoint_attach(l->endpoint, l->bus, err);
}

mmofl_status mmofl_root_link_new(const mmofl_root_setup *setup,
                                 const mmofl_welcome *greeting,
                                 const mmofl_wire_limits *limits,
                                 const mmofl_log_sink *log,
                                 double (*clock)(void *context), void *clock_context,
                                 mmofl_root_link **out, mmofl_error *err)
{
    mmofl_root_link *l = calloc(1, sizeof *l);
    if (!l)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the link to the root");
    l->setup = *setup;
    l->wanted = *greeting;
    l->limits = *limits;
    l->log = log ? *log : (mmofl_log_sink){0};
    l->clock = clock;
    l->clock_context = clock_context;
    l->wants_hello = true;
    l->started_s = now(l);
    mmofl_status st = make_endpoint(l, err);
    if (st) {
        mmofl_root_link_delete(l);
        return st;
    }
    *out = l;
    return MMOFL_OK;
}

void mmofl_root_link_delete(mmofl_root_link *l)
{
    if (!l)
        return;
    if (l->bus) {
        mmofl_error err = {0};
        mmofl_message bye = {.kind = MMOFL_MESSAGE_BYE,
                             .body.bye = {.reason = "the shard's program ends"}};
        (void)!say(l, &bye, NULL, &err);
        l->bus->kind->destroy(l->bus);
    }
    mmofl_kept_free(&l->next);
    free(l->bytes);
    mmofl_endpoint_delete(l->endpoint);
    free(l);
}
