/* endpoint.c - an endpoint's life, its bus and its owner's calls. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "link/endpoint_parts.h"

enum {
    FRAME_BYTES = 64 * 1024,
    WINDOW_BYTES = 512 * 1024,
    ASSEMBLY_BYTES = 64 * 1024 * 1024,
    OBJECTS_OF_A_SOURCE = 8, /* that are coming in at the same time */
    EXPIRY_S = 120
};

/* How long a step may wait for a bus that is full before it tries again by itself. */
#define FULL_WAIT_S 0.05

double mmofl_endpoint_now(const mmofl_endpoint *e)
{
    return e->setup.clock ? e->setup.clock(e->setup.clock_context)
                          : mmofl_clock_seconds();
}

size_t mmofl_endpoint_object_limit(const mmofl_endpoint *e)
{
    return e->setup.limits.message_bytes + MMOFL_SEAL_OVERHEAD;
}

void mmofl_endpoint_refuse(mmofl_endpoint *e, mmofl_status status)
{
    e->counts.refused[status]++;
}

/* ---- its life -------------------------------------------------------------------- */

static void fill_in(double *value, double fallback)
{
    if (*value == 0)
        *value = fallback;
}

static void fill_in_defaults(mmofl_endpoint_setup *s)
{
    fill_in(&s->timing.resend_s, 2);
    fill_in(&s->timing.resend_max_s, 60);
    fill_in(&s->timing.idle_s, 10);
    fill_in(&s->timing.forget_s, 600);
    if (s->timing.expiry_s == 0)
        s->timing.expiry_s = EXPIRY_S;
    if (s->most_frame_bytes == 0)
        s->most_frame_bytes = FRAME_BYTES;
    if (s->assembly_bytes == 0)
        s->assembly_bytes = ASSEMBLY_BYTES;
    if (s->window_bytes == 0)
        s->window_bytes = WINDOW_BYTES;
}

static mmofl_status check_identity(const mmofl_identity *who, mmofl_error *err)
{
    if (!mmofl_wire_name_is_valid(who->federation))
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "a federation cannot be called '%.80s'; wanted 1 to %d of "
                          "A-Z a-z 0-9 . _ -",
                          who->federation, MMOFL_WIRE_NAME_BYTES - 1);
    if (*who->name && !mmofl_wire_name_is_valid(who->name))
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "a device cannot be called '%.80s'; wanted 1 to %d of "
                          "A-Z a-z 0-9 . _ -",
                          who->name, MMOFL_WIRE_NAME_BYTES - 1);
    if (who->session == 0)
        return mmofl_fail(err, MMOFL_E_RANGE, "session 0 is nobody's");
    return MMOFL_OK;
}

static void write_topics(mmofl_endpoint *e)
{
    const mmofl_identity *who = &e->setup.identity;
    const char *name = e->coordinator ? MMOFL_TOPIC_ANY : who->name;
    mmofl_topic_device(who->federation, name, MMOFL_TOPIC_UP, e->up);
    mmofl_topic_device(who->federation, name, MMOFL_TOPIC_DOWN, e->down);
    char longest[MMOFL_WIRE_NAME_BYTES];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    mmofl_topic_device(who->federation, e->coordinator ? longest : who->name,
                       MMOFL_TOPIC_DOWN, e->longest);
    mmofl_topic_common(who->federation, MMOFL_TOPIC_ALL, e->all);
    mmofl_topic_common(who->federation, MMOFL_TOPIC_ROUND, e->round_topic);
}

