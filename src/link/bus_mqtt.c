/* bus_mqtt.c - libmosquitto, one packet at a time, without its threads.
 *
 * Its own loop would wait in select(), which knows no descriptor above 1023, and would
 * reconnect as it likes; so step() polls and reconnects, and gives the library its
 * turns: read, write, misc. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/rng.h"
#include "link/bus_mqtt.h"

enum {
    MOST_FILTERS = 16,
    MOST_UNSENT = 256,       /* QoS 0 payloads that the kernel has not taken */
    TURN_PACKETS = 64,       /* read in one step before the owner has its turn */
    PACKET_BESIDE = 64,      /* of a PUBLISH, besides topic and payload, at most */
    MOST_PACKET = 268435455, /* of MQTT */
    CONNECT_S = 30
};

/* No packet has this number. */
enum { NO_MID = 0 };

typedef enum stage { AWAY, CONNECTING, HERE } stage;

typedef struct mqtt_bus {
    mmofl_bus bus;
    struct mosquitto *client;
    mmofl_bus_events events;
    mmofl_log_sink log;
    char *host;
    int port, keepalive_s;
    size_t most_payload, most_queued;
    mosquitto_property *connect_properties;
    stage stage;
    bool is_primed; /* the library knows the connect properties */
    char why[256];  /* the connection went away */
    /* Reconnecting. */
    double retry_s, retry_max_s;
    double due_s; /* AWAY: when to try; CONNECTING: when to give up */
    int failures; /* since the last connection */
    uint64_t attempts;
    mmofl_rng chance;
    /* What the broker told us when it took us. */
    size_t packet_bytes; /* 0: not connected yet */
    /* Payloads on this machine. */
    size_t unanswered; /* QoS 1 */
    int n_unsent;
    int unsent[MOST_UNSENT]; /* their packet numbers */
    int n_filters;
    char *filter[MOST_FILTERS];
} mqtt_bus;

static mqtt_bus *of(mmofl_bus *bus)
{
    return (mqtt_bus *)(void *)bus;
}

static const mqtt_bus *of_const(const mmofl_bus *bus)
{
    return (const mqtt_bus *)(const void *)bus;
}

/* ---- losing and finding the broker ---- */

/* When to try again: retry_s, twice that, four times ..., each from half of it to all.
 */
static void schedule_retry(mqtt_bus *b)
{
    double pause = fmin(b->retry_s * ldexp(1, b->failures < 30 ? b->failures : 30),
                        b->retry_max_s);
    b->failures++;
    b->due_s =
        mmofl_clock_seconds() + pause * (0.5 + 0.5 * mmofl_rng_uniform(&b->chance));
}

/* The connection is gone, or did not come about. */
static void now_away(mqtt_bus *b, const char *why)
{
    bool was_here = b->stage == HERE;
    b->stage = AWAY;
    b->n_unsent = 0; /* the library forgets them; it keeps QoS 1 */
    schedule_retry(b);
    if (was_here && b->events.lost)
        b->events.lost(b->events.context, why);
    else if (!was_here)
        mmofl_log(&b->log, MMOFL_LOG_WARNING, "broker %s:%d: %s; next try in %.1f s",
                  b->host, b->port, why, b->due_s - mmofl_clock_seconds());
}

static const char *reason_of(int code)
{
    if (code == MOSQ_ERR_ERRNO)
        return errno ? strerror(errno) : "connection failed";
    if (code == MOSQ_ERR_EAI)
        return "no such host";
    if (code == MOSQ_ERR_TLS)
        return "TLS: the certificates do not fit together, or one is revoked or "
               "expired";
    return mosquitto_strerror(code);
}

static void send_subscriptions(mqtt_bus *b)
{
    for (int i = 0; i < b->n_filters; i++) {
        int code = mosquitto_subscribe_v5(b->client, NULL, b->filter[i], 1, 0, NULL);
        if (code)
            mmofl_log(&b->log, MMOFL_LOG_WARNING, "%s: not subscribed: %s",
                      b->filter[i], mosquitto_strerror(code));
    }
}

