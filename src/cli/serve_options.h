/* serve_options.h - the command line of `mmofl serve`. */
#ifndef MMOFL_CLI_SERVE_OPTIONS_H
#define MMOFL_CLI_SERVE_OPTIONS_H

#include "cli/experiment_run.h"
#include "cli/settings.h"
#include "link/address.h"
#include "serve/server.h"

/** --shard I/N */
typedef struct mmofl_shard_option {
    uint32_t number, of; /* of 0: this is none */
} mmofl_shard_option;

typedef struct mmofl_serve_options {
    const char *experiment, *out, *federation, *devices, *identity; /* argv's; NULL */
    const char *shards; /* of a root; NULL: it is none */
    mmofl_shard_option shard;
    const char *root_identity, *root_federation;
    mmofl_address broker, root; /* root.host "": none was given */
    bool insecure;
    mmofl_round_rules rules;
    bool drops; /* --late drop was asked for */
    mmofl_update_coding coding;
    bool has_http;      /* http was asked for, so that it must be there */
    mmofl_address http; /* port 0: none */
    mmofl_settings settings;
    mmofl_run_options run;
} mmofl_serve_options;

/** Read it, or end the program: --help, or wrong usage. */
void mmofl_serve_options_read(int argc, char **argv, mmofl_serve_options *options);

#endif
