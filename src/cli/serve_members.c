/* serve_members.c - the devices of a coordinator, a shard's part of them, or the shards
 * of a root. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/ranks.h"
#include "cli/command.h"
#include "cli/deployment.h"
#include "cli/stop.h"

/* A list's file, or so many without one: *is_file says which. */
static mmofl_status load_list(const char *text, const char *option, const char *stem,
                              mmofl_admission_list *list, bool *is_file,
                              mmofl_error *err)
{
    uint64_t n = 0;
    const char *end = text;
    *is_file = mmofl_number_whole(&end, &n) || *end;
    if (*is_file)
        return mmofl_admission_load(text, list, err);
    if (n > MMOFL_MOST_DEVICES)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: wanted at most %d", option,
                          MMOFL_MOST_DEVICES);
    return mmofl_admission_number(stem, (uint32_t)n, list, err);
}

/* ---- shards ---- */

/* A shard calls itself by its number. */
static mmofl_status check_shards(const mmofl_admission_list *list, const char *file,
                                 mmofl_error *err)
{
    for (uint32_t i = 0; i < list->n; i++) {
        char name[MMOFL_SHARD_NAME_BYTES];
        mmofl_shard_name(i, name);
        if (strcmp(list->device[i].name, name) != 0)
            return mmofl_fail(err, MMOFL_E_RANGE, "%s: number %u is '%s'; wanted '%s'",
                              file, i, list->device[i].name, name);
    }
    return list->n > 0
               ? MMOFL_OK
               : mmofl_fail(err, MMOFL_E_COUNT, "--shards: wanted one shard at least");
}

static mmofl_status load_shards(mmofl_deployment *d, mmofl_admission_list *list,
                                mmofl_error *err)
{
    const char *text = d->options->shards;
    bool is_file;
    mmofl_status st = load_list(text, "--shards", "shard", list, &is_file, err);
    if (!st && (st = check_shards(list, text, err)))
        mmofl_admission_free(list);
    if (!st)
        d->list_file = is_file ? text : NULL;
    return st;
}

/* ---- devices ---- */

/* How many devices the run has that is in the folder; 0: there is none. */
static uint32_t devices_of_run(const mmofl_deployment *d)
{
    char path[MMOFL_PATH_BYTES];
    unsigned char *config = NULL;
    size_t size;
    mmofl_experiment x;
    uint32_t n = 0;
    if (mmofl_file_join(path, sizeof path, d->folder_path, "config.yaml", NULL) ||
        !mmofl_file_exists(path) ||
        mmofl_file_read(path, MMOFL_CONFIG_BYTES, &config, &size, NULL))
        return 0;
    if (mmofl_experiment_parse((const char *)config, size, path, NULL, NULL, 0, &x,
                               NULL) == MMOFL_OK) {
        n = (uint32_t)x.fleet.devices;
        mmofl_experiment_free(&x);
    }
    free(config);
    return n;
}

/* A fleet has as many devices as are admitted when it begins.  Numbers are never given
 * anew, so a list that has grown since is no other fleet's. */
static void set_fleet(mmofl_deployment *d, uint32_t n)
{
    mmofl_settings *settings = &d->options->settings;
    uint32_t begun = devices_of_run(d);
    if (settings->n == MMOFL_MAX_SETTINGS)
        return; /* the server will find the difference */
    snprintf(d->n_devices, sizeof d->n_devices, "fleet.devices=%u",
             begun > 0 && begun < n ? begun : n);
    settings->text[settings->n++] = d->n_devices;
}

/* All devices of the fleet; *is_file: they are in one. */
static mmofl_status load_devices(const mmofl_deployment *d, mmofl_admission_list *all,
                                 bool *is_file, mmofl_error *err)
{
    const char *text = d->options->devices;
    *is_file = false;
    return text ? load_list(text, "--devices", "device", all, is_file, err)
                : mmofl_admission_number(
                      "device", (uint32_t)d->experiment.fleet.devices, all, err);
}

