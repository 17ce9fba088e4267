/* member.c - what a member hears, and what it says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "link/member.h"

/* An answer within this time acknowledges its Task, too.  Below it the other side does
 * not ask yet. */
static const double ack_within_s = 0.5;

struct mmofl_member {
    mmofl_member_setup setup;
    mmofl_log_sink log;
    mmofl_endpoint *endpoint;
    mmofl_bus *bus;
    mmofl_peer *other;
    mmofl_wire_limits limits; /* of what is said, and of a Task */
    mmofl_digest config;
    bool is_ready, wants_hello;
    mmofl_object_id hello; /* the last one */
    mmofl_error refused;   /* for good; status OK: it goes on */
    double started_s, beat_s;
    mmofl_kept_message welcome, task;         /* that came and were not taken */
    uint64_t newest_session, newest_sequence; /* of the Tasks that came; 0: none did */
    mmofl_object_id unacknowledged;           /* the newest Task */
    uint64_t unacknowledged_round;
    double ack_s;    /* when that is acknowledged at the latest; infinite: it was */
    bool is_sending; /* the answer is on its way */
    mmofl_object_id answer;
};

#define SAY(member, level, ...)                                                        \
    mmofl_log(&(member)->log, MMOFL_LOG_##level, __VA_ARGS__)

static double now(const mmofl_member *m)
{
    return m->setup.clock ? m->setup.clock(m->setup.clock_context)
                          : mmofl_clock_seconds();
}

/* ---- hearing ---- */

static mmofl_status admit(void *context, const char *name, mmofl_admission *admission)
{
    const mmofl_member *m = context;
    if (strcmp(name, MMOFL_COORDINATOR) != 0)
        return MMOFL_E_UNKNOWN;
    if (m->setup.other) {
        admission->has_key = true;
        memcpy(admission->public_key, m->setup.other, MMOFL_KEY_BYTES);
    }
    return MMOFL_OK;
}

static void take_welcome(mmofl_member *m, const mmofl_arrival *arrival,
                         mmofl_error *answer)
{
    mmofl_wire_limits join = mmofl_wire_limits_join();
    (void)!mmofl_kept_read(&m->welcome, arrival->message, arrival->size, &join, answer);
}

/* One that comes after a newer one of the same process, also of one that was taken: it
 * would go back to a round that is over. */
static bool is_late(const mmofl_member *m, const mmofl_arrival *arrival)
{
    return m->newest_session == arrival->session &&
           m->newest_sequence > arrival->sequence;
}

static void acknowledge(mmofl_member *m)
{
    if (m->ack_s < (double)INFINITY)
        mmofl_endpoint_answer(m->endpoint, m->other, &m->unacknowledged, MMOFL_OK, "");
    m->ack_s = (double)INFINITY;
}

/* true: acknowledge it now. */
static bool take_task(mmofl_member *m, const mmofl_arrival *arrival,
                      mmofl_error *answer)
{
    mmofl_kept_message task = {0};
    const mmofl_task *t = &task.message.body.task;
    if (is_late(m, arrival) ||
        mmofl_kept_read(&task, arrival->message, arrival->size, &m->limits, answer))
        return true;
    if (!mmofl_digest_equal(&t->config, &m->config)) {
        mmofl_fail(answer, MMOFL_E_STALE, "of another learning config");
        m->wants_hello = true;
        mmofl_kept_free(&task);
        return true;
    }
    task.session = m->newest_session = arrival->session;
    task.sequence = m->newest_sequence = arrival->sequence;
    mmofl_kept_free(&m->task);
    m->task = task;
    acknowledge(m); /* the one before */
    if (t->closing)
        return true;
    m->unacknowledged = arrival->object;
    m->unacknowledged_round = t->broadcast.round;
    m->ack_s = now(m) + ack_within_s;
    return false;
}

static void take_refusal(mmofl_member *m, const mmofl_arrival *arrival,
                         mmofl_error *answer)
{
    mmofl_wire_limits join = mmofl_wire_limits_join();
    mmofl_message message;
    if (mmofl_message_read(arrival->message, arrival->size, &join, &message, answer))
        return;
    const mmofl_refusal *r = &message.body.refusal;
    if (r->final)
        mmofl_fail(&m->refused, r->status, "%s refused: %s", m->setup.it, r->text);
    else
        SAY(m, INFO, "%s says: %s", m->setup.it, r->text);
    m->wants_hello = m->wants_hello || !r->final;
    mmofl_message_free(&message);
}

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    mmofl_member *m = context;
    switch (arrival->kind) {
    case MMOFL_MESSAGE_WELCOME:
        take_welcome(m, arrival, answer);
        break;
    case MMOFL_MESSAGE_TASK:
        if (!m->is_ready || m->welcome.bytes) { /* it came before its time */
            mmofl_endpoint_again(m->endpoint, peer, &arrival->object);
            return false;
        }
        return take_task(m, arrival, answer);
    case MMOFL_MESSAGE_REFUSAL:
        take_refusal(m, arrival, answer);
        break;
    default: /* the Round's news come with the Task */
        break;
    }
    return true;
}

