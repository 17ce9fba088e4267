/* cmd_serve.c - `mmofl serve EXPERIMENT`: the coordinator of real devices. */
#define _POSIX_C_SOURCE 200809L
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "cli/command.h"
#include "cli/experiment_run.h"
#include "cli/settings.h"
#include "cli/stop.h"
#include "link/address.h"
#include "link/bus_mqtt.h"
#include "pki/identity.h"
#include "run/model_file.h"
#include "serve/server.h"

enum { KEY_FEDERATION = 256, KEY_DEADLINE, KEY_QUORUM, KEY_HEARTBEAT, KEY_INSECURE };
enum { PATH_BYTES = 4096 };

static const double farewell_s = 10; /* for the final model to reach the devices */

static const struct argp_option table[] = {
    {"out", 'o', "DIR", 0,
     "Folder of the run (default: runs/NAME); one that is there goes on", 0},
    {"federation", KEY_FEDERATION, "NAME", 0,
     "What the federation is called (default: the experiment's name)", 0},
    {"devices", 'd', "LIST", 0,
     "Devices that may take part: the admission list of mmofl pki, or a number N for "
     "device-0 ... device-(N-1) without keys (default: as many as the experiment has)",
     0},
    {"broker", 'b', "HOST[:PORT]", 0, "MQTT 5 broker (default: localhost)", 0},
    {"identity", 'i', "DIR", 0,
     "Folder with ca.crt, coordinator.crt and coordinator.key (mmofl pki); without it "
     "there is no TLS, which is for loopback only",
     0},
    {"insecure", KEY_INSECURE, NULL, 0, "No TLS beyond loopback, all the same", 0},
    {"deadline", KEY_DEADLINE, "SECONDS", 0,
     "A round ends after so long if the quorum is there (default: 0, when all have "
     "answered)",
     0},
    {"quorum", KEY_QUORUM, "SHARE", 0,
     "Share of the participants whose updates a round wants (default: 0.5)", 0},
    {"heartbeat", KEY_HEARTBEAT, "SECONDS", 0,
     "How often devices say that they are there (default: 10)", 0},
    {"threads", 't', "N", 0, "Threads for tests (default: one per core)", 0},
    {"quiet", 'q', NULL, 0, "No settings and no progress", 0},
    MMOFL_SETTINGS_OPTION,
    {0}};

typedef struct request {
    const char *experiment, *out, *federation, *devices, *identity;
    mmofl_address broker;
    bool insecure;
    mmofl_round_rules rules;
    mmofl_settings settings;
    char n_devices[64];
    mmofl_run_options options;
} request;

