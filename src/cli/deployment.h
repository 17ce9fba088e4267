/* deployment.h - what the files of `mmofl serve` share.
 *
 *   cmd_serve.c        the coordinator, and a root: a run folder and its rounds
 *   serve_shard.c      a shard: its root's rounds
 *   serve_members.c    who may take part
 *   serve_line.c       brokers, and the keys for them
 *   serve_options.c    the command line */
#ifndef MMOFL_CLI_DEPLOYMENT_H
#define MMOFL_CLI_DEPLOYMENT_H

#include "cli/serve_options.h"
#include "serve/http.h"
#include "serve/shard.h"

enum {
    MMOFL_PATH_BYTES = 4096,
    MMOFL_CONFIG_BYTES = 16 << 20 /* of the settings that a folder has */
};

/** Seconds for the final model to reach the devices. */
#define MMOFL_FAREWELL_S 10.0

/** The files and keys of an identity folder. */
typedef struct mmofl_serve_keys {
    char ca[MMOFL_PATH_BYTES], certificate[MMOFL_PATH_BYTES], key[MMOFL_PATH_BYTES];
    uint8_t secret[MMOFL_KEY_BYTES];
    uint8_t root[MMOFL_KEY_BYTES]; /* of a shard's: the root's public one */
} mmofl_serve_keys;

typedef struct mmofl_deployment {
    mmofl_serve_options *options;
    const char *folder_path;
    char default_path[MMOFL_PATH_BYTES];
    mmofl_experiment experiment;
    mmofl_admission_list
        list[2]; /* of those served: the one that holds, and the next */
    int holds;
    const char *list_file; /* it is read again on SIGHUP; NULL: it is no file's */
    char n_devices[64];    /* the setting that goes with the devices */
    mmofl_setup run;
    mmofl_serve_keys keys, root_keys;
    char root_program[64];
    mmofl_run_folder *folder; /* NULL: a shard */
    mmofl_journal *journal;
    mmofl_board *board;
    mmofl_http *http;
    mmofl_server *server;
} mmofl_deployment;

static inline bool mmofl_serves_as_shard(const mmofl_deployment *d)
{
    return d->options->shard.of > 0;
}

/* ---- serve_members.c */

/** Read the experiment, with as many devices as are admitted, and who is served. */
MMOFL_CHECKED mmofl_status mmofl_serve_load_experiment(mmofl_deployment *d,
                                                       mmofl_error *err);

/** SIGHUP: another list.  One that cannot be used leaves the old one.
 * context: the deployment. */
void mmofl_serve_look_at_members(void *context, mmofl_server *server);

/* ---- serve_line.c */

/** The federation here, and what a shard's root calls it. */
const char *mmofl_serve_federation(const mmofl_deployment *d);
const char *mmofl_serve_root_federation(const mmofl_deployment *d);

/** @retval those of pki/identity.h; E_DENIED  the certificate has another name */
MMOFL_CHECKED mmofl_status mmofl_serve_load_keys(mmofl_deployment *d, mmofl_error *err);

/** As mmofl_server_connect and mmofl_member_connect; context: the deployment. */
mmofl_status mmofl_serve_connect(void *context, const mmofl_bus_events *events,
                                 mmofl_bus **bus, mmofl_error *err);
mmofl_status mmofl_serve_connect_root(void *context, const mmofl_bus_events *events,
                                      const mmofl_bus_will *will, mmofl_bus **bus,
                                      mmofl_error *err);

/* ---- cmd_serve.c */

/** For a server of `devices` that are served, and its pages. */
MMOFL_CHECKED mmofl_status mmofl_serve_start_http(mmofl_deployment *d, uint32_t served,
                                                  mmofl_error *err);
mmofl_server_setup mmofl_serve_server_setup(mmofl_deployment *d);

/* ---- serve_shard.c */

/** Everything is loaded: be a shard until the root has done.  Returns the exit status.
 */
int mmofl_serve_shard(mmofl_deployment *d);

#endif