static void on_connect(struct mosquitto *client, void *context, int reason, int flags,
                       const mosquitto_property *properties)
{
    (void)client;
    mqtt_bus *b = context;
    if (reason != MQTT_RC_SUCCESS) {
        snprintf(b->why, sizeof b->why, "refused: %s", mosquitto_reason_string(reason));
        return; /* the broker hangs up next */
    }
    uint32_t bytes = MOST_PACKET;
    mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &bytes,
                                  false);
    b->packet_bytes = bytes;
    b->stage = HERE;
    b->failures = 0;
    bool resumed = flags & 1;
    /* Also where the session goes on: the connection may have been lost between the
     * broker's taking us and its taking of what we listen to. */
    send_subscriptions(b);
    if (b->events.connected)
        b->events.connected(b->events.context, resumed);
}

static void on_disconnect(struct mosquitto *client, void *context, int code,
                          const mosquitto_property *properties)
{
    (void)client, (void)properties;
    mqtt_bus *b = context;
    if (b->stage == AWAY)
        return;
    if (!*b->why)
        snprintf(b->why, sizeof b->why, "%s",
                 code >= MQTT_RC_UNSPECIFIED ? mosquitto_reason_string(code)
                                             : reason_of(code));
    now_away(b, b->why);
    b->why[0] = '\0';
}

static void on_subscribe(struct mosquitto *client, void *context, int mid, int n,
                         const int *granted, const mosquitto_property *properties)
{
    (void)client, (void)mid, (void)properties;
    mqtt_bus *b = context;
    for (int i = 0; i < n; i++)
        if (granted[i] >= MQTT_RC_UNSPECIFIED)
            mmofl_log(&b->log, MMOFL_LOG_WARNING, "broker %s: subscription refused: %s",
                      b->host, mosquitto_reason_string(granted[i]));
}

/* ---- payloads ---- */

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message,
                       const mosquitto_property *properties)
{
    (void)client, (void)properties;
    const mqtt_bus *b = context;
    if (b->events.message)
        b->events.message(b->events.context, message->topic, message->payload,
                          (size_t)message->payloadlen);
}

/* A QoS 0 payload went out, or the broker answered a QoS 1 one. */
static void on_publish(struct mosquitto *client, void *context, int mid, int reason,
                       const mosquitto_property *properties)
{
    (void)client, (void)properties;
    mqtt_bus *b = context;
    if (reason >= MQTT_RC_UNSPECIFIED)
        mmofl_log(&b->log, MMOFL_LOG_WARNING, "broker %s: payload refused: %s", b->host,
                  mosquitto_reason_string(reason));
    for (int i = 0; i < b->n_unsent; i++)
        if (b->unsent[i] == mid) {
            b->unsent[i] = b->unsent[--b->n_unsent];
            return;
        }
    b->unanswered -= b->unanswered > 0;
}

static size_t max_payload(const mmofl_bus *bus, const char *topic)
{
    const mqtt_bus *b = of_const(bus);
    size_t beside = PACKET_BESIDE + strlen(topic);
    return b->packet_bytes > beside ? b->packet_bytes - beside : 0;
}

static size_t queued(const mmofl_bus *bus)
{
    const mqtt_bus *b = of_const(bus);
    return b->unanswered + (size_t)b->n_unsent;
}

