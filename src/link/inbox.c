/* inbox.c - from payloads to messages for the owner.
 *
 *   payload -> frame -> answered already? -> assembler -> object
 *           -> envelope: sender, receiver, signature -> session -> kind -> owner
 *
 * Whatever is refused on that way is counted by its status and leaves nothing behind.
 */
#include <stdlib.h>
#include <string.h>

#include "link/endpoint_parts.h"

/* Least seconds between two Refusals to one peer, and between two to strangers. */
#define REFUSAL_GAP_S 1.0
#define STRANGER_GAP_S 0.1

/* ---- what this side is sent ------------------------------------------------------ */

static bool is_for_us(const mmofl_endpoint *e, mmofl_message_kind kind)
{
    switch (kind) {
    case MMOFL_MESSAGE_HELLO:
    case MMOFL_MESSAGE_UPDATE:
    case MMOFL_MESSAGE_DECLINE:
    case MMOFL_MESSAGE_PARTIAL_SUM:
    case MMOFL_MESSAGE_HEARTBEAT:
    case MMOFL_MESSAGE_BYE:
        return e->coordinator;
    case MMOFL_MESSAGE_WELCOME:
    case MMOFL_MESSAGE_REFUSAL:
    case MMOFL_MESSAGE_ROUND:
    case MMOFL_MESSAGE_TASK:
        return !e->coordinator;
    case MMOFL_MESSAGE_ACK:
    case MMOFL_MESSAGE_WANT:
        return true;
    }
    return false;
}

static void say_refusal(mmofl_endpoint *e, const char *name, uint64_t session,
                        mmofl_status status, const char *text, bool final,
                        mmofl_object_id *object)
{
    mmofl_message refusal = {.kind = MMOFL_MESSAGE_REFUSAL,
                             .body.refusal = {status, text, final}};
    mmofl_outbox_say(e, name, session, &refusal, object);
}

/* ---- what was answered ----------------------------------------------------------- */

static mmofl_done *find_done(mmofl_peer *peer, const mmofl_object_id *id)
{
    for (int i = 0; i < MMOFL_DONE_OBJECTS; i++)
        if (peer->done[i].state != MMOFL_DONE_FREE &&
            mmofl_object_id_equal(&peer->done[i].id, id))
            return &peer->done[i];
    return NULL;
}

/* The books' next line that is not waiting for an answer; NULL: too many are. */
static mmofl_done *new_done(mmofl_peer *peer, const mmofl_object_id *id)
{
    if (peer->pending >= MMOFL_ENDPOINT_PENDING)
        return NULL;
    mmofl_done *done;
    do {
        done = &peer->done[peer->next_done];
        peer->next_done = (uint8_t)((peer->next_done + 1) % MMOFL_DONE_OBJECTS);
    } while (done->state == MMOFL_DONE_PENDING);
    *done = (mmofl_done){.id = *id, .state = MMOFL_DONE_PENDING};
    peer->pending++;
    return done;
}

static void say_ack(mmofl_endpoint *e, const mmofl_peer *peer,
                    const mmofl_object_id *id, mmofl_status status, const char *text)
{
    mmofl_message ack = {.kind = MMOFL_MESSAGE_ACK, .body.ack = {*id, status, text}};
    mmofl_outbox_say(e, peer->name, e->coordinator ? peer->session : 0, &ack, NULL);
}

/* false: it is not waiting for an answer. */
static bool settle(mmofl_peer *peer, const mmofl_object_id *object, mmofl_status status)
{
    mmofl_done *done = find_done(peer, object);
    if (!done || done->state != MMOFL_DONE_PENDING)
        return false;
    done->state = MMOFL_DONE_ANSWERED;
    done->status = (uint8_t)status;
    peer->pending--;
    return true;
}

void mmofl_endpoint_answer(mmofl_endpoint *e, mmofl_peer *peer,
                           const mmofl_object_id *object, mmofl_status status,
                           const char *text)
{
    if (settle(peer, object, status))
        say_ack(e, peer, object, status, text ? text : "");
}

void mmofl_endpoint_settle(mmofl_endpoint *e, mmofl_peer *peer,
                           const mmofl_object_id *object)
{
    (void)e;
    (void)settle(peer, object, MMOFL_OK);
}

