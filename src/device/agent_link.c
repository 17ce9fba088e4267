/* agent_link.c - what an agent hears from its endpoint, and what it says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/agent_parts.h"

/* ---- what the endpoint tells ---- */

static mmofl_status admit(void *context, const char *name, mmofl_admission *admission)
{
    const mmofl_agent *a = context;
    if (strcmp(name, MMOFL_COORDINATOR) != 0)
        return MMOFL_E_UNKNOWN;
    if (a->setup.coordinator) {
        admission->has_key = true;
        memcpy(admission->public_key, a->setup.coordinator, MMOFL_KEY_BYTES);
    }
    return MMOFL_OK;
}

static void take_task(mmofl_agent *a, const mmofl_arrival *arrival, mmofl_error *answer)
{
    mmofl_kept_message task = {0};
    if (mmofl_kept_is_after(&a->incoming.task, arrival->session, arrival->sequence))
        return;
    if (mmofl_kept_read(&task, arrival->message, arrival->size, &a->plan->limits,
                        answer))
        return;
    const mmofl_task *t = &task.message.body.task;
    if (!mmofl_digest_equal(&t->config, &a->plan->config)) {
        mmofl_fail(answer, MMOFL_E_STALE, "of another learning config");
        a->incoming.wants_hello = true;
        mmofl_kept_free(&task);
        return;
    }
    task.session = arrival->session;
    task.sequence = arrival->sequence;
    mmofl_kept_free(&a->incoming.task);
    a->incoming.task = task;
}

static void take_refusal(mmofl_agent *a, const mmofl_arrival *arrival)
{
    mmofl_wire_limits limits = mmofl_wire_limits_join();
    mmofl_message m;
    mmofl_error err = {0};
    if (mmofl_message_read(arrival->message, arrival->size, &limits, &m, &err))
        return;
    const mmofl_refusal *r = &m.body.refusal;
    if (r->final) {
        a->incoming.refused = r->status;
        snprintf(a->incoming.refusal, sizeof a->incoming.refusal, "%s", r->text);
    } else {
        MMOFL_AGENT_SAY(a, INFO, "the coordinator says: %s", r->text);
        a->incoming.wants_hello = true;
    }
    mmofl_message_free(&m);
}

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    mmofl_agent *a = context;
    mmofl_wire_limits limits = mmofl_wire_limits_join();
    switch (arrival->kind) {
    case MMOFL_MESSAGE_WELCOME:
        (void)!mmofl_kept_read(&a->incoming.welcome, arrival->message, arrival->size,
                               &limits, answer);
        break;
    case MMOFL_MESSAGE_TASK:
        if (!a->plan || a->incoming.welcome.bytes) { /* it came before its time */
            mmofl_endpoint_again(a->endpoint, peer, &arrival->object);
            return false;
        }
        take_task(a, arrival, answer);
        break;
    case MMOFL_MESSAGE_REFUSAL:
        take_refusal(a, arrival);
        break;
    default: /* the Round's news come with the Task */
        break;
    }
    return true;
}

/* The coordinator has what the device made of a round, or does not want it. */
static void answer_arrived(mmofl_agent *a, mmofl_status status, const char *text)
{
    if (status && status != MMOFL_E_DUPLICATE)
        MMOFL_AGENT_SAY(a, WARNING, "round %llu: the answer was refused: %s%s%s",
                        (unsigned long long)a->answered, mmofl_status_text(status),
                        *text ? ": " : "", text);
    mmofl_agent_settle(a, !status || status == MMOFL_E_DUPLICATE);
}

static void answered(void *context, mmofl_peer *peer, const mmofl_object_id *object,
                     mmofl_message_kind kind, mmofl_status status, const char *text)
{
    (void)peer;
    mmofl_agent *a = context;
    if (kind == MMOFL_MESSAGE_HELLO && status && status != MMOFL_E_SUPERSEDED &&
        status != MMOFL_E_INTERRUPTED)
        MMOFL_AGENT_SAY(a, WARNING, "the coordinator does not take this device: %s%s%s",
                        mmofl_status_text(status), *text ? ": " : "", text);
    if (!a->is_sending || !mmofl_object_id_equal(object, &a->answer_object))
        return;
    if (status == MMOFL_E_SUPERSEDED || status == MMOFL_E_INTERRUPTED ||
        status == MMOFL_E_STATE)
        a->is_sending = false; /* it is sent again */
    else
        answer_arrived(a, status, text);
}

static void joined(void *context, mmofl_peer *peer, uint64_t session)
{
    (void)peer, (void)session;
    mmofl_agent *a = context;
    a->incoming.wants_hello = true;
}

static void connected(void *context, bool resumed)
{
    (void)resumed;
    mmofl_agent *a = context;
    MMOFL_AGENT_SAY(a, INFO, "connected to the broker");
}

static void lost(void *context, const char *reason)
{
    mmofl_agent *a = context;
    MMOFL_AGENT_SAY(a, WARNING, "the broker is gone: %s", reason);
}

/* ---- saying ---- */

mmofl_status mmofl_agent_send(mmofl_agent *a, const mmofl_message *m,
                              mmofl_object_id *object, mmofl_error *err)
{
    mmofl_wire_limits limits = a->plan ? a->plan->limits : mmofl_wire_limits_join();
    uint8_t *bytes;
    size_t size;
    mmofl_status st = mmofl_message_write(m, &limits, &bytes, &size);
    if (!st) {
        mmofl_sending how = {.pack = true};
        st =
            mmofl_endpoint_send(a->endpoint, a->coordinator, bytes, size, &how, object);
        free(bytes);
    }
    return st ? mmofl_fail(err, st, "%s: not sent: %s",
                           mmofl_message_kind_name(m->kind), mmofl_status_text(st))
              : MMOFL_OK;
}

mmofl_status mmofl_agent_say_hello(mmofl_agent *a, mmofl_error *err)
{
    mmofl_message hello = {.kind = MMOFL_MESSAGE_HELLO,
                           .body.hello = {.oldest_version = 1,
                                          .newest_version = 1,
                                          .round = a->acknowledged,
                                          .program = a->setup.program}};
    if (a->plan)
        hello.body.hello.config = a->plan->config;
    /* One is enough, whoever hears it: those that nobody answers must not pile up. */
    mmofl_endpoint_cancel(a->endpoint, a->coordinator, &a->hello);
    return mmofl_agent_send(a, &hello, &a->hello, err);
}

void mmofl_agent_say_heartbeat(mmofl_agent *a)
{
    double now = mmofl_agent_now(a);
    if (!a->plan || now - a->heartbeat_s < a->plan->heartbeat_s)
        return;
    mmofl_error err = {0};
    mmofl_message beat = {
        .kind = MMOFL_MESSAGE_HEARTBEAT,
        .body.heartbeat = {
            .round = mmofl_agent_round(a) > a->answered ? mmofl_agent_round(a) : 0,
            .samples = a->samples ? (uint32_t)mmofl_sample_buffer_held(a->samples) : 0,
            .uptime_s = now - a->started_s}};
    (void)!mmofl_agent_send(a, &beat, NULL, &err); /* the next one will do */
    a->heartbeat_s = now;
}

mmofl_endpoint_events mmofl_agent_events(mmofl_agent *a)
{
    return (mmofl_endpoint_events){.admit = admit,
                                   .received = received,
                                   .answered = answered,
                                   .joined = joined,
                                   .connected = connected,
                                   .lost = lost,
                                   .context = a};
}