static mmofl_status publish(mmofl_bus *bus, const char *topic, const void *payload,
                            size_t size, mmofl_bus_delivery delivery)
{
    mqtt_bus *b = of(bus);
    if (b->stage != HERE)
        return MMOFL_E_NETWORK;
    if (size > max_payload(bus, topic) || queued(bus) >= b->most_queued ||
        (delivery.qos == 0 && b->n_unsent == MOST_UNSENT))
        return MMOFL_E_LIMIT;
    mosquitto_property *properties = NULL;
    if (delivery.expiry_s > 0 &&
        mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                     delivery.expiry_s))
        return MMOFL_E_MEMORY;
    /* The callback may come from within: count first. */
    int mid = NO_MID;
    if (delivery.qos > 0)
        b->unanswered++;
    int code = mosquitto_publish_v5(b->client, &mid, topic, (int)size, payload,
                                    delivery.qos, delivery.retain, properties);
    mosquitto_property_free_all(&properties);
    if (code && delivery.qos > 0)
        b->unanswered -= b->unanswered > 0;
    if (!code && delivery.qos == 0 && mosquitto_want_write(b->client))
        b->unsent[b->n_unsent++] = mid;
    return code == MOSQ_ERR_SUCCESS           ? MMOFL_OK
           : code == MOSQ_ERR_NOMEM           ? MMOFL_E_MEMORY
           : code == MOSQ_ERR_OVERSIZE_PACKET ? MMOFL_E_LIMIT
                                              : MMOFL_E_NETWORK;
}

/* ---- subscriptions ---- */

static int find_filter(const mqtt_bus *b, const char *filter)
{
    int i = 0;
    while (i < b->n_filters && strcmp(b->filter[i], filter) != 0)
        i++;
    return i;
}

static mmofl_status subscribe(mmofl_bus *bus, const char *filter)
{
    mqtt_bus *b = of(bus);
    if (find_filter(b, filter) < b->n_filters)
        return MMOFL_OK;
    if (b->n_filters == MOST_FILTERS)
        return MMOFL_E_LIMIT;
    char *copy = strdup(filter);
    if (!copy)
        return MMOFL_E_MEMORY;
    b->filter[b->n_filters++] = copy;
    if (b->stage == HERE)
        mosquitto_subscribe_v5(b->client, NULL, filter, 1, 0, NULL);
    return MMOFL_OK;
}

static mmofl_status unsubscribe(mmofl_bus *bus, const char *filter)
{
    mqtt_bus *b = of(bus);
    int i = find_filter(b, filter);
    if (i == b->n_filters)
        return MMOFL_OK;
    if (b->stage == HERE)
        mosquitto_unsubscribe_v5(b->client, NULL, filter, NULL);
    free(b->filter[i]);
    b->filter[i] = b->filter[--b->n_filters];
    return MMOFL_OK;
}

/* ---- stepping ---- */

/* The library takes CONNECT's properties only together with a connection that it waits
 * for, and TCP has none to the broadcast address: the call fails before the first
 * packet, and what the library was told stays. */
static void prime(mqtt_bus *b)
{
    mosquitto_connect_bind_v5(b->client, "255.255.255.255", b->port, b->keepalive_s,
                              NULL, b->connect_properties);
    b->is_primed = true;
}

static void begin_connection(mqtt_bus *b)
{
    if (!b->is_primed)
        prime(b);
    b->stage = CONNECTING;
    b->why[0] = '\0';
    b->due_s = mmofl_clock_seconds() + CONNECT_S;
    errno = 0;
    int code =
        mosquitto_connect_bind_async(b->client, b->host, b->port, b->keepalive_s, NULL);
    if (code && b->stage == CONNECTING)
        now_away(b, reason_of(code));
}

/* Wait for the descriptor; returns what poll says of it. */
static short wait_for(const mqtt_bus *b, double timeout_s)
{
    struct pollfd p = {.fd = mosquitto_socket(b->client), .events = POLLIN};
    if (mosquitto_want_write(b->client))
        p.events |= POLLOUT;
    int ms = timeout_s <= 0     ? 0
             : timeout_s > 1000 ? 1000000
                                : (int)ceil(timeout_s * 1e3);
    if (p.fd < 0) {
        poll(NULL, 0, ms);
        return 0;
    }
    return poll(&p, 1, ms) > 0 ? p.revents : 0;
}

/* TLS may hold decrypted packets that poll knows nothing of. */
static bool has_decrypted(const mqtt_bus *b)
{
    SSL *ssl = mosquitto_ssl_get(b->client);
    return ssl && SSL_pending(ssl) > 0;
}