void mmofl_endpoint_again(mmofl_endpoint *e, mmofl_peer *peer,
                          const mmofl_object_id *object)
{
    (void)e;
    mmofl_done *done = find_done(peer, object);
    if (!done || done->state != MMOFL_DONE_PENDING)
        return;
    done->state = MMOFL_DONE_FREE;
    peer->pending--;
}

/* ---- sessions -------------------------------------------------------------------- */

/* At most one a second: an old life may be noisy. */
static void refuse_session(mmofl_endpoint *e, mmofl_peer *peer, uint64_t session,
                           mmofl_status status)
{
    double now = mmofl_endpoint_now(e);
    mmofl_endpoint_refuse(e, status);
    if (now - peer->refused < REFUSAL_GAP_S)
        return;
    peer->refused = now;
    bool final = status == MMOFL_E_SUPERSEDED;
    say_refusal(e, peer->name, session, status,
                final ? "a newer process of this device has joined" : "say Hello first",
                final, NULL);
}

static void begin_session(mmofl_endpoint *e, mmofl_peer *peer, uint64_t session)
{
    uint64_t old = peer->session;
    mmofl_peer_change_session(peer, session);
    if (e->coordinator) {
        mmofl_outbox_end_all(e, peer, true);
        if (old)
            refuse_session(e, peer, old, MMOFL_E_SUPERSEDED);
    }
    if ((old || e->coordinator) && e->setup.events.joined)
        e->setup.events.joined(e->setup.events.context, peer, session);
}

/* A Hello may be one that was recorded, or that a broker kept, of a life that is long
 * over.  So it only claims the place: who is asked to say Hello again and acknowledges
 * that, in an object that did not exist before, is alive. */
static void take_claim(mmofl_endpoint *e, mmofl_peer *peer, uint64_t session)
{
    double now = mmofl_endpoint_now(e);
    if (session == peer->claimant && now - peer->claimed < REFUSAL_GAP_S)
        return;
    peer->claimant = session;
    peer->claimed = now;
    say_refusal(e, peer->name, session, MMOFL_E_STATE,
                "another process has this name; say Hello again", false, &peer->claim);
}

/* Is it the claimant's acknowledgement of what it was asked? */
static bool proves_claim(mmofl_endpoint *e, const mmofl_peer *peer,
                         const mmofl_arrival *arrival)
{
    mmofl_message message;
    mmofl_error err = {0};
    if (!e->coordinator || arrival->session != peer->claimant ||
        arrival->kind != MMOFL_MESSAGE_ACK ||
        mmofl_message_read(arrival->message, arrival->size, &e->setup.limits, &message,
                           &err))
        return false;
    bool proves = mmofl_object_id_equal(&message.body.ack.object, &peer->claim);
    mmofl_message_free(&message);
    return proves;
}

/* A device hears of a coordinator's process that it does not know, in words that are
 * not for this life of its own: they may be recorded ones.  It says Hello, and the
 * process that answers is alive. */
static void ask_who_is_there(mmofl_endpoint *e, mmofl_peer *peer, uint64_t session)
{
    double now = mmofl_endpoint_now(e);
    mmofl_endpoint_refuse(e, MMOFL_E_STATE);
    if (now - peer->claimed < REFUSAL_GAP_S)
        return;
    peer->claimed = now;
    if (e->setup.events.joined)
        e->setup.events.joined(e->setup.events.context, peer, session);
}

/* May that session be heard, now?  for_this_life: it is addressed to our session. */
static bool check_session(mmofl_endpoint *e, mmofl_peer *peer,
                          const mmofl_arrival *arrival, bool for_this_life)
{
    uint64_t session = arrival->session;
    if (session == peer->session)
        return true;
    if (mmofl_peer_had_session(peer, session)) {
        if (e->coordinator)
            refuse_session(e, peer, session, MMOFL_E_SUPERSEDED);
        else
            mmofl_endpoint_refuse(e, MMOFL_E_SUPERSEDED);
        return false;
    }
    if (e->coordinator && arrival->kind != MMOFL_MESSAGE_HELLO &&
        !proves_claim(e, peer, arrival)) {
        refuse_session(e, peer, session, MMOFL_E_STATE);
        return false;
    }
    if (e->coordinator && arrival->kind == MMOFL_MESSAGE_HELLO && peer->session) {
        take_claim(e, peer, session);
        return false;
    }
    if (!e->coordinator && peer->session && !for_this_life) {
        ask_who_is_there(e, peer, session);
        return false;
    }
    peer->claimant = 0;
    begin_session(e, peer, session);
    return true;
}

