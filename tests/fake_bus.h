/* fake_bus.h - a broker in the test's own process, with a clock that the test turns and
 * faults that a seed decides: payloads lost, repeated, delayed past each other, cut,
 * damaged; connections broken, with and without their session; queues that are full.
 *
 *     fake_broker broker;
 *     fake_broker_init(&broker, seed);
 *     mmofl_bus *bus = fake_bus_new(&broker, events, will, persistent);
 *     broker.now += 0.1;  bus->kind->step(bus, 0, &err);
 *
 * It is a strict bus: what bus.h does not allow is a failed check. */
#ifndef MMOFL_TESTS_FAKE_BUS_H
#define MMOFL_TESTS_FAKE_BUS_H

#include "check.h"

#include "base/rng.h"
#include "link/bus.h"

/** Tests whose allocations fail leave the broker out of it. */
#ifndef FAKE_MALLOC
#define FAKE_MALLOC malloc
#endif

enum { FAKE_FILTERS = 8, FAKE_RETAINED = 4, FAKE_TOPIC = 256 };

typedef struct fake_payload {
    struct fake_payload *next;
    double due;
    size_t size;
    char topic[FAKE_TOPIC];
    unsigned char bytes[];
} fake_payload;

/** Chances, each from 0 to 1. */
typedef struct fake_faults {
    double lose, repeat, damage, cut, full;
    double delay; /* of being late by up to late_s */
    double late_s;
    double break_off; /* of losing the connection at a step */
    double forget;    /* of losing the session with it */
    double away_s;    /* a broken connection is back within so long */
} fake_faults;

typedef struct fake_bus fake_bus;

typedef struct fake_broker {
    double now;
    mmofl_rng rng;
    fake_faults faults;
    size_t max_payload; /* topic and header included */
    size_t queue;       /* payloads that a client may have waiting; 0: any */
    fake_bus *clients;
    fake_payload *retained[FAKE_RETAINED];
    uint64_t published, delivered, faulted, bytes;
    bool down; /* nobody gets a connection */
} fake_broker;

struct fake_bus {
    mmofl_bus bus;
    fake_bus *next;
    fake_broker *broker;
    mmofl_bus_events events;
    char filter[FAKE_FILTERS][FAKE_TOPIC];
    int n_filters;
    bool persistent, connected, has_session, was_connected, in_step;
    bool was_lost; /* tell the owner at its next step */
    double back;   /* when it connects again */
    fake_payload *queue;
    size_t queued;
    fake_payload *will;
};

static inline double fake_chance(fake_broker *b)
{
    return mmofl_rng_uniform(&b->rng);
}

static inline bool fake_fault(fake_broker *b, double chance)
{
    bool hit = chance > 0 && fake_chance(b) < chance;
    b->faulted += hit;
    return hit;
}

static inline fake_payload *fake_payload_new(const char *topic, const void *bytes,
                                             size_t size)
{
    fake_payload *p = FAKE_MALLOC(sizeof *p + size);
    assert_non_null(p);
    *p = (fake_payload){.size = size};
    snprintf(p->topic, sizeof p->topic, "%s", topic);
    if (size > 0)
        memcpy(p->bytes, bytes, size);
    return p;
}

/** MQTT's filters: + is one level. */
static inline bool fake_matches(const char *filter, const char *topic)
{
    for (;;) {
        if (*filter == '+') {
            filter++;
            topic += strcspn(topic, "/");
        }
        if (*filter != *topic)
            return false;
        if (*filter == '\0')
            return true;
        filter++;
        topic++;
    }
}

static inline bool fake_listens(const fake_bus *c, const char *topic)
{
    for (int i = 0; i < c->n_filters; i++)
        if (fake_matches(c->filter[i], topic))
            return true;
    return false;
}

/* Into the client's queue, in the order of what is due; equal times keep their order.
 */
static inline void fake_enqueue(fake_bus *c, fake_payload *p)
{
    fake_payload **place = &c->queue;
    while (*place && (*place)->due <= p->due)
        place = &(*place)->next;
    p->next = *place;
    *place = p;
    c->queued++;
}

