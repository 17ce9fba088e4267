/* outbox.c - objects on their way out.
 *
 *   begin -> [ring: chunks to hand to the bus] -> [timers: waits] -> Ack: end
 *                 ^                                   |
 *                 +---- Want: these chunks -----------+
 *                 +---- timer: the last chunk, asking +   interval doubles
 *
 * What is repeated is one chunk, which asks what is missing; so a lost answer costs a
 * chunk and not an object, and a receiver that is away costs a chunk for each interval.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "link/endpoint_parts.h"

/* A peer that asks and asks gets an object so many times over, then a window for each
 * interval. */
enum { TIMES_OVER = 8, CREDIT_TO_BEGIN = 64 };

bool mmofl_message_is_reliable(mmofl_message_kind kind)
{
    switch (kind) {
    case MMOFL_MESSAGE_HELLO:
    case MMOFL_MESSAGE_WELCOME:
    case MMOFL_MESSAGE_REFUSAL:
    case MMOFL_MESSAGE_TASK:
    case MMOFL_MESSAGE_UPDATE:
    case MMOFL_MESSAGE_DECLINE:
    case MMOFL_MESSAGE_PARTIAL_SUM:
        return true;
    case MMOFL_MESSAGE_ROUND:
    case MMOFL_MESSAGE_ACK:
    case MMOFL_MESSAGE_WANT:
    case MMOFL_MESSAGE_HEARTBEAT:
    case MMOFL_MESSAGE_BYE:
        break;
    }
    return false;
}

/* ---- the ring of transfers with chunks to hand over ------------------------------ */

static void ring_enter(mmofl_endpoint *e, mmofl_transfer *t)
{
    if (t->ready)
        return;
    mmofl_transfer *head = e->ring;
    t->ready = head ? head : t;
    t->ready_before = head ? head->ready_before : t;
    t->ready_before->ready = t; /* before the head: the last to come */
    t->ready->ready_before = t;
    if (!head)
        e->ring = t;
}

static void ring_leave(mmofl_endpoint *e, mmofl_transfer *t)
{
    if (!t->ready)
        return;
    if (e->ring == t)
        e->ring = t->ready == t ? NULL : t->ready;
    t->ready->ready_before = t->ready_before;
    t->ready_before->ready = t->ready;
    t->ready = t->ready_before = NULL;
}

/* ---- transfers ------------------------------------------------------------------- */

static double with_jitter(mmofl_endpoint *e, double interval)
{
    return interval * (0.75 + 0.5 * mmofl_rng_uniform(&e->rng));
}

mmofl_transfer *mmofl_transfer_find(const mmofl_peer *peer, const mmofl_object_id *id)
{
    mmofl_transfer *t = peer->transfers;
    while (t && !mmofl_object_id_equal(&t->parcel->id, id))
        t = t->next;
    return t;
}

mmofl_status mmofl_transfer_begin(mmofl_endpoint *e, mmofl_peer *peer,
                                  mmofl_parcel *parcel, bool reliable,
                                  mmofl_transfer **out)
{
    if (mmofl_timers_reserve(&e->timers, e->transfers + 1))
        return MMOFL_E_MEMORY;
    mmofl_transfer *t = calloc(1, sizeof *t);
    if (!t)
        return MMOFL_E_MEMORY;
    t->peer = peer;
    t->parcel = parcel;
    t->reliable = reliable;
    t->interval = e->setup.timing.resend_s;
    t->give_up = (double)INFINITY;
    t->expiry_s = e->setup.timing.expiry_s;
    t->same = parcel->transfers;
    if (t->same)
        t->same->same_before = t;
    parcel->transfers = t;
    parcel->users++;
    parcel->announcements += !peer;
    e->transfers++;
    if (peer) {
        t->next = peer->transfers;
        if (t->next)
            t->next->previous = t;
        peer->transfers = t;
        peer->unanswered++;
    }
    *out = t;
    return MMOFL_OK;
}

/* Take it out of all books but the peer's. */
static void detach(mmofl_endpoint *e, mmofl_transfer *t)
{
    ring_leave(e, t);
    mmofl_timers_clear(&e->timers, &t->timer);
    e->transfers--;
}

