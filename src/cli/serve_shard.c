/* serve_shard.c - `mmofl serve EXPERIMENT --shard I/N`: what its root asks for, from
 * its own devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/deployment.h"

/* A folder with the journal, and the settings by which it is known again: no other
 * experiment's answers may go into it. */
static mmofl_status keep_config(const mmofl_deployment *d, const char *config,
                                mmofl_error *err)
{
    char path[MMOFL_PATH_BYTES];
    unsigned char *there;
    size_t size;
    mmofl_status st =
        mmofl_file_join(path, sizeof path, d->folder_path, "config.yaml", err);
    if (st)
        return st;
    if (!mmofl_file_exists(path))
        return mmofl_file_write(path, config, strlen(config), true, err);
    st = mmofl_file_read(path, MMOFL_CONFIG_BYTES, &there, &size, err);
    if (st)
        return st;
    if (size != strlen(config) || memcmp(there, config, size) != 0)
        st = mmofl_fail(err, MMOFL_E_STATE,
                        "%s: the shard there is of another experiment; wanted the "
                        "same, or another --out",
                        d->folder_path);
    free(there);
    return st;
}

static mmofl_status open_folder(mmofl_deployment *d, mmofl_error *err)
{
    char path[MMOFL_PATH_BYTES];
    char *config = mmofl_experiment_text(&d->experiment);
    if (!config)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the settings");
    mmofl_status st = mmofl_file_make_folders(d->folder_path, err);
    if (!st)
        st = keep_config(d, config, err);
    free(config);
    if (!st)
        st = mmofl_file_join(path, sizeof path, d->folder_path, "journal.sqlite", err);
    return st ? st : mmofl_journal_open(path, &d->journal, err);
}

static mmofl_status start(mmofl_deployment *d, mmofl_shard **shard, mmofl_error *err)
{
    const mmofl_serve_options *o = d->options;
    mmofl_status st = open_folder(d, err);
    if (!st)
        st = mmofl_serve_start_http(d, d->list[0].n, err);
    if (st)
        return st;
    snprintf(d->root_program, sizeof d->root_program, "mmofl %s", MMOFL_VERSION);
    mmofl_shard_setup setup = {
        .server = mmofl_serve_server_setup(d),
        .root = {.federation = mmofl_serve_root_federation(d),
                 .secret = o->root_identity ? d->root_keys.secret : NULL,
                 .root = o->root_identity ? d->root_keys.root : NULL,
                 .program = d->root_program,
                 .connect = mmofl_serve_connect_root,
                 .connect_context = d},
        .number = o->shard.number,
        .shards = o->shard.of};
    return mmofl_shard_new(&setup, shard, err);
}

int mmofl_serve_shard(mmofl_deployment *d)
{
    mmofl_error err = {0};
    mmofl_shard *shard = NULL;
    mmofl_status st = start(d, &shard, &err);
    if (!st)
        st = mmofl_shard_run(shard, MMOFL_FAREWELL_S, &err);
    mmofl_shard_delete(shard);
    if (!st)
        return EXIT_DONE;
    int status = mmofl_cli_complain(&err);
    if (st == MMOFL_E_INTERRUPTED)
        fprintf(stderr, "mmofl: what devices sent is kept; go on with:  %s\n",
                d->options->run.again);
    return status;
}