static void answered(void *context, mmofl_peer *peer, const mmofl_object_id *object,
                     mmofl_message_kind kind, mmofl_status status, const char *text)
{
    (void)peer;
    mmofl_member *m = context;
    bool again = status == MMOFL_E_SUPERSEDED || status == MMOFL_E_INTERRUPTED ||
                 status == MMOFL_E_STATE;
    if (kind == MMOFL_MESSAGE_HELLO && status && !again)
        SAY(m, WARNING, "%s does not take %s: %s%s%s", m->setup.it, m->setup.me,
            mmofl_status_text(status), *text ? ": " : "", text);
    if (!m->is_sending || !mmofl_object_id_equal(object, &m->answer))
        return;
    m->is_sending = false;
    if (!again)
        m->setup.answered(m->setup.context, status, text);
}

static void joined(void *context, mmofl_peer *peer, uint64_t session)
{
    (void)peer, (void)session;
    ((mmofl_member *)context)->wants_hello = true;
}

static void connected(void *context, bool resumed)
{
    (void)resumed;
    const mmofl_member *m = context;
    SAY(m, INFO, "connected to %s", m->setup.broker);
}

static void lost(void *context, const char *reason)
{
    const mmofl_member *m = context;
    SAY(m, WARNING, "%s is gone: %s", m->setup.broker, reason);
}

/* ---- saying ---- */

static mmofl_status say(mmofl_member *m, const mmofl_message *message,
                        mmofl_object_id *object, mmofl_error *err)
{
    uint8_t *bytes;
    size_t size;
    mmofl_status st = mmofl_message_write(message, &m->limits, &bytes, &size);
    if (!st) {
        st = mmofl_endpoint_send(m->endpoint, m->other, bytes, size,
                                 &(mmofl_sending){.pack = true}, object);
        free(bytes);
    }
    return st ? mmofl_fail(err, st, "%s: not sent: %s",
                           mmofl_message_kind_name(message->kind),
                           mmofl_status_text(st))
              : MMOFL_OK;
}

mmofl_status mmofl_member_say_hello(mmofl_member *m, uint64_t round, mmofl_error *err)
{
    if (!m->wants_hello)
        return MMOFL_OK;
    mmofl_message hello = {.kind = MMOFL_MESSAGE_HELLO,
                           .body.hello = {.oldest_version = 1,
                                          .newest_version = 1,
                                          .config = m->config,
                                          .round = round,
                                          .program = m->setup.program}};
    m->wants_hello = false;
    /* One is enough, whoever hears it: those that nobody answers must not pile up. */
    mmofl_endpoint_cancel(m->endpoint, m->other, &m->hello);
    return say(m, &hello, &m->hello, err);
}

void mmofl_member_say_heartbeat(mmofl_member *m, double period_s, mmofl_heartbeat beat)
{
    mmofl_error err = {0};
    double t = now(m);
    if (t - m->beat_s < period_s)
        return;
    beat.uptime_s = t - m->started_s;
    mmofl_message message = {.kind = MMOFL_MESSAGE_HEARTBEAT, .body.heartbeat = beat};
    (void)!say(m, &message, NULL, &err); /* the next one will do */
    m->beat_s = t;
}

/* ---- steps ---- */

mmofl_status mmofl_member_step(mmofl_member *m, double timeout_s, mmofl_error *err)
{
    double wait = fmin(timeout_s, fmax(m->ack_s - now(m), 0));
    mmofl_status st = mmofl_endpoint_step(m->endpoint, wait, err);
    if (now(m) >= m->ack_s)
        acknowledge(m);
    if (!st && m->refused.status) {
        *err = m->refused;
        st = m->refused.status;
    }
    return st;
}

int mmofl_member_descriptor(const mmofl_member *m, bool *wants_write, double *due_s)
{
    int fd = m->bus->kind->descriptor(m->bus, wants_write, due_s);
    *due_s = fmin(*due_s, mmofl_endpoint_due_s(m->endpoint));
    *due_s = fmin(*due_s, fmax(m->ack_s - now(m), 0));
    return fd;
}

mmofl_bus *mmofl_member_bus(mmofl_member *m)
{
    return m->bus;
}

double mmofl_member_silence(const mmofl_member *m)
{
    return now(m) - mmofl_peer_heard(m->other);
}

/* ---- joining ---- */