mmofl_status mmofl_endpoint_new(const mmofl_endpoint_setup *setup, mmofl_endpoint **out,
                                mmofl_error *err)
{
    mmofl_status st = check_identity(&setup->identity, err);
    if (st)
        return st;
    mmofl_endpoint *e = calloc(1, sizeof *e);
    if (!e)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for an endpoint");
    e->setup = *setup;
    fill_in_defaults(&e->setup);
    e->coordinator = *setup->identity.name == '\0';
    e->strangers = -(double)INFINITY;
    e->rng =
        mmofl_rng_open(setup->identity.session, MMOFL_NO_DEVICE, 0, MMOFL_USE_LINK);
    write_topics(e);
    mmofl_assembler_limits limits = {.budget = e->setup.assembly_bytes,
                                     .per_source = OBJECTS_OF_A_SOURCE,
                                     .idle_s = e->setup.timing.idle_s,
                                     .forget_s = e->setup.timing.forget_s};
    if (mmofl_assembler_new(&limits, &e->assembler)) {
        mmofl_endpoint_delete(e);
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for an endpoint");
    }
    *out = e;
    return MMOFL_OK;
}

void mmofl_endpoint_delete(mmofl_endpoint *e)
{
    if (!e)
        return;
    mmofl_outbox_free(e);
    mmofl_peers_free(&e->peers);
    mmofl_assembler_delete(e->assembler);
    free(e);
}

void mmofl_endpoint_set_limits(mmofl_endpoint *e, const mmofl_wire_limits *limits)
{
    e->setup.limits = *limits;
}

/* ---- the bus --------------------------------------------------------------------- */

static void on_connected(void *context, bool resumed)
{
    mmofl_endpoint *e = context;
    e->connected = true;
    mmofl_outbox_connected(e);
    if (e->setup.events.connected)
        e->setup.events.connected(e->setup.events.context, resumed);
}

static void on_lost(void *context, const char *reason)
{
    mmofl_endpoint *e = context;
    e->connected = false;
    if (e->setup.events.lost)
        e->setup.events.lost(e->setup.events.context, reason);
}

static void on_message(void *context, const char *topic, const void *payload,
                       size_t size)
{
    mmofl_endpoint *e = context;
    char name[MMOFL_WIRE_NAME_BYTES] = MMOFL_COORDINATOR;
    bool ours;
    if (e->coordinator)
        ours = mmofl_topic_read_device(e->setup.identity.federation, MMOFL_TOPIC_UP,
                                       topic, name);
    else
        ours = strcmp(topic, e->down) == 0 || strcmp(topic, e->all) == 0 ||
               strcmp(topic, e->round_topic) == 0;
    if (ours)
        mmofl_inbox_payload(e, name, payload, size);
    else if (e->setup.events.other)
        e->setup.events.other(e->setup.events.context, topic, payload, size);
}

mmofl_bus_events mmofl_endpoint_bus_events(mmofl_endpoint *e)
{
    return (mmofl_bus_events){.connected = on_connected,
                              .lost = on_lost,
                              .message = on_message,
                              .context = e};
}

mmofl_status mmofl_endpoint_attach(mmofl_endpoint *e, mmofl_bus *bus, mmofl_error *err)
{
    const char *filters[3] = {e->up};
    int n = 1;
    if (!e->coordinator) {
        filters[0] = e->down;
        filters[1] = e->all;
        filters[2] = e->round_topic;
        n = 3;
    }
    for (int i = 0; i < n; i++) {
        mmofl_status st = bus->kind->subscribe(bus, filters[i]);
        if (st)
            return mmofl_fail(err, st, "%s cannot listen to %s: %s", bus->kind->name,
                              filters[i], mmofl_status_text(st));
    }
    e->bus = bus;
    e->connected = false;
    return MMOFL_OK;
}

mmofl_status mmofl_endpoint_will(mmofl_endpoint *e, mmofl_bus_will *will)
{
    mmofl_message bye = {.kind = MMOFL_MESSAGE_BYE, .body.bye = {"connection lost"}};
    uint8_t *bytes;
    size_t size;
    mmofl_parcel *parcel;
    mmofl_status st = mmofl_message_write(&bye, &e->setup.limits, &bytes, &size);
    if (st)
        return st;
    st = mmofl_parcel_new(e, MMOFL_COORDINATOR, 0, bytes, size, false, &parcel);
    free(bytes);
    if (st)
        return st;
    parcel->users = 1;
    mmofl_frame frame = mmofl_frame_cut(&parcel->id, parcel->bytes, parcel->size,
                                        (uint32_t)parcel->size, 0, false);
    st = mmofl_outbox_reserve(e, mmofl_frame_bytes(&frame));
    if (!st)
        *will = (mmofl_bus_will){e->up, e->frame, mmofl_frame_write(&frame, e->frame)};
    mmofl_parcel_drop(parcel);
    return st;
}