static double read_real(const char *option, const char *text, double most,
                        const struct argp_state *state)
{
    double value = 0;
    const char *end = mmofl_number_read(text, text + strlen(text), &value);
    if (!end || *end || !(value >= 0 && value <= most))
        argp_error(state, "%s %s: wanted a number from 0 to %g", option, text, most);
    return value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    mmofl_error err = {0};
    switch (key) {
    case 'o':
        r->out = text;
        break;
    case KEY_FEDERATION:
        r->federation = text;
        break;
    case 'd':
        r->devices = text;
        break;
    case 'b':
        if (mmofl_address_read(text, &r->broker, &err))
            argp_error(state, "--broker %s", err.text);
        break;
    case 'i':
        r->identity = text;
        break;
    case KEY_INSECURE:
        r->insecure = true;
        break;
    case KEY_DEADLINE:
        r->rules.deadline_s = read_real("--deadline", text, 1e9, state);
        break;
    case KEY_QUORUM:
        r->rules.quorum = read_real("--quorum", text, 1, state);
        break;
    case KEY_HEARTBEAT:
        r->rules.heartbeat_s = read_real("--heartbeat", text, 1e6, state);
        break;
    case 't':
        r->options.threads = mmofl_cli_read_count("--threads", text, state);
        break;
    case 'q':
        r->options.quiet = true;
        break;
    case 's':
        mmofl_settings_add(&r->settings, text, state);
        break;
    case ARGP_KEY_ARG:
        if (r->experiment)
            argp_error(state, "'%s': one experiment is wanted", text);
        r->experiment = text;
        break;
    case ARGP_KEY_END:
        if (!r->experiment)
            argp_error(state, "an experiment file is wanted");
        if (!r->identity && !r->insecure && !mmofl_address_is_loopback(&r->broker))
            argp_error(state,
                       "broker %s is another machine: wanted --identity DIR (mmofl pki "
                       "makes it), or --insecure",
                       r->broker.host);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "EXPERIMENT.yaml",
    "Coordinate real devices (mmofl-device) over an MQTT broker: what `mmofl run` "
    "simulates, for real.\v"
    "The experiment's data set is what the model is tested on, and says what sensors "
    "deliver.  The run folder is that of `mmofl run`; a coordinator that was stopped "
    "or "
    "killed goes on when it is started again with the same arguments.\n\n"
    "Example:\n"
    "  mmofl serve examples/demo.yaml --devices 10",
    NULL,
    NULL,
    NULL};

/* ---- one deployment ---- */

typedef struct deployment {
    const request *request;
    const char *folder_path;
    mmofl_experiment experiment;
    mmofl_admission_list devices;
    mmofl_setup run;
    uint8_t secret[MMOFL_KEY_BYTES];
    char ca[PATH_BYTES], certificate[PATH_BYTES], key[PATH_BYTES];
    char client_id[128];
    mmofl_run_folder *folder;
    mmofl_journal *journal;
    mmofl_server *server;
} deployment;

static const char *federation_of(const deployment *d)
{
    return d->request->federation ? d->request->federation : d->experiment.name;
}

static mmofl_status connect_bus(void *context, const mmofl_bus_events *events,
                                mmofl_bus **bus, mmofl_error *err)
{
    deployment *d = context;
    mmofl_mqtt_tls tls = {d->ca, d->certificate, d->key};
    snprintf(d->client_id, sizeof d->client_id, "mmofl-%s-coordinator",
             federation_of(d));
    mmofl_mqtt_setup setup = {.host = d->request->broker.host,
                              .port = d->request->broker.port,
                              .client_id = d->client_id,
                              .tls = d->request->identity ? &tls : NULL,
                              .events = *events,
                              .most_queued = 65535,
                              .log = mmofl_cli_log()};
    return mmofl_bus_mqtt_new(&setup, bus, err);
}

static mmofl_status load_identity(deployment *d, mmofl_error *err)
{
    const char *folder = d->request->identity;
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

/* The devices, and the experiment with as many. */
static mmofl_status load_experiment(deployment *d, request *r, mmofl_error *err)
{
    uint64_t n = 0;
    const char *end = r->devices;
    bool is_number =
        r->devices && mmofl_number_whole(&end, &n) == MMOFL_OK && *end == '\0';
    mmofl_status st = MMOFL_OK;
    if (is_number)
        st = n > MMOFL_MOST_DEVICES
                 ? mmofl_fail(err, MMOFL_E_LIMIT, "--devices: wanted at most %d",
                              MMOFL_MOST_DEVICES)
                 : mmofl_admission_number((uint32_t)n, &d->devices, err);
    else if (r->devices)
        st = mmofl_admission_load(r->devices, &d->devices, err);
    if (st)
        return st;
    if (r->devices && r->settings.n < MMOFL_MAX_SETTINGS) {
        snprintf(r->n_devices, sizeof r->n_devices, "fleet.devices=%u", d->devices.n);
        r->settings.text[r->settings.n++] = r->n_devices;
    }
    st = mmofl_experiment_load(r->experiment, r->settings.text, r->settings.n,
                               &d->experiment, err);
    if (!st && !r->devices)
        st = mmofl_admission_number((uint32_t)d->experiment.fleet.devices, &d->devices,
                                    err);
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
    return st ? st : mmofl_journal_open(path, &d->journal, err);
}

static bool stop_asked(void *context)
{
    (void)context;
    return mmofl_stop_asked();
}

static mmofl_status start_server(deployment *d, mmofl_error *err)
{
    mmofl_server_setup setup = {.federation = federation_of(d),
                                .secret = d->request->identity ? d->secret : NULL,
                                .devices = &d->devices,
                                .run = &d->run,
                                .seed = d->experiment.seed[0],
                                .journal = d->journal,
                                .rules = d->request->rules,
                                .connect = connect_bus,
                                .connect_context = d,
                                .stop_asked = stop_asked,
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

static int serve(deployment *d, request *r)
{
    mmofl_error err = {0};
    char chosen[PATH_BYTES];
    mmofl_status st = load_experiment(d, r, &err);
    if (!st)
        st = load_identity(d, &err);
    snprintf(chosen, sizeof chosen, "runs/%s", st ? "" : d->experiment.name);
    d->folder_path = r->out ? r->out : chosen;
    if (!st)
        st = mmofl_setup_init(&d->run, &d->experiment, r->options.threads, &err);
    if (!st)
        st = open_folder(d, &err);
    if (!st)
        st = start_server(d, &err);
    if (st)
        return mmofl_cli_complain(&err);
    int status = mmofl_experiment_run(&d->run, d->folder, d->folder_path, &r->options);
    if (status == EXIT_DONE && say_farewell(d, &err))
        status = mmofl_cli_complain(&err);
    return status;
}

static int serve_main(int argc, char **argv)
{
    request r = {.broker = {.host = "localhost"}, .rules = {.quorum = 0.5}};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    signal(SIGPIPE, SIG_IGN);
    mmofl_stop_watch();
    deployment d = {.request = &r};
    int status = serve(&d, &r);
    mmofl_server_delete(d.server);
    mmofl_journal_close(d.journal);
    mmofl_run_folder_close(d.folder);
    if (d.run.pool)
        mmofl_setup_free(&d.run);
    mmofl_experiment_free(&d.experiment);
    mmofl_admission_free(&d.devices);
    return status;
}

const mmofl_command mmofl_command_serve = {
    "serve", "coordinate real devices over an MQTT broker", serve_main};