bool mmofl_member_take_welcome(mmofl_member *m, mmofl_kept_message *welcome)
{
    if (!m->welcome.bytes)
        return false;
    *welcome = m->welcome;
    m->welcome = (mmofl_kept_message){0};
    return true;
}

void mmofl_member_ready(mmofl_member *m, const mmofl_digest *config,
                        const mmofl_wire_limits *limits)
{
    m->is_ready = true;
    m->config = *config;
    m->limits = *limits;
    mmofl_endpoint_set_limits(m->endpoint, limits);
}

void mmofl_member_unready(mmofl_member *m)
{
    m->is_ready = false;
    m->config = (mmofl_digest){{0}};
    m->limits = mmofl_wire_limits_join();
}

bool mmofl_member_is_ready(const mmofl_member *m)
{
    return m->is_ready;
}

/* ---- tasks and answers ---- */

const mmofl_task *mmofl_member_task(const mmofl_member *m)
{
    return m->task.bytes ? &m->task.message.body.task : NULL;
}

void mmofl_member_take_task(mmofl_member *m, mmofl_kept_message *task)
{
    mmofl_kept_free(task ? task : &m->task);
    if (task)
        *task = m->task;
    m->task = (mmofl_kept_message){0};
}

mmofl_status mmofl_member_answer(mmofl_member *m, uint64_t round, const void *bytes,
                                 size_t size)
{
    if (m->is_sending)
        return MMOFL_OK;
    mmofl_status st = mmofl_endpoint_send(m->endpoint, m->other, bytes, size,
                                          &(mmofl_sending){.pack = true}, &m->answer);
    m->is_sending = !st;
    if (!st && m->ack_s < (double)INFINITY && round == m->unacknowledged_round) {
        mmofl_endpoint_settle(m->endpoint, m->other, &m->unacknowledged);
        m->ack_s = (double)INFINITY;
    }
    return st;
}

bool mmofl_member_is_sending(const mmofl_member *m)
{
    return m->is_sending;
}

void mmofl_member_forget_answer(mmofl_member *m, bool cancel)
{
    if (cancel && m->is_sending)
        mmofl_endpoint_cancel(m->endpoint, m->other, &m->answer);
    m->is_sending = false;
}

/* ---- making ---- */

mmofl_status mmofl_member_new(const mmofl_member_setup *setup, mmofl_member **out,
                              mmofl_error *err)
{
    mmofl_member *m = calloc(1, sizeof *m);
    if (!m)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the connection");
    m->setup = *setup;
    m->log = setup->log ? *setup->log : (mmofl_log_sink){0};
    m->limits = mmofl_wire_limits_join();
    m->wants_hello = true;
    m->ack_s = (double)INFINITY;
    m->started_s = now(m);
    mmofl_endpoint_setup endpoint = {.identity = {setup->federation, setup->name,
                                                  mmofl_session_draw(), setup->secret},
                                     .limits = m->limits,
                                     .assembly_bytes = setup->assembly_bytes,
                                     .events = {.admit = admit,
                                                .received = received,
                                                .answered = answered,
                                                .joined = joined,
                                                .connected = connected,
                                                .lost = lost,
                                                .context = m},
                                     .clock = setup->clock,
                                     .clock_context = setup->clock_context};
    mmofl_status st = mmofl_endpoint_new(&endpoint, &m->endpoint, err);
    if (!st) {
        m->other = mmofl_endpoint_peer(m->endpoint, MMOFL_COORDINATOR, true);
        st = m->other ? MMOFL_OK
                      : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the connection");
    }
    if (st) {
        mmofl_member_delete(m, "");
        return st;
    }
    *out = m;
    return MMOFL_OK;
}

mmofl_status mmofl_member_open(mmofl_member *m, mmofl_member_connect *connect,
                               void *context, mmofl_error *err)
{
    mmofl_bus_events events = mmofl_endpoint_bus_events(m->endpoint);
    mmofl_bus_will will;
    mmofl_status st = mmofl_endpoint_will(m->endpoint, &will);
    if (st)
        return mmofl_fail(err, st, "no memory for the connection");
    st = connect(context, &events, &will, &m->bus, err);
    return st ? st : mmofl_endpoint_attach(m->endpoint, m->bus, err);
}

void mmofl_member_delete(mmofl_member *m, const char *reason)
{
    if (!m)
        return;
    if (m->bus) {
        mmofl_error err = {0};
        mmofl_message bye = {.kind = MMOFL_MESSAGE_BYE, .body.bye = {.reason = reason}};
        (void)!say(m, &bye, NULL, &err);
        m->bus->kind->destroy(m->bus);
    }
    mmofl_kept_free(&m->welcome);
    mmofl_kept_free(&m->task);
    mmofl_endpoint_delete(m->endpoint);
    free(m);
}