/* The library closes the socket and calls back when the connection breaks; where it
 * returns an error without that, the call is made up for. */
static void check(mqtt_bus *b, int code)
{
    if (code && code != MOSQ_ERR_NO_CONN && b->stage != AWAY)
        on_disconnect(b->client, b, code, NULL);
}

static void give_turns(mqtt_bus *b, short events)
{
    if (events & (POLLIN | POLLHUP | POLLERR) || has_decrypted(b)) {
        int packets = 0;
        do
            check(b, mosquitto_loop_read(b->client, 1));
        while (b->stage != AWAY && ++packets < TURN_PACKETS && has_decrypted(b));
    }
    if (b->stage != AWAY && (events & POLLOUT || mosquitto_want_write(b->client)))
        check(b, mosquitto_loop_write(b->client, 1));
    if (b->stage != AWAY)
        check(b, mosquitto_loop_misc(b->client));
    if (b->stage == CONNECTING && mmofl_clock_seconds() > b->due_s) {
        mosquitto_disconnect(b->client);
        if (b->stage == CONNECTING)
            now_away(b, "no answer");
    }
}

static double seconds_until(double moment_s)
{
    return fmax(moment_s - mmofl_clock_seconds(), 0);
}

static mmofl_status step(mmofl_bus *bus, double timeout_s, mmofl_error *err)
{
    (void)err;
    mqtt_bus *b = of(bus);
    if (b->stage == AWAY && seconds_until(b->due_s) == 0)
        begin_connection(b);
    if (b->stage == AWAY) {
        double pause = fmin(timeout_s, seconds_until(b->due_s));
        poll(NULL, 0, pause > 1000 ? 1000000 : (int)ceil(pause * 1e3));
        return MMOFL_OK;
    }
    double pause =
        has_decrypted(b) ? 0 : fmin(timeout_s, 1); /* misc is due each second */
    give_turns(b, wait_for(b, pause));
    return MMOFL_OK;
}

static int descriptor(const mmofl_bus *bus, bool *wants_write, double *due_s)
{
    const mqtt_bus *b = of_const(bus);
    *wants_write = b->stage != AWAY && mosquitto_want_write(b->client);
    *due_s = b->stage == AWAY ? seconds_until(b->due_s) : has_decrypted(b) ? 0 : 1;
    return b->stage == AWAY ? -1 : mosquitto_socket(b->client);
}

/* ---- making and leaving ---- */

static void destroy(mmofl_bus *bus)
{
    if (!bus)
        return;
    mqtt_bus *b = of(bus);
    b->events = (mmofl_bus_events){0};
    if (b->client) {
        if (b->stage == HERE) {
            mosquitto_disconnect(b->client);
            mosquitto_loop_write(b->client, 1);
        }
        mosquitto_destroy(b->client);
    }
    mosquitto_property_free_all(&b->connect_properties);
    for (int i = 0; i < b->n_filters; i++)
        free(b->filter[i]);
    free(b->host);
    free(b);
    mosquitto_lib_cleanup();
}

static const mmofl_bus_kind kind = {
    .name = "mqtt",
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .publish = publish,
    .max_payload = max_payload,
    .queued = queued,
    .step = step,
    .descriptor = descriptor,
    .destroy = destroy,
};

static mmofl_status check_file(const char *path, mmofl_error *err)
{
    if (access(path, R_OK) == 0)
        return MMOFL_OK;
    return mmofl_fail(err, errno == ENOENT ? MMOFL_E_NOT_FOUND : MMOFL_E_IO, "%s: %s",
                      path, strerror(errno));
}

/* No terminal is asked for the password of a key. */
static int no_password(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return 0;
}

