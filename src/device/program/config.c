/* config.c - a flat map of options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/nearest.h"
#include "base/yaml_option.h"
#include "device/program/config.h"
#include "wire/name.h"

#define TEXT(field, fallback, help)                                                    \
    MMOFL_TEXT_OPTION(mmofl_device_config, field, fallback, help)
#define SECONDS(field, fallback, help)                                                 \
    MMOFL_REAL_OPTION(mmofl_device_config, field, 0, 1e9, fallback, help)
#define BOOL(field, fallback, help)                                                    \
    MMOFL_BOOL_OPTION(mmofl_device_config, field, fallback, help)

static const mmofl_option table[] = {
    TEXT(federation, NULL, "federation to take part in"),
    TEXT(name, NULL, "name of this device, as it was admitted"),
    TEXT(broker, "localhost", "MQTT 5 broker: HOST or HOST:PORT"),
    TEXT(identity, "",
         "folder with ca.crt, device.crt, device.key and coordinator.crt (mmofl pki); "
         "without it there is no TLS, which is for loopback only"),
    BOOL(insecure, "false", "no TLS beyond loopback, all the same"),
    TEXT(state, NULL, "folder for what must survive a restart"),
    TEXT(
        input, "stdin",
        "where samples come from: stdin, fifo:PATH, unix:PATH, mqtt:HOST[:PORT]/FILTER "
        "or iio:FOLDER?..."),
    BOOL(lockstep, "false",
         "take part in a round when the samples of its schedule have come, and take no "
         "more before"),
    SECONDS(offline_s, "0", "learn alone after so long without a task; 0: never"),
    BOOL(predict, "false", "predict each sample when it comes, on standard output"),
    BOOL(publish, "false", "predict each sample, and publish it on the device's topic"),
    SECONDS(step_s, "0", "between the beginnings of windows; 0: half a window"),
    SECONDS(gap_s, "0",
            "longest time without a reading before the modality is missing; 0: five "
            "readings"),
    SECONDS(late_s, "0", "how long a window waits for the slowest sensor; 0: a window"),
};
enum { OPTIONS = sizeof table / sizeof *table, PATH_BYTES = 4096 };

static const mmofl_option *find(const char *name)
{
    for (int i = 0; i < OPTIONS; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static mmofl_status refuse_key(const mmofl_yaml_node *node, mmofl_error *err)
{
    mmofl_nearest nearest = {.text = node->key};
    char hint[MMOFL_NEAREST_HINT];
    for (int i = 0; i < OPTIONS; i++)
        mmofl_nearest_offer(&nearest, table[i].name);
    mmofl_nearest_hint(&nearest, hint);
    return mmofl_yaml_fail(&node->key_place, MMOFL_E_UNKNOWN, err,
                           "unknown key '%.60s'%s", node->key, hint);
}

static mmofl_status read_map(const mmofl_yaml_node *map, bool *given,
                             mmofl_device_config *config, mmofl_error *err)
{
    if (map->type != MMOFL_YAML_MAP)
        return mmofl_yaml_refuse_type(map, "the file", "keys, such as name: kitchen",
                                      err);
    for (const mmofl_yaml_node *node = map->first; node; node = node->next) {
        const mmofl_option *option = find(node->key);
        if (!option)
            return refuse_key(node, err);
        mmofl_status st =
            mmofl_yaml_read_option(option, node, &config->arena, config, err);
        if (st)
            return st;
        given[option - table] = true;
    }
    return MMOFL_OK;
}

static mmofl_status read_file(const char *path, bool *given,
                              mmofl_device_config *config, mmofl_error *err)
{
    unsigned char *text;
    size_t size;
    mmofl_arena document = MMOFL_ARENA_INIT;
    mmofl_yaml_node *root;
    mmofl_status st = mmofl_file_read(path, MMOFL_YAML_BYTES, &text, &size, err);
    if (st)
        return st;
    st = mmofl_yaml_parse((const char *)text, size, path, &document, &root, err);
    if (!st)
        st = read_map(root, given, config, err);
    mmofl_arena_free(&document);
    free(text);
    return st;
}

/* "name=kitchen" */
static mmofl_status read_setting(const char *setting, bool *given,
                                 mmofl_device_config *config, mmofl_error *err)
{
    char name[64];
    size_t n = strcspn(setting, "=");
    const mmofl_option *option = NULL;
    if (n < sizeof name && setting[n]) {
        memcpy(name, setting, n);
        name[n] = '\0';
        option = find(name);
    }
    if (!option)
        return mmofl_fail(err, MMOFL_E_UNKNOWN,
                          "--set %.80s: wanted KEY=VALUE with a key of the file",
                          setting);
    const char *value = setting + n + 1;
    mmofl_status st = mmofl_option_set(option, config, value, err);
    given[option - table] = true;
    return st ? mmofl_fail_within(err, "--set %.80s", setting) : MMOFL_OK;
}

