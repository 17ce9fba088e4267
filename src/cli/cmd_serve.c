/* cmd_serve.c - `mmofl serve EXPERIMENT`: the coordinator of real devices. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "cli/command.h"
#include "cli/serve_options.h"
#include "cli/stop.h"
#include "link/bus_mqtt.h"
#include "pki/identity.h"
#include "run/model_file.h"
#include "serve/http.h"

enum { PATH_BYTES = 4096, CONFIG_BYTES = 16 << 20 };

static const double farewell_s = 10; /* for the final model to reach the devices */

typedef struct deployment {
    mmofl_serve_options *options;
    const char *folder_path;
    char default_path[PATH_BYTES];
    mmofl_experiment experiment;
    mmofl_admission_list list[2]; /* of devices: the one that holds, and the next */
    int holds;
    bool reloads;       /* it is a file's */
    char n_devices[64]; /* the setting that goes with them */
    mmofl_setup run;
    uint8_t secret[MMOFL_KEY_BYTES];
    char ca[PATH_BYTES], certificate[PATH_BYTES], key[PATH_BYTES];
    char client_id[128];
    mmofl_run_folder *folder;
    mmofl_journal *journal;
    mmofl_board *board;
    mmofl_http *http;
    mmofl_server *server;
} deployment;

static const char *federation_of(const deployment *d)
{
    return d->options->federation ? d->options->federation : d->experiment.name;
}

static mmofl_status connect_bus(void *context, const mmofl_bus_events *events,
                                mmofl_bus **bus, mmofl_error *err)
{
    deployment *d = context;
    mmofl_mqtt_tls tls = {d->ca, d->certificate, d->key};
    snprintf(d->client_id, sizeof d->client_id, "mmofl-%s-coordinator",
             federation_of(d));
    mmofl_mqtt_setup setup = {.host = d->options->broker.host,
                              .port = d->options->broker.port,
                              .client_id = d->client_id,
                              .tls = d->options->identity ? &tls : NULL,
                              .events = *events,
                              .most_queued = 65535,
                              .log = mmofl_cli_log()};
    return mmofl_bus_mqtt_new(&setup, bus, err);
}

static mmofl_status load_identity(deployment *d, mmofl_error *err)
{
    const char *folder = d->options->identity;
    if (!folder)
        return MMOFL_OK;
    mmofl_status st = mmofl_file_join(d->ca, PATH_BYTES, folder, "ca.crt", err);
    if (!st)
        st =
            mmofl_file_join(d->certificate, PATH_BYTES, folder, "coordinator.crt", err);
    if (!st)
        st = mmofl_file_join(d->key, PATH_BYTES, folder, "coordinator.key", err);
    return st ? st : mmofl_identity_secret(d->key, d->secret, err);
}

/* The list, or so many without one. */
static mmofl_status load_devices(deployment *d, mmofl_error *err)
{
    uint64_t n = 0;
    const char *text = d->options->devices, *end = text;
    d->reloads = mmofl_number_whole(&end, &n) || *end;
    if (d->reloads) {
        mmofl_reload_watch();
        return mmofl_admission_load(text, &d->list[0], err);
    }
    if (n > MMOFL_MOST_DEVICES)
        return mmofl_fail(err, MMOFL_E_LIMIT, "--devices: wanted at most %d",
                          MMOFL_MOST_DEVICES);
    return mmofl_admission_number((uint32_t)n, &d->list[0], err);
}