/* One payload on its way to one client: whatever may happen to it there. */
static inline void fake_deliver(fake_bus *c, const char *topic, const void *bytes,
                                size_t size)
{
    fake_broker *b = c->broker;
    const fake_faults *f = &b->faults;
    int copies = fake_fault(b, f->lose) ? 0 : fake_fault(b, f->repeat) ? 2 : 1;
    while (copies-- > 0) {
        if (b->queue > 0 && c->queued >= b->queue)
            return;
        fake_payload *p = fake_payload_new(topic, bytes, size);
        p->due = b->now;
        if (fake_fault(b, f->delay))
            p->due += f->late_s * fake_chance(b);
        if (size > 0 && fake_fault(b, f->damage))
            p->bytes[mmofl_rng_below(&b->rng, size)] ^=
                (unsigned char)(1u << mmofl_rng_below(&b->rng, 8));
        if (size > 0 && fake_fault(b, f->cut))
            p->size = (size_t)mmofl_rng_below(&b->rng, size);
        fake_enqueue(c, p);
    }
}

static inline void fake_route(fake_broker *b, const char *topic, const void *bytes,
                              size_t size, int qos)
{
    for (fake_bus *c = b->clients; c; c = c->next)
        if (fake_listens(c, topic) && (c->connected || (c->has_session && qos > 0)))
            fake_deliver(c, topic, bytes, size);
}

static inline void fake_retain(fake_broker *b, const char *topic, const void *bytes,
                               size_t size)
{
    int i = 0;
    while (i < FAKE_RETAINED && b->retained[i] &&
           strcmp(b->retained[i]->topic, topic) != 0)
        i++;
    CHECK(i < FAKE_RETAINED);
    free(b->retained[i]);
    b->retained[i] = fake_payload_new(topic, bytes, size);
}

static inline void fake_give_retained(fake_bus *c, const char *filter)
{
    for (int i = 0; i < FAKE_RETAINED; i++) {
        const fake_payload *p = c->broker->retained[i];
        if (p && p->size > 0 && fake_matches(filter, p->topic))
            fake_deliver(c, p->topic, p->bytes, p->size);
    }
}

static inline void fake_drop_queue(fake_bus *c)
{
    while (c->queue) {
        fake_payload *next = c->queue->next;
        free(c->queue);
        c->queue = next;
    }
    c->queued = 0;
}

/** The connection breaks; session: the broker keeps it. */
static inline void fake_bus_break(fake_bus *c, bool session, double away_s)
{
    if (!c->connected)
        return;
    c->connected = false;
    c->was_lost = true;
    c->back = c->broker->now + away_s;
    c->has_session = c->persistent && session;
    if (!c->has_session)
        fake_drop_queue(c);
    if (c->will)
        fake_route(c->broker, c->will->topic, c->will->bytes, c->will->size, 1);
}

/* ---- the bus --------------------------------------------------------------------- */

static inline fake_bus *fake_of(const mmofl_bus *bus)
{
    union {
        const mmofl_bus *in;
        fake_bus *out;
    } both = {bus};
    return both.out;
}

static inline mmofl_status fake_subscribe(mmofl_bus *bus, const char *filter)
{
    fake_bus *c = fake_of(bus);
    for (int i = 0; i < c->n_filters; i++)
        if (strcmp(c->filter[i], filter) == 0)
            return MMOFL_OK;
    CHECK(c->n_filters < FAKE_FILTERS);
    snprintf(c->filter[c->n_filters++], FAKE_TOPIC, "%s", filter);
    if (c->connected)
        fake_give_retained(c, filter);
    return MMOFL_OK;
}

static inline mmofl_status fake_unsubscribe(mmofl_bus *bus, const char *filter)
{
    fake_bus *c = fake_of(bus);
    for (int i = 0; i < c->n_filters; i++)
        if (strcmp(c->filter[i], filter) == 0) {
            memcpy(c->filter[i], c->filter[--c->n_filters], FAKE_TOPIC);
            break;
        }
    return MMOFL_OK;
}

static inline size_t fake_max_payload(const mmofl_bus *bus, const char *topic)
{
    const fake_bus *c = fake_of(bus);
    size_t head = strlen(topic) + 16;
    return c->was_connected ? c->broker->max_payload - head : 0;
}

