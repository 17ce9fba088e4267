/* bus.h - a publish/subscribe transport of single payloads, as MQTT 5 is one.
 *
 * A bus carries payloads of bounded size to topics.  It may lose, repeat and reorder
 * them and lose its connection at any time; link/endpoint.h makes objects that arrive
 * out of it.  One file per bus: bus_mqtt.c is libmosquitto; tests have one that
 * misbehaves on purpose.
 *
 * One thread drives a bus: nothing is called back but from within step().  Statuses of
 * publish are about this side only: a payload taken may still be lost. */
#ifndef MMOFL_LINK_BUS_H
#define MMOFL_LINK_BUS_H

#include "mmofl/status.h"

typedef struct mmofl_bus mmofl_bus;

/** What a bus tells its owner, from within step(). */
typedef struct mmofl_bus_events {
    /** Connected; `resumed`: the broker kept the session, so subscriptions stand and
     * queued payloads will come. */
    void (*connected)(void *context, bool resumed);
    /** The connection is gone; the bus connects again by itself.  reason: for people.
     */
    void (*lost)(void *context, const char *reason);
    /** A payload came; topic and payload are borrowed for the call. */
    void (*message)(void *context, const char *topic, const void *payload, size_t size);
    void *context;
} mmofl_bus_events;

/** What the broker publishes for us when the connection breaks, at QoS 1: buses take it
 * when they are made.  Borrowed for the call that gets it. */
typedef struct mmofl_bus_will {
    const char *topic;
    const void *payload;
    size_t size;
} mmofl_bus_will;

/** How a payload travels. */
typedef struct mmofl_bus_delivery {
    int qos;           /* 0 or 1 */
    bool retain;       /* the topic's last word, given to whoever subscribes */
    uint32_t expiry_s; /* the broker forgets it when nobody took it so long; 0: never */
} mmofl_bus_delivery;

typedef struct mmofl_bus_kind {
    const char *name;
    /** Listen to a topic filter.  Allowed at any time, also before the first
     * connection; kept over reconnects, the broker told again where it forgot.
     * @retval E_MEMORY, E_LIMIT */
    mmofl_status (*subscribe)(mmofl_bus *bus, const char *filter);
    mmofl_status (*unsubscribe)(mmofl_bus *bus, const char *filter);
    /** Hand a payload over.  Empty and retained: the topic's last word is taken back.
     * @retval E_NETWORK  not connected; try again after connected()
     * @retval E_LIMIT    larger than max_payload, or the queue is full: step and retry
     * @retval E_MEMORY */
    mmofl_status (*publish)(mmofl_bus *bus, const char *topic, const void *payload,
                            size_t size, mmofl_bus_delivery delivery);
    /** Largest payload that the other side takes on that topic; 0 before the first
     * connection. */
    size_t (*max_payload)(const mmofl_bus *bus, const char *topic);
    /** Payloads that were handed over and are still on this machine. */
    size_t (*queued)(const mmofl_bus *bus);
    /** Do what is to be done: read, write, reconnect, call back; wait at most
     * timeout_s for something to do.
     * @retval OK         also when the connection was lost: it will come back
     * @retval E_NETWORK  refused for good (identity, TLS): err says why */
    mmofl_status (*step)(mmofl_bus *bus, double timeout_s, mmofl_error *err);
    /** For a poll of many: the descriptor to wait on (-1: none now), whether to wait
     * for writing, too, and the seconds until step() is due anyway. */
    int (*descriptor)(const mmofl_bus *bus, bool *wants_write, double *due_s);
    /** Leave in order (no will is published).  NULL is allowed. */
    void (*destroy)(mmofl_bus *bus);
} mmofl_bus_kind;

/** Every bus starts with this. */
struct mmofl_bus {
    const mmofl_bus_kind *kind;
};

#endif