/* ---- steps ----------------------------------------------------------------------- */

double mmofl_endpoint_due_s(const mmofl_endpoint *e)
{
    double now = mmofl_endpoint_now(e), due = mmofl_assembler_step(e->assembler, now);
    const mmofl_timer *first = mmofl_timers_first(&e->timers);
    if (first)
        due = fmin(due, first->due - now);
    if (e->connected && (e->ring || e->round_due))
        due = fmin(due, e->full ? FULL_WAIT_S : 0);
    return fmax(due, 0);
}

mmofl_status mmofl_endpoint_step(mmofl_endpoint *e, double timeout_s, mmofl_error *err)
{
    assert(e->bus);
    mmofl_outbox_timers(e);
    mmofl_outbox_pump(e);
    double wait = fmin(timeout_s, mmofl_endpoint_due_s(e));
    mmofl_status st = e->bus->kind->step(e->bus, wait, err);
    mmofl_outbox_timers(e);
    mmofl_outbox_pump(e);
    if (!st && e->connected && mmofl_parcel_chunk_bytes(e) == 0)
        st = mmofl_fail(err, MMOFL_E_LIMIT,
                        "the %s bus carries payloads of %zu bytes, wanted %d or more",
                        e->bus->kind->name,
                        e->bus->kind->max_payload(e->bus, e->longest),
                        MMOFL_FRAME_LEAST_PAYLOAD);
    return st;
}

/* ---- sending --------------------------------------------------------------------- */

static mmofl_status send_reliably(mmofl_endpoint *e, mmofl_peer *peer,
                                  mmofl_parcel *parcel, double give_up_s)
{
    mmofl_transfer *t;
    if (peer->unanswered >= MMOFL_ENDPOINT_UNANSWERED)
        return MMOFL_E_LIMIT;
    mmofl_status st = mmofl_transfer_begin(e, peer, parcel, true, &t);
    if (st)
        return st;
    if (give_up_s > 0)
        t->give_up = mmofl_endpoint_now(e) + give_up_s;
    if (parcel->announcements > 0) /* the peer is about to hear it */
        mmofl_transfer_wait(e, t);
    else
        mmofl_transfer_queue(e, t);
    return MMOFL_OK;
}

static mmofl_status send_once(mmofl_endpoint *e, const mmofl_peer *peer,
                              mmofl_parcel *parcel)
{
    char topic[MMOFL_TOPIC_BYTES];
    mmofl_outbox_topic(e, peer, topic);
    return mmofl_outbox_once(e, parcel, topic, mmofl_outbox_delivery(e, parcel->kind));
}

mmofl_status mmofl_endpoint_send(mmofl_endpoint *e, mmofl_peer *peer,
                                 const void *message, size_t size,
                                 const mmofl_sending *how, mmofl_object_id *object)
{
    mmofl_parcel *parcel;
    uint64_t session = e->coordinator ? peer->session : 0;
    mmofl_status st =
        mmofl_parcel_new(e, peer->name, session, message, size, how->pack, &parcel);
    if (st)
        return st;
    parcel->users = 1; /* this call */
    st = mmofl_message_is_reliable(parcel->kind)
             ? send_reliably(e, peer, parcel, how->give_up_s)
             : send_once(e, peer, parcel);
    if (!st && object)
        *object = parcel->id;
    mmofl_parcel_drop(parcel);
    return st;
}

void mmofl_endpoint_cancel(mmofl_endpoint *e, mmofl_peer *peer,
                           const mmofl_object_id *object)
{
    mmofl_transfer *t = mmofl_transfer_find(peer, object);
    if (t)
        mmofl_transfer_end(e, t);
}