static inline mmofl_status fake_publish(mmofl_bus *bus, const char *topic,
                                        const void *payload, size_t size,
                                        mmofl_bus_delivery delivery)
{
    fake_bus *c = fake_of(bus);
    CHECK(strlen(topic) < FAKE_TOPIC && !strpbrk(topic, "+#"));
    CHECK(delivery.qos == 0 || delivery.qos == 1);
    if (!c->connected)
        return MMOFL_E_NETWORK;
    CHECK(size <= fake_max_payload(bus, topic));
    if (fake_fault(c->broker, c->broker->faults.full))
        return MMOFL_E_LIMIT;
    c->broker->published++;
    c->broker->bytes += size;
    if (delivery.retain)
        fake_retain(c->broker, topic, payload, size);
    fake_route(c->broker, topic, payload, size, delivery.qos);
    return MMOFL_OK;
}

static inline size_t fake_queued(const mmofl_bus *bus)
{
    (void)bus;
    return 0;
}

static inline void fake_connect(fake_bus *c)
{
    bool resumed = c->has_session;
    c->connected = c->was_connected = true;
    c->has_session = c->persistent;
    c->events.connected(c->events.context, resumed);
    for (int i = 0; i < c->n_filters && !resumed; i++)
        fake_give_retained(c, c->filter[i]);
}

static inline mmofl_status fake_step(mmofl_bus *bus, double timeout_s, mmofl_error *err)
{
    fake_bus *c = fake_of(bus);
    fake_broker *b = c->broker;
    (void)timeout_s;
    (void)err;
    CHECK(!c->in_step);
    c->in_step = true;
    if (c->connected && fake_fault(b, b->faults.break_off))
        fake_bus_break(c, !fake_fault(b, b->faults.forget),
                       b->faults.away_s * fake_chance(b));
    if (c->was_lost) {
        c->was_lost = false;
        c->events.lost(c->events.context, "the test broke it off");
    }
    if (!c->connected && !b->down && b->now >= c->back)
        fake_connect(c);
    while (c->connected && c->queue && c->queue->due <= b->now) {
        fake_payload *p = c->queue;
        c->queue = p->next;
        c->queued--;
        b->delivered++;
        c->events.message(c->events.context, p->topic, p->bytes, p->size);
        free(p);
    }
    c->in_step = false;
    return MMOFL_OK;
}

static inline int fake_descriptor(const mmofl_bus *bus, bool *wants_write,
                                  double *due_s)
{
    (void)bus;
    *wants_write = false;
    *due_s = 0;
    return -1;
}

static inline void fake_destroy(mmofl_bus *bus)
{
    fake_bus *c = fake_of(bus);
    fake_bus **place = &c->broker->clients;
    while (*place != c)
        place = &(*place)->next;
    *place = c->next;
    fake_drop_queue(c);
    free(c->will);
    free(c);
}

static const mmofl_bus_kind fake_bus_kind = {.name = "fake",
                                             .subscribe = fake_subscribe,
                                             .unsubscribe = fake_unsubscribe,
                                             .publish = fake_publish,
                                             .max_payload = fake_max_payload,
                                             .queued = fake_queued,
                                             .step = fake_step,
                                             .descriptor = fake_descriptor,
                                             .destroy = fake_destroy};

/** A client; persistent: the broker keeps its session while it is away.  will: NULL, or
 * copied. */
static inline mmofl_bus *fake_bus_new(fake_broker *broker, mmofl_bus_events events,
                                      const mmofl_bus_will *will, bool persistent)
{
    fake_bus *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->bus.kind = &fake_bus_kind;
    c->broker = broker;
    c->events = events;
    c->persistent = persistent;
    c->back = broker->now;
    if (will)
        c->will = fake_payload_new(will->topic, will->payload, will->size);
    c->next = broker->clients;
    broker->clients = c;
    return &c->bus;
}

/** A broker without faults and with MQTT's default of everything. */
static inline void fake_broker_init(fake_broker *b, uint64_t seed)
{
    *b = (fake_broker){.now = 1000, .max_payload = 65536};
    b->rng = mmofl_rng_open(seed, MMOFL_NO_DEVICE, 0, MMOFL_USE_TEST);
}

/** When all its clients are destroyed. */
static inline void fake_broker_free(fake_broker *b)
{
    CHECK(!b->clients);
    for (int i = 0; i < FAKE_RETAINED; i++)
        free(b->retained[i]);
}

static inline double fake_clock(void *broker)
{
    return ((const fake_broker *)broker)->now;
}

#endif