/* ---- messages -------------------------------------------------------------------- */

/* Ack and Want are the endpoint's own. */
static mmofl_status take_care(mmofl_endpoint *e, mmofl_peer *peer,
                              const mmofl_arrival *arrival)
{
    mmofl_message message;
    mmofl_error err = {0};
    mmofl_status st = mmofl_message_read(arrival->message, arrival->size,
                                         &e->setup.limits, &message, &err);
    if (st)
        return st;
    if (message.kind == MMOFL_MESSAGE_ACK)
        mmofl_outbox_ack(e, peer, &message.body.ack);
    else
        mmofl_outbox_want(e, peer, &message.body.want);
    mmofl_message_free(&message);
    return MMOFL_OK;
}

/* Of these an older one says nothing that a newer one did not. */
static bool is_outdated(mmofl_peer *peer, const mmofl_arrival *arrival)
{
    uint64_t *last = arrival->kind == MMOFL_MESSAGE_ROUND       ? &peer->last_round
                     : arrival->kind == MMOFL_MESSAGE_HEARTBEAT ? &peer->last_heartbeat
                                                                : NULL;
    if (last && arrival->sequence <= *last)
        return true;
    if (last)
        *last = arrival->sequence;
    return false;
}

static void deliver(mmofl_endpoint *e, mmofl_peer *peer, const mmofl_arrival *arrival)
{
    const mmofl_endpoint_events *events = &e->setup.events;
    bool reliable = mmofl_message_is_reliable(arrival->kind);
    mmofl_error answer = {0};
    if (reliable && !new_done(peer, &arrival->object)) {
        mmofl_endpoint_refuse(e, MMOFL_E_LIMIT);
        return;
    }
    e->counts.objects_in++;
    bool now = true;
    if (events->received)
        now = events->received(events->context, peer, arrival, &answer);
    if (reliable && now)
        mmofl_endpoint_answer(e, peer, &arrival->object, answer.status, answer.text);
}

static mmofl_status take_message(mmofl_endpoint *e, mmofl_peer *peer,
                                 mmofl_arrival *arrival, bool for_this_life)
{
    arrival->kind = mmofl_message_kind_peek(arrival->message, arrival->size);
    if (arrival->kind == 0)
        return MMOFL_E_UNKNOWN;
    if (!is_for_us(e, arrival->kind))
        return MMOFL_E_TYPE;
    if (!check_session(e, peer, arrival, for_this_life))
        return MMOFL_OK; /* counted there */
    peer->heard = mmofl_endpoint_now(e);
    if (arrival->kind == MMOFL_MESSAGE_ACK || arrival->kind == MMOFL_MESSAGE_WANT)
        return take_care(e, peer, arrival);
    if (is_outdated(peer, arrival))
        e->counts.repeats_in++;
    else
        deliver(e, peer, arrival);
    return MMOFL_OK;
}

/* ---- objects --------------------------------------------------------------------- */

/* Is it what its frames were named, the peer's, to us, in this life of ours? */
static mmofl_status check_address(const mmofl_endpoint *e, const mmofl_peer *peer,
                                  const mmofl_object_id *id,
                                  const mmofl_envelope *envelope)
{
    mmofl_object_id name = mmofl_object_id_of(envelope->session, envelope->sequence);
    const mmofl_identity *us = &e->setup.identity;
    mmofl_error err = {0};
    bool ours = strcmp(envelope->receiver, us->name) == 0 ||
                (!e->coordinator && strcmp(envelope->receiver, MMOFL_EVERYBODY) == 0);
    if (!mmofl_object_id_equal(&name, id))
        return MMOFL_E_CORRUPT;
    if (strcmp(envelope->sender, peer->name) != 0 || !ours)
        return MMOFL_E_DENIED;
    mmofl_status st = peer->has_key ? mmofl_envelope_verify(envelope, us->federation,
                                                            peer->public_key, &err)
                                    : MMOFL_OK;
    if (!st && envelope->receiver_session != 0 &&
        envelope->receiver_session != us->session)
        st = MMOFL_E_STALE;
    return st;
}