/* *all becomes those of them that are served here. */
static mmofl_status choose(const mmofl_deployment *d, mmofl_admission_list *all,
                           mmofl_error *err)
{
    const mmofl_shard_option *shard = &d->options->shard;
    size_t devices = (size_t)d->experiment.fleet.devices;
    if (!mmofl_serves_as_shard(d) || all->n < devices || shard->of > devices)
        return MMOFL_OK; /* the server says what is wrong */
    size_t first = mmofl_block_start(devices, shard->of, shard->number);
    size_t end = mmofl_block_start(devices, shard->of, shard->number + 1);
    mmofl_admission_list part;
    mmofl_status st =
        mmofl_admission_part(all, (uint32_t)first, (uint32_t)(end - first), &part, err);
    if (st)
        return st;
    mmofl_admission_free(all);
    *all = part;
    return MMOFL_OK;
}

/* Those of *all, which is used up, that are served here. */
static mmofl_status serve_devices(mmofl_deployment *d, mmofl_admission_list *all,
                                  bool is_file, mmofl_admission_list *list,
                                  mmofl_error *err)
{
    mmofl_status st = choose(d, all, err);
    if (st) {
        mmofl_admission_free(all);
        return st;
    }
    d->list_file = is_file ? d->options->devices : NULL;
    *list = *all;
    return MMOFL_OK;
}

static mmofl_status load_members(mmofl_deployment *d, mmofl_admission_list *list,
                                 mmofl_error *err)
{
    mmofl_admission_list all;
    bool is_file;
    if (d->options->shards)
        return load_shards(d, list, err);
    mmofl_status st = load_devices(d, &all, &is_file, err);
    return st ? st : serve_devices(d, &all, is_file, list, err);
}

/* ---- the experiment ---- */

/* Once more, with as many devices as the list has, whose members are these. */
static mmofl_status load_listed(mmofl_deployment *d, mmofl_error *err)
{
    const mmofl_serve_options *o = d->options;
    mmofl_admission_list all;
    bool is_file;
    mmofl_status st = load_devices(d, &all, &is_file, err);
    if (st)
        return st;
    set_fleet(d, all.n);
    mmofl_experiment_free(&d->experiment);
    d->experiment = (mmofl_experiment){0};
    st = mmofl_experiment_load(o->experiment, o->settings.text, o->settings.n,
                               &d->experiment, err);
    if (!st && !o->shards)
        return serve_devices(d, &all, is_file, &d->list[0], err);
    mmofl_admission_free(&all); /* they are the shards' */
    return st ? st : load_shards(d, &d->list[0], err);
}

static void name_folder(mmofl_deployment *d)
{
    const mmofl_serve_options *o = d->options;
    char shard[MMOFL_SHARD_NAME_BYTES];
    mmofl_shard_name(o->shard.number, shard);
    if (mmofl_serves_as_shard(d))
        snprintf(d->default_path, sizeof d->default_path, "runs/%s-%s",
                 d->experiment.name, shard);
    else
        snprintf(d->default_path, sizeof d->default_path, "runs/%s",
                 d->experiment.name);
    d->folder_path = o->out ? o->out : d->default_path;
}

mmofl_status mmofl_serve_load_experiment(mmofl_deployment *d, mmofl_error *err)
{
    const mmofl_serve_options *o = d->options;
    mmofl_status st = mmofl_experiment_load(o->experiment, o->settings.text,
                                            o->settings.n, &d->experiment, err);
    if (st)
        return st;
    name_folder(d);
    st = o->devices ? load_listed(d, err) : load_members(d, &d->list[0], err);
    d->experiment.n_seeds = d->experiment.n_seeds > 0; /* devices live once */
    if (d->list_file)
        mmofl_reload_watch();
    return st;
}

void mmofl_serve_look_at_members(void *context, mmofl_server *server)
{
    mmofl_deployment *d = context;
    mmofl_error err = {0};
    if (!d->list_file || !mmofl_reload_asked())
        return;
    mmofl_admission_list *next = &d->list[1 - d->holds];
    mmofl_status st = load_members(d, next, &err);
    if (!st) {
        st = mmofl_server_readmit(server, next, &err);
        d->holds = st ? d->holds : 1 - d->holds;
        mmofl_admission_free(&d->list[1 - d->holds]);
    }
    mmofl_log(mmofl_cli_log(), st ? MMOFL_LOG_WARNING : MMOFL_LOG_INFO, "%s: %s",
              d->list_file, st ? err.text : "read again");
}
