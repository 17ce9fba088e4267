/* fuzz_endpoint.c - a coordinator and a device that are sent whatever the input says:
 * as payloads, as objects in sound frames, or as messages in sound envelopes, while
 * both have something on its way.  Nothing may crash, leak or grow.
 *
 * Input: pieces of mode (1 byte), size (2 bytes), bytes. */
#include <stdlib.h>
#include <string.h>

#include "link/endpoint.h"
#include "wire/frames.h"
#include "wire/seal.h"

enum { P = 300, PIECES = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A bus that takes everything and carries it nowhere. */
static mmofl_status listen(mmofl_bus *bus, const char *filter)
{
    (void)bus;
    (void)filter;
    return MMOFL_OK;
}

static mmofl_status publish(mmofl_bus *bus, const char *topic, const void *payload,
                            size_t size, mmofl_bus_delivery delivery)
{
    (void)bus;
    (void)topic;
    (void)payload;
    (void)delivery;
    if (size > 1024)
        abort();
    return MMOFL_OK;
}

static size_t max_payload(const mmofl_bus *bus, const char *topic)
{
    (void)bus;
    (void)topic;
    return 1024;
}

static mmofl_status step(mmofl_bus *bus, double timeout_s, mmofl_error *err)
{
    (void)bus;
    (void)timeout_s;
    (void)err;
    return MMOFL_OK;
}

static const mmofl_bus_kind bus_kind = {.name = "nowhere",
                                        .subscribe = listen,
                                        .unsubscribe = listen,
                                        .publish = publish,
                                        .max_payload = max_payload,
                                        .step = step};

static double seconds(void *now)
{
    return *(const double *)now;
}

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    mmofl_endpoint *e = *(mmofl_endpoint **)context;
    (void)answer;
    if (arrival->sequence % 3 == 0)
        mmofl_endpoint_again(e, peer, &arrival->object);
    return arrival->sequence % 3 == 1;
}

typedef struct side {
    mmofl_endpoint *endpoint;
    mmofl_bus bus;
    mmofl_bus_events events;
    const char *topic;
    mmofl_identity other; /* who speaks to it */
} side;

static void send_something(side *s, mmofl_message_kind kind, const char *peer)
{
    static const uint8_t numbers[4 * P] = {0};
    uint8_t message[sizeof numbers + 8] = {0};
    mmofl_sending how = {0};
    mmofl_peer *to = mmofl_endpoint_peer(s->endpoint, peer, true);
    message[0] = (uint8_t)((int)kind << 3 | 2);
    if (to)
        (void)!mmofl_endpoint_send(s->endpoint, to, message, sizeof message, &how,
                                   NULL);
}

static bool open_side(side *s, const char *name, double *now)
{
    static const mmofl_wire_limits limits = {.message_bytes = 4096,
                                             .parameters = P,
                                             .encoders = 1,
                                             .classes = 2,
                                             .features = 1};
    bool coordinator = *name == '\0';
    mmofl_error err;
    mmofl_endpoint_setup setup = {.identity = {"home", name, 7, NULL},
                                  .limits = limits,
                                  .assembly_bytes = 10000,
                                  .window_bytes = 1024,
                                  .events = {.received = received, .context = s},
                                  .clock = seconds,
                                  .clock_context = now};
    s->bus.kind = &bus_kind;
    s->topic = coordinator ? "mmofl/home/device/a/up" : "mmofl/home/device/a/down";
    s->other = (mmofl_identity){"home", coordinator ? "a" : "", 9, NULL};
    if (mmofl_endpoint_new(&setup, &s->endpoint, &err))
        return false;
    s->events = mmofl_endpoint_bus_events(s->endpoint);
    if (mmofl_endpoint_attach(s->endpoint, &s->bus, &err))
        abort();
    s->events.connected(s->events.context, false);
    send_something(s, coordinator ? MMOFL_MESSAGE_TASK : MMOFL_MESSAGE_UPDATE,
                   coordinator ? "a" : "");
    return true;
}

/* Its own name, where it has one. */
static mmofl_object_id name_of(const uint8_t *object, size_t size)
{
    mmofl_envelope e = {.session = 1, .sequence = 1};
    mmofl_error err;
    (void)!mmofl_envelope_read(object, size, size, &e, &err);
    return mmofl_object_id_of(e.session, e.sequence);
}

/* An object in frames of 400 bytes. */
static void give_object(const side *s, const uint8_t *object, size_t size)
{
    uint8_t payload[400 + MMOFL_FRAME_OVERHEAD];
    mmofl_object_id id = name_of(object, size);
    uint32_t n = mmofl_frame_chunks(size, 400);
    for (uint32_t i = 0; i < n; i++) {
        mmofl_frame frame = mmofl_frame_cut(&id, object, size, 400, i, true);
        s->events.message(s->events.context, s->topic, payload,
                          mmofl_frame_write(&frame, payload));
    }
}

static void give_message(side *s, const uint8_t *message, size_t size,
                         uint64_t sequence)
{
    uint8_t *object;
    size_t n;
    mmofl_seal_address to = {*s->other.name ? "" : "a", 0, sequence, false};
    if (mmofl_seal(&s->other, &to, message, size, &object, &n))
        return;
    give_object(s, object, n);
    free(object);
}

static void give(side *s, int mode, const uint8_t *piece, size_t size,
                 uint64_t sequence)
{
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact)
        return;
    if (size > 0)
        memcpy(exact, piece, size);
    if (mode == 0)
        s->events.message(s->events.context, s->topic, exact, size);
    else if (mode == 1)
        give_object(s, exact, size);
    else
        give_message(s, exact, size, sequence);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    side sides[2] = {{0}};
    double now = 100;
    mmofl_error err;
    if (!open_side(&sides[0], "", &now) || !open_side(&sides[1], "a", &now))
        abort();
    for (uint64_t n = 1; n <= PIECES && size >= 3; n++) {
        int mode = data[0];
        size_t bytes = (size_t)(data[1] | data[2] << 8);
        data += 3;
        size -= 3;
        bytes = bytes < size ? bytes : size;
        side *s = &sides[mode & 1];
        if (mode & 0x40)
            s->other.session = (uint64_t)(mode >> 3) + 1; /* another life */
        give(s, (mode >> 1) % 3, data, bytes, n);
        data += bytes;
        size -= bytes;
        now += mode & 0x80 ? 20 : 0.1;
        for (int i = 0; i < 2; i++)
            (void)!mmofl_endpoint_step(sides[i].endpoint, 0, &err);
    }
    for (int i = 0; i < 2; i++) {
        mmofl_endpoint_counts counts = mmofl_endpoint_count(sides[i].endpoint);
        if (counts.peers > 1 || counts.assembly_bytes > 10000 || counts.sending > 3)
            abort();
        mmofl_endpoint_delete(sides[i].endpoint);
    }
    return 0;
}
