/* line.c - the connection of a device, and the keys for it. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "device/program/program.h"
#include "link/bus_mqtt.h"
#include "pki/identity.h"

static mmofl_status find_files(const char *folder, mmofl_device_keys *k,
                               mmofl_error *err)
{
    mmofl_status st = mmofl_file_join(k->ca, sizeof k->ca, folder, "ca.crt", err);
    if (!st)
        st = mmofl_file_join(k->certificate, sizeof k->certificate, folder,
                             "device.crt", err);
    return st ? st : mmofl_file_join(k->key, sizeof k->key, folder, "device.key", err);
}

mmofl_status mmofl_device_keys_load(const mmofl_device_config *config,
                                    mmofl_device_keys *k, mmofl_error *err)
{
    char path[MMOFL_DEVICE_PATH], name[MMOFL_WIRE_NAME_BYTES];
    uint8_t own[MMOFL_KEY_BYTES];
    *k = (mmofl_device_keys){.are_there = *config->identity != '\0'};
    if (!k->are_there)
        return MMOFL_OK;
    mmofl_status st = find_files(config->identity, k, err);
    if (!st)
        st = mmofl_identity_secret(k->key, k->secret, err);
    if (!st)
        st = mmofl_identity_public(k->certificate, own, name, err);
    if (!st && strcmp(name, config->name) != 0)
        st = mmofl_fail(err, MMOFL_E_DENIED,
                        "%s: the certificate is for '%s', and this device is called "
                        "'%s'",
                        k->certificate, name, config->name);
    if (!st)
        st = mmofl_file_join(path, sizeof path, config->identity, "coordinator.crt",
                             err);
    return st ? st : mmofl_identity_public(path, k->coordinator, NULL, err);
}

mmofl_status mmofl_device_connect(void *context, const mmofl_bus_events *events,
                                  const mmofl_bus_will *will, mmofl_bus **bus,
                                  mmofl_error *err)
{
    mmofl_device_line *line = context;
    const mmofl_device_keys *k = line->keys;
    mmofl_mqtt_tls tls = {k->ca, k->certificate, k->key};
    snprintf(line->client_id, sizeof line->client_id, "mmofl-%s-%s",
             line->config->federation, line->config->name);
    mmofl_mqtt_setup setup = {.host = line->config->address.host,
                              .port = line->config->address.port,
                              .client_id = line->client_id,
                              .tls = k->are_there ? &tls : NULL,
                              .will = will,
                              .events = *events,
                              .log = mmofl_device_log()};
    return mmofl_bus_mqtt_new(&setup, bus, err);
}
