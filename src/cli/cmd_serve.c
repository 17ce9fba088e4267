/* cmd_serve.c - `mmofl serve EXPERIMENT`: the coordinator of real devices, or of
 * shards. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/deployment.h"
#include "cli/stop.h"
#include "run/model_file.h"

/* The run's folder: a new one, or that of the same experiment that goes on. */
static mmofl_status open_folder(mmofl_deployment *d, mmofl_error *err)
{
    char path[MMOFL_PATH_BYTES];
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

mmofl_status mmofl_serve_start_http(mmofl_deployment *d, uint32_t served,
                                    mmofl_error *err)
{
    const mmofl_serve_options *o = d->options;
    if (o->http.port == 0)
        return MMOFL_OK;
    mmofl_status st = mmofl_board_new(served, &d->board);
    if (st)
        return mmofl_fail(err, st, "no memory for the status of devices");
    st = mmofl_http_start(&o->http, mmofl_serve_federation(d), d->board, &d->http, err);
    if (st && !o->has_http) { /* another coordinator may have the default port */
        mmofl_log(mmofl_cli_log(), MMOFL_LOG_WARNING, "%s; going on without it",
                  err->text);
        st = MMOFL_OK;
    }
    return st;
}

mmofl_server_setup mmofl_serve_server_setup(mmofl_deployment *d)
{
    return (mmofl_server_setup){.federation = mmofl_serve_federation(d),
                                .secret = d->options->identity ? d->keys.secret : NULL,
                                .devices = &d->list[0],
                                .run = &d->run,
                                .shards = d->options->shards ? d->list[0].n : 0,
                                .seed = d->experiment.seed[0],
                                .journal = d->journal,
                                .rules = d->options->rules,
                                .coding = d->options->coding,
                                .connect = mmofl_serve_connect,
                                .connect_context = d,
                                .board = d->board,
                                .stop_asked = stop_asked,
                                .between = mmofl_serve_look_at_members,
                                .stop_context = d,
                                .log = mmofl_cli_log()};
}

static mmofl_status start_server(mmofl_deployment *d, mmofl_error *err)
{
    mmofl_server_setup setup = mmofl_serve_server_setup(d);
    mmofl_status st = mmofl_server_new(&setup, &d->server, err);
    if (!st)
        d->run.remote = mmofl_server_fleet(d->server);
    return st;
}

/* The model that the run left goes to the devices. */
static mmofl_status say_farewell(mmofl_deployment *d, mmofl_error *err)
{
    char path[MMOFL_PATH_BYTES];
    mmofl_model_copy last;
    mmofl_status st = mmofl_run_folder_seed_path(
        d->folder, d->experiment.seed[0], "model.safetensors", path, sizeof path, err);
    if (!st)
        st = mmofl_model_copy_load(path, mmofl_server_model(d->server), &last, err);
    if (st)
        return st;
    st = mmofl_server_finish(d->server, (uint64_t)d->experiment.rounds, last.parameters,
                             last.has_prototypes ? &last.prototypes : NULL,
                             MMOFL_FAREWELL_S, err);
    mmofl_model_copy_free(&last);
    return st;
}

static mmofl_status start(mmofl_deployment *d, mmofl_error *err)
{
    uint32_t devices = (uint32_t)d->experiment.fleet.devices;
    mmofl_status st = open_folder(d, err);
    if (!st)
        st =
            mmofl_serve_start_http(d, d->options->shards ? d->list[0].n : devices, err);
    return st ? st : start_server(d, err);
}

static int serve(mmofl_deployment *d)
{
    mmofl_error err = {0};
    mmofl_status st = mmofl_serve_load_experiment(d, &err);
    if (!st)
        st = mmofl_serve_load_keys(d, &err);
    if (!st)
        st = mmofl_setup_init(&d->run, &d->experiment, d->options->run.threads, &err);
    if (!st && mmofl_serves_as_shard(d))
        return mmofl_serve_shard(d);
    if (!st)
        st = start(d, &err);
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
    mmofl_deployment d = {.options = &options};
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