mmofl_status mmofl_endpoint_keep(mmofl_endpoint *e, const void *message, size_t size,
                                 bool pack, mmofl_object_id *object)
{
    mmofl_parcel *parcel;
    mmofl_status st =
        mmofl_parcel_new(e, MMOFL_EVERYBODY, 0, message, size, pack, &parcel);
    if (st)
        return st;
    parcel->users = 1; /* being kept */
    parcel->next = e->kept;
    e->kept = parcel;
    *object = parcel->id;
    return MMOFL_OK;
}

mmofl_status mmofl_endpoint_announce(mmofl_endpoint *e, const mmofl_object_id *object,
                                     uint32_t expiry_s)
{
    mmofl_parcel *parcel = mmofl_parcel_kept(e, object);
    mmofl_transfer *t;
    if (!parcel)
        return MMOFL_E_UNKNOWN;
    mmofl_status st = mmofl_transfer_begin(e, NULL, parcel, false, &t);
    if (st)
        return st;
    if (expiry_s > 0)
        t->expiry_s = expiry_s;
    parcel->announced = true;
    mmofl_transfer_queue(e, t);
    return MMOFL_OK;
}

mmofl_status mmofl_endpoint_send_kept(mmofl_endpoint *e, mmofl_peer *peer,
                                      const mmofl_object_id *object, double give_up_s)
{
    mmofl_parcel *parcel = mmofl_parcel_kept(e, object);
    mmofl_transfer *t = mmofl_transfer_find(peer, object);
    if (!parcel)
        return MMOFL_E_UNKNOWN;
    if (t && t->reliable)
        return MMOFL_E_DUPLICATE;
    if (t) /* what it missed of an announcement: now it is sent */
        mmofl_transfer_end(e, t);
    return send_reliably(e, peer, parcel, give_up_s);
}

void mmofl_endpoint_release(mmofl_endpoint *e, const mmofl_object_id *object)
{
    mmofl_parcel **place = &e->kept;
    while (*place && !mmofl_object_id_equal(&(*place)->id, object))
        place = &(*place)->next;
    mmofl_parcel *parcel = *place;
    if (!parcel)
        return;
    *place = parcel->next;
    mmofl_outbox_release(e, parcel);
    mmofl_parcel_drop(parcel);
}

mmofl_status mmofl_endpoint_post_round(mmofl_endpoint *e, const void *message,
                                       size_t size)
{
    mmofl_parcel *parcel;
    mmofl_status st =
        mmofl_parcel_new(e, MMOFL_EVERYBODY, 0, message, size, false, &parcel);
    if (st)
        return st;
    parcel->users = 1;
    if (parcel->size > MMOFL_FRAME_LEAST_PAYLOAD - MMOFL_FRAME_OVERHEAD) {
        mmofl_parcel_drop(parcel);
        return MMOFL_E_LIMIT;
    }
    if (e->round)
        mmofl_parcel_drop(e->round);
    e->round = parcel;
    e->round_due = true;
    return MMOFL_OK;
}

/* ---- peers ----------------------------------------------------------------------- */

mmofl_peer *mmofl_endpoint_peer(mmofl_endpoint *e, const char *name, bool admit)
{
    mmofl_peer *peer = mmofl_peers_find(&e->peers, name);
    if (!peer && admit && mmofl_endpoint_admit(e, name, &peer))
        return NULL;
    return peer;
}

void mmofl_endpoint_forget(mmofl_endpoint *e, mmofl_peer *peer)
{
    mmofl_outbox_end_all(e, peer, false);
    mmofl_assembler_forget(e->assembler, peer->number);
    mmofl_peers_remove(&e->peers, peer);
}

mmofl_endpoint_counts mmofl_endpoint_count(const mmofl_endpoint *e)
{
    mmofl_endpoint_counts counts = e->counts;
    mmofl_assembler_use use = mmofl_assembler_use_of(e->assembler);
    counts.peers = e->peers.n;
    counts.sending = e->transfers;
    counts.assembling = use.objects;
    counts.assembly_bytes = use.bytes;
    return counts;
}
