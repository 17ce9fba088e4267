/* endpoint_fixture.h - a coordinator and devices on a fake broker, with books of what
 * each was told.
 *
 * Messages are real ones (Updates, Tasks of a model of any size, Declines ...), made by
 * a seed, so that whoever gets one can be asked whether it is the one that was sent. */
#ifndef MMOFL_TESTS_ENDPOINT_FIXTURE_H
#define MMOFL_TESTS_ENDPOINT_FIXTURE_H

#include "fake_bus.h"
#include "wire_fixture.h"

#include "link/endpoint.h"

enum { SIDE_MESSAGES = 512, SIDE_SAVED = 64, HOME_P = 1000 /* parameters */ };

/** One thing that an owner was told. */
typedef struct side_entry {
    mmofl_peer *peer;
    mmofl_message_kind kind;
    mmofl_status status; /* of an answer */
    bool final;          /* of a Refusal */
    mmofl_object_id object;
    uint64_t tag; /* message_tag of what came */
    uint64_t session;
} side_entry;

/** An endpoint with its owner. */
typedef struct side {
    fake_broker *broker;
    mmofl_endpoint *endpoint;
    mmofl_bus *bus;
    char name[MMOFL_WIRE_NAME_BYTES];
    side_entry received[SIDE_MESSAGES], answered[SIDE_MESSAGES];
    int n_received, n_answered, joined, connected, lost, other;
    /* How the owner behaves. */
    mmofl_status answer; /* to what comes */
    bool again_never;
    double later; /* chance of answering later, or of "again" */
    struct {
        mmofl_peer *peer;
        mmofl_object_id object;
    } open[SIDE_SAVED]; /* what it will answer later */
    int n_open, again;
    mmofl_status (*admit)(const char *name, mmofl_admission *admission);
} side;

