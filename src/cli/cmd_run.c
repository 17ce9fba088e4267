/* cmd_run.c - `mmofl run EXPERIMENT.yaml`. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "cli/command.h"
#include "cli/experiment_run.h"
#include "cli/settings.h"
#include "cli/sweep_run.h"
#include "run/trace.h"

enum { KEY_SEEDS = 256, KEY_TRACE, KEY_JSON, PATH_BYTES = 4096 };

static const struct argp_option table[] = {
    MMOFL_SETTINGS_OPTION,
    {"out", 'o', "DIR", 0,
     "Folder for the results (default: runs/NAME, runs/NAME-2, ...)", 0},
    {"threads", 't', "N", 0,
     "Threads (default: one per core); the results do not depend on it", 0},
    {"seed", 'S', "N", 0, "Run this seed only", 0},
    {"seeds", KEY_SEEDS, "A..B", 0, "Run these seeds: 1..5, or a list [1, 2, 7]", 0},
    {"json", KEY_JSON, NULL, 0, "Print the summary as JSON on stdout", 0},
    {"quiet", 'q', NULL, 0, "No settings and no progress", 0},
    {"trace", KEY_TRACE, "device=K,round=T", 0,
     "Instead of running: record that device's mini-batches, gradients and parameters "
     "in that "
     "round to TRACE.npz",
     0},
    {0}};

typedef struct request {
    const char *experiment, *trace_file, *out, *trace;
    char seeds[256];
    mmofl_settings settings;
    mmofl_run_options options;
} request;

static bool is_whole_number(const char *text)
{
    uint64_t value;
    return mmofl_number_whole(&text, &value) == MMOFL_OK && !*text;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 's':
        mmofl_settings_add(&r->settings, text, state);
        break;
    case 'o':
        r->out = text;
        break;
    case 't':
        r->options.threads = mmofl_cli_read_count("--threads", text, state);
        break;
    case 'S':
        if (!is_whole_number(text))
            argp_error(state, "--seed: '%s' is not a whole number below 2^64", text);
        /* fall through */
    case KEY_SEEDS:
        if (*r->seeds)
            argp_error(state, "--seed and --seeds: one of them, once");
        snprintf(r->seeds, sizeof r->seeds, "seeds=%s", text);
        mmofl_settings_add(&r->settings, r->seeds, state);
        break;
    case KEY_JSON:
        r->options.json = true;
        break;
    case 'q':
        r->options.quiet = true;
        break;
    case KEY_TRACE:
        r->trace = text;
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            r->experiment = text;
        else if (state->arg_num == 1 && r->trace)
            r->trace_file = text;
        else
            argp_error(state, "'%s' is one argument too many", text);
        break;
    case ARGP_KEY_END:
        if (!r->experiment)
            argp_error(state, "an experiment file is wanted");
        if (r->trace && !r->trace_file)
            argp_error(state,
                       "--trace wants a file to write after the experiment: TRACE.npz");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "EXPERIMENT.yaml [TRACE.npz]",
    "Train one multimodal model over a simulated fleet of devices, online, round by "
    "round.\v"
    "Examples:\n"
    "  mmofl run examples/demo.yaml\n"
    "  mmofl run examples/uci-har.yaml --seeds 1..5 --out runs/har\n"
    "  mmofl run examples/demo.yaml --set rounds=20 --set fleet.devices=50\n"
    "  mmofl run examples/demo.yaml --trace device=3,round=5 trace.npz\n\n"
    "A file with the block `sweep` or `cells` runs every cell with every seed, one on "
    "each thread, and prints a table.\n\n"
    "`mpirun -n R mmofl run ...` trains R parts of the fleet, or runs R parts of a "
    "sweep, on a cluster, with the very bytes of one process: docs/cluster.md.\n\n"
    "Ctrl-C stops after the current round; `mmofl resume DIR` goes on and ends with "
    "the same "
    "bytes.  Every key of the experiment file: docs/config.md, or `mmofl config "
    "manual`.",
    NULL,
    NULL,
    NULL};

/* The folder, on the rank that has it; *path says where it is. */
static mmofl_status make_folder(const request *r, const mmofl_experiment *x,
                                char path[PATH_BYTES], mmofl_run_folder **folder,
                                mmofl_error *err)
{
    if (r->out)
        snprintf(path, PATH_BYTES, "%s", r->out);
    else
        mmofl_cli_choose_folder(x->name, path, PATH_BYTES);
    char *config = mmofl_experiment_text(x);
    mmofl_status st =
        config ? mmofl_run_folder_create(path, config, folder, err)
               : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the settings");
    free(config);
    return st;
}