static mmofl_status set_tls(mqtt_bus *b, const mmofl_mqtt_tls *tls, mmofl_error *err)
{
    mmofl_status st = check_file(tls->ca, err);
    if (!st)
        st = check_file(tls->certificate, err);
    if (!st)
        st = check_file(tls->key, err);
    if (st)
        return st;
    int code = mosquitto_tls_set(b->client, tls->ca, NULL, tls->certificate, tls->key,
                                 no_password);
    if (!code)
        code = mosquitto_tls_opts_set(b->client, 1 /* verify the broker */, "tlsv1.3",
                                      NULL);
    return code ? mmofl_fail(err, MMOFL_E_UNSUPPORTED, "TLS 1.3: %s",
                             mosquitto_strerror(code))
                : MMOFL_OK;
}

static mmofl_status set_properties(mqtt_bus *b, const mmofl_mqtt_setup *s,
                                   mmofl_error *err)
{
    uint32_t session_s = s->session_s ? s->session_s : 86400;
    uint32_t packet = (uint32_t)(b->most_payload + PACKET_BESIDE + 65535);
    if (mosquitto_property_add_int32(&b->connect_properties,
                                     MQTT_PROP_SESSION_EXPIRY_INTERVAL, session_s) ||
        mosquitto_property_add_int32(&b->connect_properties,
                                     MQTT_PROP_MAXIMUM_PACKET_SIZE, packet))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the connection");
    return MMOFL_OK;
}

static mmofl_status set_client(mqtt_bus *b, const mmofl_mqtt_setup *s, mmofl_error *err)
{
    b->client = mosquitto_new(s->client_id, false, b);
    if (!b->client ||
        mosquitto_int_option(b->client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) ||
        mosquitto_int_option(b->client, MOSQ_OPT_TCP_NODELAY, 1) ||
        (s->will && mosquitto_will_set_v5(b->client, s->will->topic, (int)s->will->size,
                                          s->will->payload, 1, false, NULL)))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the connection");
    mosquitto_connect_v5_callback_set(b->client, on_connect);
    mosquitto_disconnect_v5_callback_set(b->client, on_disconnect);
    mosquitto_subscribe_v5_callback_set(b->client, on_subscribe);
    mosquitto_message_v5_callback_set(b->client, on_message);
    mosquitto_publish_v5_callback_set(b->client, on_publish);
    return s->tls ? set_tls(b, s->tls, err) : MMOFL_OK;
}

/* The same name pauses differently from others: FNV-1a of it is the key of chance. */
static uint64_t key_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return hash;
}

mmofl_status mmofl_bus_mqtt_new(const mmofl_mqtt_setup *s, mmofl_bus **out,
                                mmofl_error *err)
{
    int port = s->port ? s->port : s->tls ? 8883 : 1883;
    if (port < 1 || port > 65535)
        return mmofl_fail(err, MMOFL_E_RANGE, "port %d; wanted 1 to 65535", port);
    mosquitto_lib_init();
    mqtt_bus *b = calloc(1, sizeof *b);
    if (!b) {
        mosquitto_lib_cleanup();
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the connection");
    }
    b->bus.kind = &kind;
    b->events = s->events;
    b->log = s->log ? *s->log : (mmofl_log_sink){0};
    b->port = port;
    b->keepalive_s = s->keepalive_s ? s->keepalive_s : 30;
    b->retry_s = s->retry_s > 0 ? s->retry_s : 0.5;
    b->retry_max_s = s->retry_max_s > 0 ? s->retry_max_s : 60;
    b->most_payload = s->most_payload ? s->most_payload : 1 << 20;
    b->most_queued = s->most_queued ? s->most_queued : 1024;
    b->chance =
        mmofl_rng_open(key_of(s->client_id), (uint64_t)getpid(), 0, MMOFL_USE_LINK);
    b->host = strdup(s->host ? s->host : "localhost");
    mmofl_status st =
        b->host ? MMOFL_OK
                : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the connection");
    if (!st)
        st = set_properties(b, s, err);
    if (!st)
        st = set_client(b, s, err);
    if (st) {
        destroy(&b->bus);
        return st;
    }
    *out = &b->bus;
    return MMOFL_OK;
}
