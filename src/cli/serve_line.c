/* serve_line.c - a coordinator's broker, a shard's way to its root, and their keys. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/deployment.h"
#include "link/bus_mqtt.h"
#include "pki/identity.h"

const char *mmofl_serve_federation(const mmofl_deployment *d)
{
    return d->options->federation ? d->options->federation : d->experiment.name;
}

const char *mmofl_serve_root_federation(const mmofl_deployment *d)
{
    return d->options->root_federation ? d->options->root_federation
                                       : mmofl_serve_federation(d);
}

/* ---- keys ---- */

/* ca.crt, WHO.crt and WHO.key of a folder. */
static mmofl_status load_keys(const char *folder, const char *who, mmofl_serve_keys *k,
                              mmofl_error *err)
{
    char name[64];
    mmofl_status st = mmofl_file_join(k->ca, sizeof k->ca, folder, "ca.crt", err);
    snprintf(name, sizeof name, "%s.crt", who);
    if (!st)
        st = mmofl_file_join(k->certificate, sizeof k->certificate, folder, name, err);
    snprintf(name, sizeof name, "%s.key", who);
    if (!st)
        st = mmofl_file_join(k->key, sizeof k->key, folder, name, err);
    return st ? st : mmofl_identity_secret(k->key, k->secret, err);
}

/* A shard is a device to its root, with a device's folder. */
static mmofl_status load_root_keys(mmofl_deployment *d, mmofl_error *err)
{
    const char *folder = d->options->root_identity;
    mmofl_serve_keys *k = &d->root_keys;
    char path[MMOFL_PATH_BYTES], name[MMOFL_WIRE_NAME_BYTES],
        wanted[MMOFL_SHARD_NAME_BYTES];
    uint8_t own[MMOFL_KEY_BYTES];
    mmofl_status st = load_keys(folder, "device", k, err);
    if (!st)
        st = mmofl_identity_public(k->certificate, own, name, err);
    mmofl_shard_name(d->options->shard.number, wanted);
    if (!st && strcmp(name, wanted) != 0)
        st = mmofl_fail(err, MMOFL_E_DENIED,
                        "%s: the certificate is for '%s'; wanted '%s'", k->certificate,
                        name, wanted);
    if (!st)
        st = mmofl_file_join(path, sizeof path, folder, "coordinator.crt", err);
    return st ? st : mmofl_identity_public(path, k->root, NULL, err);
}

mmofl_status mmofl_serve_load_keys(mmofl_deployment *d, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    if (d->options->identity)
        st = load_keys(d->options->identity, "coordinator", &d->keys, err);
    if (!st && d->options->root_identity)
        st = load_root_keys(d, err);
    return st;
}

/* ---- brokers ---- */

enum { CLIENT_ID_BYTES = 128 };

/* keys: NULL, none. */
static mmofl_status connect_to(const mmofl_address *broker,
                               const mmofl_serve_keys *keys, const char *client_id,
                               const mmofl_bus_events *events,
                               const mmofl_bus_will *will, mmofl_bus **bus,
                               mmofl_error *err)
{
    enum { MOST_QUEUED = 65535 };
    mmofl_mqtt_tls tls = {0};
    if (keys)
        tls = (mmofl_mqtt_tls){keys->ca, keys->certificate, keys->key};
    mmofl_mqtt_setup setup = {.host = broker->host,
                              .port = broker->port,
                              .client_id = client_id,
                              .tls = keys ? &tls : NULL,
                              .will = will,
                              .events = *events,
                              .most_queued = MOST_QUEUED,
                              .log = mmofl_cli_log()};
    return mmofl_bus_mqtt_new(&setup, bus, err);
}

mmofl_status mmofl_serve_connect(void *context, const mmofl_bus_events *events,
                                 mmofl_bus **bus, mmofl_error *err)
{
    const mmofl_deployment *d = context;
    char client_id[CLIENT_ID_BYTES];
    snprintf(client_id, sizeof client_id, "mmofl-%s-coordinator",
             mmofl_serve_federation(d));
    return connect_to(&d->options->broker, d->options->identity ? &d->keys : NULL,
                      client_id, events, NULL, bus, err);
}

mmofl_status mmofl_serve_connect_root(void *context, const mmofl_bus_events *events,
                                      const mmofl_bus_will *will, mmofl_bus **bus,
                                      mmofl_error *err)
{
    const mmofl_deployment *d = context;
    char shard[MMOFL_SHARD_NAME_BYTES], client_id[CLIENT_ID_BYTES];
    mmofl_shard_name(d->options->shard.number, shard);
    snprintf(client_id, sizeof client_id, "mmofl-%s-%s", mmofl_serve_root_federation(d),
             shard);
    return connect_to(&d->options->root,
                      d->options->root_identity ? &d->root_keys : NULL, client_id,
                      events, will, bus, err);
}