static int run_in_folder(const request *r, const mmofl_setup *setup)
{
    const mmofl_ranks *ranks = r->options.ranks;
    char path[PATH_BYTES];
    mmofl_run_folder *folder = NULL;
    mmofl_error err = {0};
    /* Before the folder is made: what cannot run shall leave none. */
    mmofl_status st = mmofl_experiment_check(setup, r->options.quiet, &err);
    if (!st && mmofl_ranks_is_first(ranks))
        st = make_folder(r, setup->experiment, path, &folder, &err);
    st = mmofl_ranks_agree(ranks, st, &err);
    int status = st ? mmofl_cli_complain_once(ranks, &err)
                    : mmofl_experiment_run(setup, folder, path, &r->options);
    mmofl_run_folder_close(folder);
    return status;
}

static int trace(const request *r, const mmofl_setup *setup)
{
    mmofl_trace_place place;
    mmofl_error err = {0};
    int steps;
    if (mmofl_trace_parse(setup->experiment, r->trace, &place, &err)) {
        mmofl_cli_complain(&err);
        return EXIT_WRONG_USAGE;
    }
    if (mmofl_trace_write(setup, place, r->trace_file, &steps, &err))
        return mmofl_cli_complain(&err);
    if (!r->options.quiet)
        fprintf(stderr,
                "%d steps of device %" PRIu64 " in round %" PRIu64 " are in %s\n",
                steps, place.device, place.round, r->trace_file);
    return EXIT_DONE;
}

/* A folder that is taken is refused before the data are loaded. */
static mmofl_status check_folder(const request *r, mmofl_error *err)
{
    bool is_new = r->out && !r->trace && mmofl_ranks_is_first(r->options.ranks);
    mmofl_status st = is_new ? mmofl_run_folder_check_new(r->out, err) : MMOFL_OK;
    return mmofl_ranks_agree(r->options.ranks, st, err);
}

static int run_experiment(const request *r)
{
    const mmofl_ranks *ranks = r->options.ranks;
    mmofl_error err = {0};
    mmofl_experiment x = {0};
    mmofl_setup setup;
    mmofl_status st =
        mmofl_experiment_load(r->experiment, r->settings.text, r->settings.n, &x, &err);
    st = mmofl_ranks_agree(ranks, st, &err);
    if (!st)
        st = check_folder(r, &err);
    if (!st)
        st = mmofl_setup_init_ranks(&setup, ranks, &x, r->options.threads, &err);
    int status;
    if (st) {
        status = mmofl_cli_complain_once(ranks, &err);
    } else {
        status = r->trace ? trace(r, &setup) : run_in_folder(r, &setup);
        mmofl_setup_free(&setup);
    }
    mmofl_experiment_free(&x);
    return status;
}

static int run_sweep(const request *r, const mmofl_sweep *sweep)
{
    if (!r->trace)
        return mmofl_sweep_begin(sweep, r->out, &r->options);
    fprintf(stderr,
            "mmofl: --trace: %s is a sweep of %d cells; a trace is of one run\n",
            r->experiment, sweep->n_cells);
    return EXIT_WRONG_USAGE;
}

static int run_request(const void *context)
{
    const request *r = context;
    mmofl_error err = {0};
    mmofl_sweep sweep = {0};
    mmofl_status st =
        mmofl_sweep_load(r->experiment, r->settings.text, r->settings.n, &sweep, &err);
    if (!st && r->trace && r->options.ranks->size > 1)
        st = mmofl_fail(&err, MMOFL_E_UNSUPPORTED,
                        "--trace is of one process, there are %d",
                        r->options.ranks->size);
    st = mmofl_ranks_agree(r->options.ranks, st, &err);
    int status;
    if (st)
        status = mmofl_cli_complain_once(r->options.ranks, &err);
    else
        status = sweep.n_cells > 0 ? run_sweep(r, &sweep) : run_experiment(r);
    mmofl_sweep_free(&sweep);
    return status;
}

static int run_main(int argc, char **argv)
{
    request r = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    return mmofl_cli_on_ranks(&r.options.ranks, run_request, &r);
}

const mmofl_command mmofl_command_run = {
    "run", "train a model over a simulated fleet, as an experiment file says",
    run_main};
