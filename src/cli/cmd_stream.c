/* cmd_stream.c - `mmofl stream EXPERIMENT`: a device's samples, as its sensors deliver
 * them. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "run/sample_line.h"
#include "run/setup.h"

enum { KEY_SEED = 256, KEY_FROM, KEY_ROUNDS };

static const struct argp_option table[] = {
    {"device", 'd', "K", 0, "Number of the device, from 0 (default: 0)", 0},
    {"from", KEY_FROM, "N", 0,
     "Begin with sample number N, for a device that has those before (default: 0)", 0},
    {"pace", 'p', "SECONDS", 0, "Wait so long between samples (default: not at all)",
     0},
    {"rounds", KEY_ROUNDS, "N", 0,
     "Samples of the first N rounds (default: those of the experiment)", 0},
    {"seed", KEY_SEED, "N", 0, "Seed (default: the experiment's first)", 0},
    MMOFL_SETTINGS_OPTION,
    {0}};

typedef struct request {
    const char *file;
    mmofl_settings settings;
    uint64_t device, seed, from;
    bool has_seed;
    int rounds; /* 0: the experiment's */
    double pace_s;
} request;

static uint64_t read_whole(const char *option, const char *text,
                           const struct argp_state *state)
{
    uint64_t value = 0;
    const char *end = text;
    if (mmofl_number_whole(&end, &value) || *end)
        argp_error(state, "%s %s: a whole number is wanted", option, text);
    return value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    const char *end;
    switch (key) {
    case 'd':
        r->device = read_whole("--device", text, state);
        break;
    case 'p':
        end = mmofl_number_read(text, text + strlen(text), &r->pace_s);
        if (!end || *end || !(r->pace_s >= 0 && r->pace_s <= 86400))
            argp_error(state, "--pace %s: seconds from 0 to 86400 are wanted", text);
        break;
    case 's':
        mmofl_settings_add(&r->settings, text, state);
        break;
    case KEY_SEED:
        r->seed = read_whole("--seed", text, state);
        r->has_seed = true;
        break;
    case KEY_FROM:
        r->from = read_whole("--from", text, state);
        break;
    case KEY_ROUNDS:
        r->rounds = mmofl_cli_read_count("--rounds", text, state);
        break;
    case ARGP_KEY_ARG:
        if (r->file)
            argp_error(state, "'%s': one experiment is wanted", text);
        r->file = text;
        break;
    case ARGP_KEY_END:
        if (!r->file)
            argp_error(state, "an experiment file is wanted");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    "EXPERIMENT",
    "Print the samples of one device in the order in which they arrive, a line of JSON "
    "each, with everything that the experiment's imbalance does to them.  A device "
    "that reads them learns what the simulated device of that number does.\v"
    "Example:\n"
    "  mmofl stream examples/demo.yaml --device 3 --pace 0.1 | mmofl-device run "
    "d3.yaml",
    NULL,
    NULL,
    NULL};

static void wait_for_next(double pace_s)
{
    struct timespec left = {(time_t)pace_s, (long)((pace_s - floor(pace_s)) * 1e9)};
    while (pace_s > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

/* Everything that arrives in rounds 1 ... n. */
static void print_rounds(const request *r, mmofl_holding *h, int rounds, float *scratch)
{
    for (int round = 1; round <= rounds; round++) {
        mmofl_holding_look(h, r->device, (uint64_t)round);
        for (int i = h->window.held - h->window.fresh; i < h->window.held; i++) {
            if (h->window.first + (uint64_t)i < r->from)
                continue;
            mmofl_sample_line_write(stdout, h, i, scratch);
            if (r->pace_s > 0)
                fflush(stdout);
            if (ferror(stdout))
                return; /* main complains */
            wait_for_next(r->pace_s);
        }
    }
}

static size_t largest_sample(const mmofl_dataset *data)
{
    size_t largest = 0;
    for (int m = 0; m < data->n_modalities; m++) {
        size_t n = mmofl_shape_count(data->modality[m].shape);
        largest = n > largest ? n : largest;
    }
    return largest;
}

static mmofl_status stream_setup(const request *r, const mmofl_setup *setup,
                                 mmofl_error *err)
{
    const mmofl_experiment *x = setup->experiment;
    mmofl_simulation *simulation;
    if (r->device >= (uint64_t)x->fleet.devices)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "there is no device %" PRIu64 "; wanted 0 to %d", r->device,
                          x->fleet.devices - 1);
    mmofl_status st = mmofl_setup_simulation(setup, r->has_seed ? r->seed : x->seed[0],
                                             &simulation, err);
    if (st)
        return st;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_holding holding;
    float *scratch = MMOFL_ARENA_NEW(&arena, largest_sample(setup->data), float);
    if (!scratch ||
        mmofl_holding_init(&holding, mmofl_simulation_source(simulation), &arena))
        st = mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a device's samples");
    else
        print_rounds(r, &holding, r->rounds ? r->rounds : x->rounds, scratch);
    mmofl_arena_free(&arena);
    mmofl_simulation_delete(simulation);
    return st;
}

static int stream_main(int argc, char **argv)
{
    request r = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_error err = {0};
    mmofl_experiment x;
    mmofl_setup setup;
    mmofl_status st =
        mmofl_experiment_load(r.file, r.settings.text, r.settings.n, &x, &err);
    if (st)
        return mmofl_cli_complain(&err);
    st = mmofl_setup_init(&setup, &x, 1, &err);
    if (!st) {
        st = stream_setup(&r, &setup, &err);
        mmofl_setup_free(&setup);
    }
    mmofl_experiment_free(&x);
    return st ? mmofl_cli_complain(&err) : EXIT_DONE;
}

const mmofl_command mmofl_command_stream = {
    "stream", "print a device's samples as its sensors deliver them", stream_main};
