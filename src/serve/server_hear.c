/* server_hear.c - what the endpoint tells the server. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "serve/server_parts.h"

static mmofl_status admit(void *context, const char *name, mmofl_admission *admission)
{
    mmofl_server *s = context;
    const mmofl_admitted *a = mmofl_admission_find(s->devices, name);
    if (!a)
        return MMOFL_E_UNKNOWN;
    if (a->how == MMOFL_ADMITTED_NO_MORE)
        return MMOFL_E_DENIED;
    uint32_t number = mmofl_admission_number_of(s->devices, a);
    if (number >= s->n_devices) /* of a later run */
        return MMOFL_E_UNKNOWN;
    admission->has_key = a->how == MMOFL_ADMITTED_BY_KEY;
    memcpy(admission->public_key, a->key, sizeof a->key);
    admission->data = &s->device[number];
    return MMOFL_OK;
}

static void joined(void *context, mmofl_peer *peer, uint64_t session)
{
    mmofl_server *s = context;
    mmofl_error err = {0};
    uint32_t number = mmofl_server_number(s, peer);
    mmofl_served *d = &s->device[number];
    d->peer = peer;
    s->has_task -= d->takes_part && d->has_task;
    d->has_task = d->is_welcome = false;
    /* A session that is not kept costs one Hello more after a restart. */
    if (mmofl_journal_set_session(s->setup.journal, number, session, &err))
        mmofl_server_complain(s, &err);
    s->sessions_changed = true;
}

static void welcome(mmofl_server *s, mmofl_peer *peer)
{
    mmofl_message m = {.kind = MMOFL_MESSAGE_WELCOME, .body.welcome = s->greeting};
    mmofl_sending how = {.pack = true, .give_up_s = s->greeting.lease_s * 10};
    uint8_t *bytes;
    size_t size;
    m.body.welcome.device = s->setup.first_device + mmofl_server_number(s, peer);
    mmofl_status st = mmofl_message_write(&m, &s->limits, &bytes, &size);
    if (!st) {
        st = mmofl_endpoint_send(s->endpoint, peer, bytes, size, &how, NULL);
        free(bytes);
    }
    if (st)
        MMOFL_SERVER_SAY(s, WARNING, "%s: not welcomed: %s", mmofl_peer_name(peer),
                         mmofl_status_text(st));
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
    MMOFL_SERVER_SAY(s, INFO, "%s has joined (%s)", mmofl_peer_name(peer),
                     m->body.hello.program);
    welcome(s, peer);
}

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    mmofl_server *s = context;
    mmofl_message m = {0};
    bool now = true;
    if (mmofl_message_read(arrival->message, arrival->size, &s->limits, &m, answer)) {
        mmofl_server_tell_refused(s, mmofl_server_number(s, peer),
                                  mmofl_message_kind_name(arrival->kind), answer);
        return true;
    }
    uint32_t number = mmofl_server_number(s, peer);
    switch (m.kind) {
    case MMOFL_MESSAGE_HELLO:
        take_hello(s, peer, &m, answer);
        break;
    case MMOFL_MESSAGE_UPDATE:
    case MMOFL_MESSAGE_PARTIAL_SUM:
        now = mmofl_server_take_answer(s, peer, &m, arrival, answer);
        break;
    case MMOFL_MESSAGE_DECLINE:
        mmofl_server_take_decline(s, number, &m.body.decline);
        break;
    case MMOFL_MESSAGE_HEARTBEAT:
        s->device[number].samples = m.body.heartbeat.samples;
        break;
    case MMOFL_MESSAGE_BYE:
        MMOFL_SERVER_SAY(s, INFO, "%s has left: %s", mmofl_peer_name(peer),
                         m.body.bye.reason);
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
    mmofl_served *d = &s->device[mmofl_server_number(s, peer)];
    if (kind == MMOFL_MESSAGE_WELCOME && !status) {
        d->is_welcome = true;
        mmofl_server_send_task(s, d);
    }
    if (kind == MMOFL_MESSAGE_TASK && mmofl_object_id_equal(object, &s->task))
        mmofl_server_task_answered(s, d, status);
    if (status && status != MMOFL_E_SUPERSEDED && status != MMOFL_E_INTERRUPTED)
        MMOFL_SERVER_SAY(s, WARNING, "%s refuses a %s: %s%s%s", mmofl_peer_name(peer),
                         mmofl_message_kind_name(kind), mmofl_status_text(status),
                         *text ? ": " : "", text);
}

static void connected(void *context, bool resumed)
{
    (void)resumed;
    mmofl_server *s = context;
    s->away_since_s = (double)INFINITY;
    MMOFL_SERVER_SAY(s, INFO, "connected to the broker");
}

static void lost(void *context, const char *reason)
{
    mmofl_server *s = context;
    s->away_since_s = mmofl_server_now(s);
    MMOFL_SERVER_SAY(s, WARNING, "the broker is gone: %s", reason);
}

mmofl_endpoint_events mmofl_server_events(mmofl_server *s)
{
    return (mmofl_endpoint_events){.admit = admit,
                                   .received = received,
                                   .answered = answered,
                                   .joined = joined,
                                   .connected = connected,
                                   .lost = lost,
                                   .context = s};
}