/** FNV-1a of bytes: what tells messages apart. */
static inline uint64_t message_tag(const void *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

/* ---- messages -------------------------------------------------------------------- */

static inline mmofl_wire_limits side_limits(size_t parameters)
{
    return (mmofl_wire_limits){.message_bytes = 8 * parameters + 65536,
                               .parameters = parameters,
                               .encoders = 1,
                               .classes = 2,
                               .features = 1};
}

/** An Update or Task with n parameters drawn by seed; the caller frees bytes. */
static inline wire_bytes side_model(mmofl_message_kind kind, size_t n, uint64_t seed)
{
    static const uint32_t recorded[1] = {1};
    float *w = malloc(n * sizeof *w);
    assert_non_null(w);
    mmofl_rng rng = mmofl_rng_open(seed, 1, 0, MMOFL_USE_TEST);
    for (size_t i = 0; i < n; i++)
        w[i] = (float)mmofl_rng_uniform(&rng);
    mmofl_wire_limits limits = side_limits(n);
    mmofl_message m = {.kind = kind};
    if (kind == MMOFL_MESSAGE_TASK)
        m.body.task = (mmofl_task){.broadcast = {seed + 1, n, w, NULL, NULL},
                                   .config = wire_digest(1),
                                   .model = mmofl_model_digest(w, n)};
    else
        m.body.update = (mmofl_update_message){.update = {.round = seed + 1,
                                                          .n_parameters = n,
                                                          .parameters = w,
                                                          .recorded = recorded},
                                               .config = wire_digest(1),
                                               .model = wire_digest(2)};
    wire_bytes b;
    CHECK_OK(mmofl_message_write(&m, &limits, &b.bytes, &b.size));
    free(w);
    return b;
}

static inline wire_bytes side_small(mmofl_message_kind kind)
{
    for (int i = 0;; i++) {
        mmofl_message m = wire_message(i);
        assert_int_not_equal(m.kind, 0);
        if (m.kind == kind)
            return wire_write(&m);
    }
}

/* ---- owners ---------------------------------------------------------------------- */

static inline mmofl_status side_admit(void *context, const char *name,
                                      mmofl_admission *admission)
{
    const side *s = context;
    return s->admit ? s->admit(name, admission) : MMOFL_OK;
}

static inline bool side_received(void *context, mmofl_peer *peer,
                                 const mmofl_arrival *arrival, mmofl_error *answer)
{
    side *s = context;
    CHECK(s->n_received < SIDE_MESSAGES);
    side_entry *entry = &s->received[s->n_received++];
    *entry = (side_entry){.peer = peer,
                          .kind = arrival->kind,
                          .object = arrival->object,
                          .tag = message_tag(arrival->message, arrival->size),
                          .session = arrival->session};
    if (arrival->kind == MMOFL_MESSAGE_REFUSAL) {
        mmofl_wire_limits limits = side_limits(1);
        mmofl_message m;
        mmofl_error err = {0};
        CHECK_OK(
            mmofl_message_read(arrival->message, arrival->size, &limits, &m, &err));
        entry->status = m.body.refusal.status;
        entry->final = m.body.refusal.final;
        mmofl_message_free(&m);
    }
    double chance = s->later > 0 ? fake_chance(s->broker) : 1;
    if (chance < s->later / 2 &&
        !s->again_never) { /* as if the disk were full: it comes again */
        mmofl_endpoint_again(s->endpoint, peer, &arrival->object);
        s->n_received--;
        s->again++;
        return false;
    }
    if (chance < s->later && s->n_open < SIDE_SAVED) {
        s->open[s->n_open].peer = peer;
        s->open[s->n_open++].object = arrival->object;
        return false;
    }
    if (s->answer)
        (void)mmofl_fail(answer, s->answer, "no");
    return true;
}

/** Answer all that was left open. */
static inline void side_answer_open(side *s)
{
    for (int i = 0; i < s->n_open; i++)
        mmofl_endpoint_answer(s->endpoint, s->open[i].peer, &s->open[i].object,
                              s->answer, "later");
    s->n_open = 0;
}

static inline void side_answered(void *context, mmofl_peer *peer,
                                 const mmofl_object_id *object, mmofl_message_kind kind,
                                 mmofl_status status, const char *text)
{
    side *s = context;
    CHECK(s->n_answered < SIDE_MESSAGES && text);
    s->answered[s->n_answered++] =
        (side_entry){.peer = peer, .kind = kind, .status = status, .object = *object};
}

static inline void side_joined(void *context, mmofl_peer *peer, uint64_t session)
{
    side *s = context; /* a device is told before it listens to that session */
    CHECK(*s->name || session == mmofl_peer_session(peer));
    s->joined++;
}

static inline void side_connected(void *context, bool resumed)
{
    (void)resumed;
    ((side *)context)->connected++;
}

static inline void side_lost(void *context, const char *reason)
{
    CHECK(*reason);
    ((side *)context)->lost++;
}

static inline void side_other(void *context, const char *topic, const void *payload,
                              size_t size)
{
    (void)topic;
    (void)payload;
    (void)size;
    ((side *)context)->other++;
}

static inline mmofl_endpoint_setup side_setup(side *s, fake_broker *broker,
                                              const char *name, uint64_t session,
                                              size_t parameters)
{
    *s = (side){.broker = broker};
    snprintf(s->name, sizeof s->name, "%s", name);
    return (mmofl_endpoint_setup){.identity = {"home", s->name, session, NULL},
                                  .limits = side_limits(parameters),
                                  .assembly_bytes = 4 << 20,
                                  .events = {.admit = side_admit,
                                             .received = side_received,
                                             .answered = side_answered,
                                             .joined = side_joined,
                                             .connected = side_connected,
                                             .lost = side_lost,
                                             .other = side_other,
                                             .context = s},
                                  .clock = fake_clock,
                                  .clock_context = broker};
}

static inline void side_open(side *s, const mmofl_endpoint_setup *setup)
{
    mmofl_error err = {0};
    mmofl_bus_will will;
    CHECK_OK(mmofl_endpoint_new(setup, &s->endpoint, &err));
    if (*s->name)
        CHECK_OK(mmofl_endpoint_will(s->endpoint, &will));
    s->bus = fake_bus_new(s->broker, mmofl_endpoint_bus_events(s->endpoint),
                          *s->name ? &will : NULL, true);
    CHECK_OK(mmofl_endpoint_attach(s->endpoint, s->bus, &err));
}

static inline void side_new(side *s, fake_broker *broker, const char *name,
                            uint64_t session, size_t parameters)
{
    mmofl_endpoint_setup setup = side_setup(s, broker, name, session, parameters);
    side_open(s, &setup);
}

static inline void side_delete(side *s)
{
    s->bus->kind->destroy(s->bus);
    mmofl_endpoint_delete(s->endpoint);
}

static inline void side_step(side *s)
{
    mmofl_error err = {0};
    CHECK_OK(mmofl_endpoint_step(s->endpoint, 0, &err));
}

/** Let n sides run for so many seconds, in steps of 50 ms. */
static inline void sides_run(side *const *sides, int n, double seconds)
{
    fake_broker *broker = sides[0]->broker;
    double end = broker->now + seconds;
    do {
        for (int i = 0; i < n; i++)
            side_step(sides[i]);
        broker->now += 0.05;
    } while (broker->now < end);
}

static inline mmofl_peer *side_peer(side *s, const char *name)
{
    mmofl_peer *peer = mmofl_endpoint_peer(s->endpoint, name, true);
    assert_non_null(peer);
    return peer;
}

/** Send bytes and free them. */
static inline mmofl_object_id side_send(side *s, const char *to, wire_bytes message)
{
    mmofl_object_id id = {{0}};
    mmofl_sending how = {0};
    CHECK_OK(mmofl_endpoint_send(s->endpoint, side_peer(s, to), message.bytes,
                                 message.size, &how, &id));
    free(message.bytes);
    return id;
}

static inline int side_count(const side *s, mmofl_message_kind kind)
{
    int n = 0;
    for (int i = 0; i < s->n_received; i++)
        n += s->received[i].kind == kind;
    return n;
}

static inline int side_count_tag(const side *s, uint64_t tag)
{
    int n = 0;
    for (int i = 0; i < s->n_received; i++)
        n += s->received[i].tag == tag;
    return n;
}

/** Times that the object was answered so. */
static inline int side_count_answers(const side *s, const mmofl_object_id *id,
                                     mmofl_status status)
{
    int n = 0;
    for (int i = 0; i < s->n_answered; i++)
        n += s->answered[i].status == status &&
             mmofl_object_id_equal(&s->answered[i].object, id);
    return n;
}

/* ---- worlds ---------------------------------------------------------------------- */

/* A coordinator and two devices, which have said Hello. */
typedef struct home {
    fake_broker broker;
    side coordinator, a, b;
    side *all[3];
} home;

static inline void home_open(home *h)
{
    fake_broker_init(&h->broker, 1);
    side_new(&h->coordinator, &h->broker, "", 100, HOME_P);
    side_new(&h->a, &h->broker, "a", 201, HOME_P);
    side_new(&h->b, &h->broker, "b", 202, HOME_P);
    h->all[0] = &h->coordinator;
    h->all[1] = &h->a;
    h->all[2] = &h->b;
}

static inline void home_run(home *h, double seconds)
{
    sides_run(h->all, 3, seconds);
}

static inline void home_new(home *h)
{
    home_open(h);
    side_send(&h->a, "", side_small(MMOFL_MESSAGE_HELLO));
    side_send(&h->b, "", side_small(MMOFL_MESSAGE_HELLO));
    home_run(h, 1);
    CHECK_INT(side_count(&h->coordinator, MMOFL_MESSAGE_HELLO), 2);
    CHECK_INT(h->coordinator.joined, 2);
    CHECK_INT(h->a.n_answered, 1);
    CHECK_INT(h->a.answered[0].status, MMOFL_OK);
    h->coordinator.n_received = h->a.n_answered = h->b.n_answered = 0;
}

static inline void home_delete(home *h)
{
    for (int i = 0; i < 3; i++)
        side_delete(h->all[i]);
    fake_broker_free(&h->broker);
}

/** A coordinator and one device, which has said Hello, with a model of any size. */
typedef struct pair {
    fake_broker broker;
    side coordinator, a;
    side *all[2];
} pair;

static inline void pair_run(pair *p, double seconds)
{
    sides_run(p->all, 2, seconds);
}

static inline void pair_new(pair *p, size_t parameters, size_t max_payload,
                            uint32_t window_bytes)
{
    fake_broker_init(&p->broker, 3);
    p->broker.max_payload = max_payload;
    side_new(&p->coordinator, &p->broker, "", 1, parameters);
    mmofl_endpoint_setup setup = side_setup(&p->a, &p->broker, "a", 2, parameters);
    setup.window_bytes = window_bytes;
    side_open(&p->a, &setup);
    p->all[0] = &p->coordinator;
    p->all[1] = &p->a;
    side_send(&p->a, "", side_small(MMOFL_MESSAGE_HELLO));
    pair_run(p, 1);
}

static inline void pair_delete(pair *p)
{
    side_delete(&p->a);
    side_delete(&p->coordinator);
    fake_broker_free(&p->broker);
}

#endif
