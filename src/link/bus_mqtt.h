/* bus_mqtt.h - the bus over an MQTT 5 broker (bus.h), by libmosquitto.
 *
 * One connection, driven by its owner's thread.  When it breaks, step() connects again
 * by itself, after a pause that doubles up to retry_max_s and is spread by chance, so
 * that a fleet does not come back all at once.  The broker keeps the session for
 * session_s, so that what was published meanwhile arrives.
 *
 * A program that uses it ignores SIGPIPE. */
#ifndef MMOFL_LINK_BUS_MQTT_H
#define MMOFL_LINK_BUS_MQTT_H

#include "base/log.h"
#include "link/bus.h"

/** Files of TLS 1.3 with certificates on both sides (PEM). */
typedef struct mmofl_mqtt_tls {
    const char *ca, *certificate, *key;
} mmofl_mqtt_tls;

/** {0} takes the values in brackets. */
typedef struct mmofl_mqtt_setup {
    const char *host;           /* [localhost] */
    int port;                   /* [8883 with TLS, else 1883] */
    const char *client_id;      /* a client of that id takes the connection over */
    const mmofl_mqtt_tls *tls;  /* NULL: none */
    const mmofl_bus_will *will; /* NULL: none */
    mmofl_bus_events events;
    int keepalive_s;             /* a silent connection is dead after 1.5 of it [30] */
    uint32_t session_s;          /* the broker remembers us so long [86400] */
    double retry_s, retry_max_s; /* between attempts to connect [0.5, 60] */
    size_t most_payload;         /* larger ones are not taken from the broker [1 MiB] */
    size_t most_queued;          /* payloads on this machine [1024] */
    const mmofl_log_sink *log;   /* what the broker refuses; NULL: nothing */
} mmofl_mqtt_setup;

/** Make a bus; texts are copied, events' context and log borrowed.  Nothing is
 * connected before the first step().
 * @retval E_NOT_FOUND, E_IO  a file of tls
 * @retval E_RANGE            the port
 * @retval E_UNSUPPORTED      tls: this libmosquitto was built without TLS 1.3
 * @retval E_MEMORY
 * The caller owns it: bus->kind->destroy. */
MMOFL_CHECKED mmofl_status mmofl_bus_mqtt_new(const mmofl_mqtt_setup *setup,
                                              mmofl_bus **bus, mmofl_error *err);

#endif