/* What was not given has its default, or must be. */
static mmofl_status fill_in(const char *path, const bool *given,
                            mmofl_device_config *config, mmofl_error *err)
{
    for (int i = 0; i < OPTIONS; i++) {
        if (given[i])
            continue;
        if (!table[i].fallback)
            return mmofl_fail(err, MMOFL_E_MISSING, "%s: '%s' is missing: %s",
                              path ? path : "--set", table[i].name, table[i].help);
        mmofl_status st = mmofl_option_set(&table[i], config, table[i].fallback, err);
        if (st)
            return st;
    }
    return MMOFL_OK;
}

static mmofl_status check(const char *path, mmofl_device_config *config,
                          mmofl_error *err)
{
    const char *where = path ? path : "--set";
    if (!mmofl_wire_name_is_valid(config->federation) ||
        !mmofl_wire_name_is_valid(config->name))
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: federation and name: wanted 1 to 64 of A-Z a-z 0-9 . _ "
                          "-, no dot in front",
                          where);
    mmofl_status st = mmofl_address_read(config->broker, &config->address, err);
    if (st)
        return mmofl_fail_within(err, "%s: broker", where);
    if (!*config->identity && !config->insecure &&
        !mmofl_address_is_loopback(&config->address))
        return mmofl_fail(err, MMOFL_E_DENIED,
                          "%s: broker %s is another machine: wanted identity: FOLDER "
                          "(mmofl pki makes it), or insecure: true",
                          where, config->address.host);
    return MMOFL_OK;
}

mmofl_status mmofl_device_config_load(const char *path, const char *const *settings,
                                      int n_settings, mmofl_device_config *out,
                                      mmofl_error *err)
{
    mmofl_device_config config = {.arena = MMOFL_ARENA_INIT};
    bool given[OPTIONS] = {false};
    mmofl_status st = path ? read_file(path, given, &config, err) : MMOFL_OK;
    for (int i = 0; i < n_settings && !st; i++)
        st = read_setting(settings[i], given, &config, err);
    if (!st)
        st = fill_in(path, given, &config, err);
    if (!st)
        st = check(path, &config, err);
    if (st)
        mmofl_device_config_free(&config);
    else
        *out = config;
    return st;
}

void mmofl_device_config_free(mmofl_device_config *config)
{
    mmofl_arena_free(&config->arena);
    *config = (mmofl_device_config){.arena = MMOFL_ARENA_INIT};
}

void mmofl_device_config_describe(void (*line)(void *context, const char *text),
                                  void *context)
{
    for (int i = 0; i < OPTIONS; i++) {
        char text[512], fallback[64] = "required";
        if (table[i].fallback)
            snprintf(fallback, sizeof fallback, "default: %s",
                     *table[i].fallback ? table[i].fallback : "none");
        snprintf(text, sizeof text, "  %-11s %s (%s)", table[i].name, table[i].help,
                 fallback);
        line(context, text);
    }
}