static void discard(mmofl_transfer *t)
{
    *(t->same_before ? &t->same_before->same : &t->parcel->transfers) = t->same;
    if (t->same)
        t->same->same_before = t->same_before;
    t->parcel->announcements -= !t->peer;
    mmofl_parcel_drop(t->parcel);
    free(t);
}

void mmofl_transfer_end(mmofl_endpoint *e, mmofl_transfer *t)
{
    detach(e, t);
    if (t->peer) {
        *(t->previous ? &t->previous->next : &t->peer->transfers) = t->next;
        if (t->next)
            t->next->previous = t->previous;
        t->peer->unanswered--;
    }
    discard(t);
}

static void tell(const mmofl_endpoint *e, mmofl_peer *peer, const mmofl_object_id *id,
                 mmofl_message_kind kind, mmofl_status status, const char *text)
{
    const mmofl_endpoint_events *events = &e->setup.events;
    if (events->answered)
        events->answered(events->context, peer, id, kind, status, text);
}

/* The end of a reliable transfer, and the owner hears of it: the transfer is gone when
 * it does. */
static void end_and_tell(mmofl_endpoint *e, mmofl_transfer *t, mmofl_status status,
                         const char *text)
{
    mmofl_peer *peer = t->peer;
    mmofl_object_id id = t->parcel->id;
    mmofl_message_kind kind = t->parcel->kind;
    mmofl_transfer_end(e, t);
    tell(e, peer, &id, kind, status, text);
}

void mmofl_outbox_end_all(mmofl_endpoint *e, mmofl_peer *peer, bool told)
{
    /* All leave the books before the owner hears of one: it may begin others. */
    mmofl_transfer *t = peer->transfers;
    peer->transfers = NULL;
    peer->unanswered = 0;
    for (mmofl_transfer *each = t; each; each = each->next)
        detach(e, each);
    while (t) {
        mmofl_transfer *next = t->next;
        if (told && t->reliable)
            tell(e, peer, &t->parcel->id, t->parcel->kind, MMOFL_E_SUPERSEDED,
                 mmofl_status_text(MMOFL_E_SUPERSEDED));
        discard(t);
        t = next;
    }
}

/* Chunks that may be on their way without an answer. */
static uint32_t window_chunks(const mmofl_endpoint *e, const mmofl_transfer *t)
{
    if (!t->peer)
        return UINT32_MAX; /* nobody answers for everybody: all at once */
    uint32_t chunks = e->setup.window_bytes / t->parcel->chunk_bytes;
    return chunks > 0 ? chunks : 1;
}

void mmofl_transfer_queue(mmofl_endpoint *e, mmofl_transfer *t)
{
    if (isfinite(t->give_up))
        mmofl_timers_set(&e->timers, &t->timer, t->give_up);
    else
        mmofl_timers_clear(&e->timers, &t->timer);
    ring_enter(e, t);
}

void mmofl_transfer_wait(mmofl_endpoint *e, mmofl_transfer *t)
{
    double due = mmofl_endpoint_now(e) + with_jitter(e, t->interval);
    mmofl_timers_set(&e->timers, &t->timer, fmin(due, t->give_up));
}

void mmofl_transfer_chunks(mmofl_endpoint *e, mmofl_transfer *t,
                           const mmofl_chunk_range *range, int n)
{
    uint32_t window = window_chunks(e, t);
    t->chunk_bytes = t->parcel->chunk_bytes;
    t->n_ranges = 0;
    for (int i = 0; i < n && window > 0; i++) {
        mmofl_chunk_range r = range[i];
        if (r.last - r.first >= window)
            r.last = r.first + window - 1;
        window -= r.last - r.first + 1;
        t->range[t->n_ranges++] = r;
    }
    mmofl_transfer_queue(e, t);
}

/* ---- answers of the other side --------------------------------------------------- */

void mmofl_outbox_ack(mmofl_endpoint *e, mmofl_peer *peer, const mmofl_ack *ack)
{
    mmofl_transfer *t = mmofl_transfer_find(peer, &ack->object);
    const mmofl_parcel *kept = mmofl_parcel_kept(e, &ack->object);
    bool announced = kept && kept->announced;
    mmofl_message_kind kind = kept ? kept->kind : (mmofl_message_kind)0;
    if (t && t->reliable) {
        end_and_tell(e, t, ack->status, ack->text);
        return;
    }
    if (t)
        mmofl_transfer_end(e, t);
    if (announced)
        tell(e, peer, &ack->object, kind, ack->status, ack->text);
}