static mmofl_status take_object(mmofl_endpoint *e, mmofl_peer *peer,
                                const mmofl_object_id *id, const mmofl_object *object)
{
    mmofl_envelope envelope = {0};
    mmofl_error err = {0};
    mmofl_status st = mmofl_envelope_read(
        object->bytes, object->size, e->setup.limits.message_bytes, &envelope, &err);
    if (!st)
        st = check_address(e, peer, id, &envelope);
    mmofl_arrival arrival = {
        .object = *id, .session = envelope.session, .sequence = envelope.sequence};
    if (!st)
        st = mmofl_envelope_open(&envelope, &arrival.message, &arrival.size, &err);
    if (!st)
        st = take_message(e, peer, &arrival, envelope.receiver_session != 0);
    mmofl_envelope_free(&envelope);
    return st;
}

/* ---- frames ---------------------------------------------------------------------- */

static void say_want(mmofl_endpoint *e, const mmofl_peer *peer,
                     const mmofl_object_id *id)
{
    mmofl_message message = {.kind = MMOFL_MESSAGE_WANT, .body.want = {.object = *id}};
    mmofl_want *want = &message.body.want;
    mmofl_chunk_range range[MMOFL_WIRE_RANGES];
    want->n = mmofl_assembler_missing(e->assembler, peer->number, id, range,
                                      MMOFL_WIRE_RANGES, &want->chunk_bytes);
    for (int i = 0; i < want->n; i++) {
        want->first[i] = range[i].first;
        want->last[i] = range[i].last;
    }
    if (want->n > 0)
        mmofl_outbox_say(e, peer->name, e->coordinator ? peer->session : 0, &message,
                         NULL);
}

static mmofl_status take_frame(mmofl_endpoint *e, mmofl_peer *peer,
                               const mmofl_frame *frame)
{
    const mmofl_done *done = find_done(peer, &frame->object);
    if (done) {
        e->counts.repeats_in++;
        if (done->state == MMOFL_DONE_ANSWERED && frame->ask)
            say_ack(e, peer, &frame->object, (mmofl_status)done->status,
                    mmofl_status_text((mmofl_status)done->status));
        return MMOFL_OK;
    }
    mmofl_object object;
    mmofl_status st = mmofl_assembler_add(e->assembler, peer->number, frame,
                                          mmofl_endpoint_now(e), &object);
    if (st)
        return st;
    if (object.bytes) {
        st = take_object(e, peer, &frame->object, &object);
        free(object.memory);
        return st;
    }
    if (frame->ask)
        say_want(e, peer, &frame->object);
    return MMOFL_OK;
}

/* Somebody who is not admitted: its Hello is answered, nothing else, and not often. */
static void answer_stranger(mmofl_endpoint *e, const char *name,
                            const mmofl_frame *frame, mmofl_status why)
{
    double now = mmofl_endpoint_now(e);
    mmofl_envelope envelope = {0};
    mmofl_error err = {0};
    const uint8_t *message;
    size_t size;
    if (!e->coordinator || now - e->strangers < STRANGER_GAP_S ||
        frame->size != frame->object_bytes ||
        mmofl_envelope_read(frame->data, frame->size, MMOFL_FRAME_LEAST_PAYLOAD,
                            &envelope, &err))
        return;
    if (!mmofl_envelope_open(&envelope, &message, &size, &err) &&
        mmofl_message_kind_peek(message, size) == MMOFL_MESSAGE_HELLO) {
        e->strangers = now;
        say_refusal(e, name, envelope.session, why, mmofl_status_text(why),
                    why == MMOFL_E_DENIED, NULL);
    }
    mmofl_envelope_free(&envelope);
}

void mmofl_inbox_payload(mmofl_endpoint *e, const char *name, const void *payload,
                         size_t size)
{
    mmofl_frame frame;
    mmofl_peer *peer;
    mmofl_error err = {0};
    e->counts.frames_in++;
    e->counts.bytes_in += size;
    mmofl_status st =
        mmofl_frame_read(payload, size, mmofl_endpoint_object_limit(e), &frame, &err);
    if (st) {
        mmofl_endpoint_refuse(e, st);
        return;
    }
    st = mmofl_endpoint_admit(e, name, &peer);
    if (!st)
        st = take_frame(e, peer, &frame);
    else
        answer_stranger(e, name, &frame, st);
    if (st)
        mmofl_endpoint_refuse(e, st);
}