/* How many devices the run has that is in the folder; 0: there is none. */
static uint32_t devices_of_run(const deployment *d)
{
    char path[PATH_BYTES];
    unsigned char *config = NULL;
    size_t size;
    mmofl_experiment x;
    uint32_t n = 0;
    if (mmofl_file_join(path, sizeof path, d->folder_path, "config.yaml", NULL) ||
        !mmofl_file_exists(path) ||
        mmofl_file_read(path, CONFIG_BYTES, &config, &size, NULL))
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
static void set_fleet(deployment *d)
{
    mmofl_settings *settings = &d->options->settings;
    uint32_t begun = devices_of_run(d), n = d->list[0].n;
    if (settings->n == MMOFL_MAX_SETTINGS)
        return; /* the server will find the difference */
    snprintf(d->n_devices, sizeof d->n_devices, "fleet.devices=%u",
             begun > 0 && begun < n ? begun : n);
    settings->text[settings->n++] = d->n_devices;
}

static mmofl_status load_experiment(deployment *d, mmofl_error *err)
{
    const mmofl_serve_options *o = d->options;
    mmofl_status st = mmofl_experiment_load(o->experiment, o->settings.text,
                                            o->settings.n, &d->experiment, err);
    if (st)
        return st;
    snprintf(d->default_path, sizeof d->default_path, "runs/%s", d->experiment.name);
    d->folder_path = o->out ? o->out : d->default_path;
    if (o->devices) {
        st = load_devices(d, err);
        if (!st) {
            set_fleet(d);
            mmofl_experiment_free(&d->experiment);
            d->experiment = (mmofl_experiment){0};
            st = mmofl_experiment_load(o->experiment, o->settings.text, o->settings.n,
                                       &d->experiment, err);
        }
    } else {
        st = mmofl_admission_number((uint32_t)d->experiment.fleet.devices, &d->list[0],
                                    err);
    }
    d->experiment.n_seeds = d->experiment.n_seeds > 0; /* devices live once */
    return st;
}

/* The run's folder: a new one, or that of the same experiment that goes on. */
static mmofl_status open_folder(deployment *d, mmofl_error *err)
{
    char path[PATH_BYTES];
    char *config = mmofl_experiment_text(&d->experiment);
    if (!config)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the settings");
    mmofl_status st =
        mmofl_file_is_folder(d->folder_path)
            ? mmofl_run_folder_open(d->folder_path, &d->folder, err)
            : mmofl_run_folder_create(d->folder_path, config, &d->folder, err);
    if (!st && strcmp(config, mmofl_run_folder_config(d->folder)) != 0)
        st = mmofl_fail(err, MMOFL_E_STATE,
                        "%s: the run there is of another experiment; wanted the same, "
                        "or another --out",
                        d->folder_path);
    free(config);
    if (!st)
        st = mmofl_run_folder_path(d->folder, "journal.sqlite", path, sizeof path, err);
    if (st)
        return st;
    mmofl_run_folder_sync_always(d->folder);
    return mmofl_journal_open(path, &d->journal, err);
}

static bool stop_asked(void *context)
{
    (void)context;
    return mmofl_stop_asked();
}

/* SIGHUP: another list of devices.  One that cannot be used leaves the old one. */
static void look_at_devices(void *context, mmofl_server *server)
{
    deployment *d = context;
    mmofl_error err = {0};
    if (!mmofl_reload_asked())
        return;
    mmofl_admission_list *next = &d->list[1 - d->holds];
    mmofl_status st = mmofl_admission_load(d->options->devices, next, &err);
    if (!st) {
        st = mmofl_server_readmit(server, next, &err);
        d->holds = st ? d->holds : 1 - d->holds;
        mmofl_admission_free(&d->list[1 - d->holds]);
    }
    mmofl_log(mmofl_cli_log(), st ? MMOFL_LOG_WARNING : MMOFL_LOG_INFO, "%s: %s",
              d->options->devices, st ? err.text : "read again");
}

static mmofl_status start_http(deployment *d, mmofl_error *err)
{
    const mmofl_serve_options *o = d->options;
    if (o->http.port == 0)
        return MMOFL_OK;
    mmofl_status st = mmofl_board_new((uint32_t)d->experiment.fleet.devices, &d->board);
    if (st)
        return mmofl_fail(err, st, "no memory for the status of devices");
    st = mmofl_http_start(&o->http, federation_of(d), d->board, &d->http, err);
    if (st && !o->has_http) { /* another coordinator may have the default port */
        mmofl_log(mmofl_cli_log(), MMOFL_LOG_WARNING, "%s; going on without it",
                  err->text);
        st = MMOFL_OK;
    }
    return st;
}

static mmofl_status start_server(deployment *d, mmofl_error *err)
{
    mmofl_server_setup setup = {.federation = federation_of(d),
                                .secret = d->options->identity ? d->secret : NULL,
                                .devices = &d->list[0],
                                .run = &d->run,
                                .seed = d->experiment.seed[0],
                                .journal = d->journal,
                                .rules = d->options->rules,
                                .coding = d->options->coding,
                                .connect = connect_bus,
                                .connect_context = d,
                                .board = d->board,
                                .stop_asked = stop_asked,
                                .between = d->reloads ? look_at_devices : NULL,
                                .stop_context = d,
                                .log = mmofl_cli_log()};
    mmofl_status st = mmofl_server_new(&setup, &d->server, err);
    if (!st)
        d->run.remote = mmofl_server_fleet(d->server);
    return st;
}

/* The model that the run left goes to the devices. */
static mmofl_status say_farewell(deployment *d, mmofl_error *err)
{
    char path[PATH_BYTES];
    mmofl_model_copy last;
    mmofl_status st = mmofl_run_folder_seed_path(
        d->folder, d->experiment.seed[0], "model.safetensors", path, sizeof path, err);
    if (!st)
        st = mmofl_model_copy_load(path, mmofl_server_model(d->server), &last, err);
    if (st)
        return st;
    st = mmofl_server_finish(d->server, (uint64_t)d->experiment.rounds, last.parameters,
                             last.has_prototypes ? &last.prototypes : NULL, farewell_s,
                             err);
    mmofl_model_copy_free(&last);
    return st;
}

static int serve(deployment *d)
{
    mmofl_error err = {0};
    mmofl_status st = load_experiment(d, &err);
    if (!st)
        st = load_identity(d, &err);
    if (!st)
        st = mmofl_setup_init(&d->run, &d->experiment, d->options->run.threads, &err);
    if (!st)
        st = open_folder(d, &err);
    if (!st)
        st = start_http(d, &err);
    if (!st)
        st = start_server(d, &err);
    if (st)
        return mmofl_cli_complain(&err);
    int status =
        mmofl_experiment_run(&d->run, d->folder, d->folder_path, &d->options->run);
    if (status == EXIT_DONE && say_farewell(d, &err))
        status = mmofl_cli_complain(&err);
    return status;
}

static int serve_main(int argc, char **argv)
{
    mmofl_serve_options options;
    mmofl_serve_options_read(argc, argv, &options);
    options.run.again = "the same command";
    signal(SIGPIPE, SIG_IGN);
    mmofl_stop_watch();
    mmofl_memory_keep_freed();
    deployment d = {.options = &options};
    int status = serve(&d);
    mmofl_http_stop(d.http);
    mmofl_server_delete(d.server);
    mmofl_board_delete(d.board);
    mmofl_journal_close(d.journal);
    mmofl_run_folder_close(d.folder);
    if (d.run.pool)
        mmofl_setup_free(&d.run);
    mmofl_experiment_free(&d.experiment);
    mmofl_admission_free(&d.list[d.holds]);
    return status;
}

const mmofl_command mmofl_command_serve = {
    "serve", "coordinate real devices over an MQTT broker", serve_main};