/* What the peer may ask for from now on. */
static void give_credit(mmofl_transfer *t)
{
    t->credit = (uint64_t)TIMES_OVER * mmofl_parcel_chunks(t->parcel) + CREDIT_TO_BEGIN;
}

/* Chunks of something that was announced: a transfer for what this peer missed. */
static mmofl_transfer *make_up(mmofl_endpoint *e, mmofl_peer *peer,
                               const mmofl_object_id *id)
{
    mmofl_parcel *kept = mmofl_parcel_kept(e, id);
    mmofl_transfer *t = NULL;
    if (!kept || !kept->announced || kept->chunk_bytes == 0 ||
        peer->unanswered >= MMOFL_ENDPOINT_UNANSWERED ||
        mmofl_transfer_begin(e, peer, kept, false, &t))
        return NULL;
    give_credit(t);
    return t;
}

void mmofl_outbox_want(mmofl_endpoint *e, mmofl_peer *peer, const mmofl_want *want)
{
    mmofl_transfer *t = mmofl_transfer_find(peer, &want->object);
    if (!t)
        t = make_up(e, peer, &want->object);
    /* While a burst goes out, what it brings is not known to be missing. */
    if (!t || t->ready || want->n == 0 || want->chunk_bytes != t->parcel->chunk_bytes)
        return;
    if (want->last[want->n - 1] >= mmofl_parcel_chunks(t->parcel)) {
        mmofl_endpoint_refuse(e, MMOFL_E_RANGE);
        return;
    }
    if (t->chunk_bytes == 0) /* it waits for what was announced */
        give_credit(t);
    if (t->credit == 0)
        return;
    mmofl_chunk_range range[MMOFL_WIRE_RANGES];
    for (int i = 0; i < want->n; i++)
        range[i] = (mmofl_chunk_range){want->first[i], want->last[i]};
    t->interval = e->setup.timing.resend_s;
    mmofl_transfer_chunks(e, t, range, want->n);
}

/* ---- time ------------------------------------------------------------------------ */

static void knock(mmofl_endpoint *e, mmofl_transfer *t)
{
    if (t->parcel->chunk_bytes == 0) { /* what was announced has not gone out yet */
        mmofl_transfer_queue(e, t);
        return;
    }
    uint32_t last = mmofl_parcel_chunks(t->parcel) - 1;
    uint32_t window = window_chunks(e, t);
    if (t->credit < window)
        t->credit = window;
    t->interval = fmin(2 * t->interval, e->setup.timing.resend_max_s);
    e->counts.repeats_out++;
    mmofl_transfer_chunks(e, t, &(mmofl_chunk_range){last, last}, 1);
}

void mmofl_outbox_timers(mmofl_endpoint *e)
{
    double now = mmofl_endpoint_now(e);
    for (mmofl_timer *first;
         (first = mmofl_timers_first(&e->timers)) && first->due <= now;) {
        mmofl_transfer *t = (mmofl_transfer *)first;
        if (t->give_up <= now)
            end_and_tell(e, t, MMOFL_E_INTERRUPTED,
                         mmofl_status_text(MMOFL_E_INTERRUPTED));
        else if (!t->reliable)
            mmofl_transfer_end(e, t); /* made up for; the owner sends it if it must */
        else if (e->connected)
            knock(e, t);
        else
            mmofl_timers_set(&e->timers, first, fmin(now + t->interval, t->give_up));
    }
}

void mmofl_outbox_connected(mmofl_endpoint *e)
{
    /* Whatever was on its way may be lost: all ask soon, not all at once. */
    double now = mmofl_endpoint_now(e);
    for (size_t i = 0; i < e->timers.n; i++) {
        mmofl_transfer *t = (mmofl_transfer *)e->timers.heap[i];
        t->interval = e->setup.timing.resend_s;
    }
    /* Times only get earlier, so the heap's order breaks only upwards of what moves:
     * each is set anew in its turn. */
    for (size_t i = 0; i < e->timers.n; i++) {
        mmofl_transfer *t = (mmofl_transfer *)e->timers.heap[i];
        double soon = now + t->interval * mmofl_rng_uniform(&e->rng);
        if (soon < t->timer.due)
            mmofl_timers_set(&e->timers, &t->timer, soon);
    }
    e->round_due = e->round != NULL;
}

/* ---- handing over ---------------------------------------------------------------- */

/* The chunks of the burst are out. */
static void end_burst(mmofl_endpoint *e, mmofl_transfer *t)
{
    ring_leave(e, t);
    if (t->peer)
        mmofl_transfer_wait(e, t);
    else
        mmofl_transfer_end(e, t); /* announced */
}

/* The chunks of a transfer that did not know its cutting yet, or whose cutting changed.
 */
static void cut_anew(mmofl_endpoint *e, mmofl_transfer *t)
{
    uint32_t chunks = mmofl_parcel_chunks(t->parcel);
    uint32_t first = t->reliable && t->parcel->announced ? chunks - 1 : 0;
    give_credit(t);
    mmofl_transfer_chunks(e, t, &(mmofl_chunk_range){first, chunks - 1}, 1);
}

/* Hand over one chunk.  false: the bus takes no more now. */
static bool hand_over(mmofl_endpoint *e, mmofl_transfer *t)
{
    mmofl_parcel *parcel = t->parcel;
    if (!mmofl_parcel_cut(e, parcel))
        return false;
    if (parcel->chunk_bytes != t->chunk_bytes || t->n_ranges == 0)
        cut_anew(e, t);
    mmofl_chunk_range *r = &t->range[0];
    bool last = t->n_ranges == 1 && r->first == r->last;
    char topic[MMOFL_TOPIC_BYTES];
    mmofl_frame frame = mmofl_frame_cut(&parcel->id, parcel->bytes, parcel->size,
                                        parcel->chunk_bytes, r->first, last);
    mmofl_bus_delivery delivery = mmofl_outbox_delivery(e, parcel->kind);
    delivery.expiry_s = t->expiry_s;
    mmofl_outbox_topic(e, t->peer, topic);
    if (mmofl_outbox_publish(e, &frame, topic, delivery))
        return false;
    t->credit -= t->credit > 0;
    if (last) {
        t->n_ranges = 0;
        end_burst(e, t);
        return true;
    }
    if (r->first++ == r->last)
        memmove(r, r + 1, (size_t)--t->n_ranges * sizeof *r);
    e->ring = t->ready; /* the next one's turn */
    return true;
}

static bool hand_over_round(mmofl_endpoint *e)
{
    mmofl_bus_delivery retained = {.qos = 1, .retain = true};
    mmofl_status st = mmofl_outbox_once(e, e->round, e->round_topic, retained);
    e->round_due = st != MMOFL_OK;
    return st == MMOFL_OK;
}

void mmofl_outbox_pump(mmofl_endpoint *e)
{
    bool taken = e->connected;
    if (taken && e->round_due)
        taken = hand_over_round(e);
    while (taken && e->ring)
        taken = hand_over(e, e->ring);
    e->full = e->connected && !taken;
}

void mmofl_outbox_release(mmofl_endpoint *e, const mmofl_parcel *parcel)
{
    for (mmofl_transfer *t = parcel->transfers, *next; t; t = next) {
        next = t->same;
        mmofl_transfer_end(e, t);
    }
}

void mmofl_outbox_free(mmofl_endpoint *e)
{
    for (size_t i = 0; i < e->peers.buckets; i++)
        for (mmofl_peer *peer = e->peers.bucket[i]; peer; peer = peer->next)
            mmofl_outbox_end_all(e, peer, false);
    while (e->ring) /* announcements */
        mmofl_transfer_end(e, e->ring);
    while (e->kept) {
        mmofl_parcel *next = e->kept->next;
        mmofl_parcel_drop(e->kept);
        e->kept = next;
    }
    if (e->round)
        mmofl_parcel_drop(e->round);
    mmofl_timers_free(&e->timers);
    free(e->frame);
}
