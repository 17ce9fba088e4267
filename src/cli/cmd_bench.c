/* cmd_bench.c - `mmofl bench`: how fast are rounds, local steps, tests and the machine
 * itself? */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "cli/bench_machine.h"
#include "cli/bench_measure.h"
#include "cli/bench_shape.h"
#include "cli/command.h"
#include "nn/isa.h"
#include "run/trace.h"

enum {
    KEY_STEPS = 256,
    KEY_NEW,
    KEY_METHOD,
    KEY_JSON,
    KEY_SECONDS,
    KEY_FORWARD,
    KEY_MACHINE,
    KEY_TRACE
};

static const struct argp_option table[] = {
    {"shape", 's', "NAME", 0, "Model: " MMOFL_BENCH_SHAPES " (default: har)", 0},
    {"batch", 'b', "B", 0, "Samples in a mini-batch (default: 32)", 0},
    {"devices", 'd', "K", 0, "Devices (default: 20)", 0},
    {"steps", KEY_STEPS, "E", 0, "Mini-batches of a device in a round (default: 5)", 0},
    {"new", KEY_NEW, "N", 0,
     "New samples of a device in a round, predicted before training "
     "(default: none, as the peers)",
     0},
    {"method", KEY_METHOD, "NAME", 0,
     "Method, as in an experiment file (default: pm, which adds nothing)", 0},
    {"threads", 't', "N", 0, "Threads (default: one per core)", 0},
    {"seconds", KEY_SECONDS, "S", 0, "Measure for at least this long (default: 2)", 0},
    {"forward", KEY_FORWARD, NULL, 0, "Measure the evaluation of the model instead", 0},
    {"machine", KEY_MACHINE, NULL, 0,
     "Measure the machine instead: multiply-adds and memory, one thread and all", 0},
    {"trace", KEY_TRACE, "FILE.npz", 0,
     "Instead of measuring: record what the first device does in the first round, for "
     "a peer that shall do the same",
     0},
    {"json", KEY_JSON, NULL, 0, "Print JSON", 0},
    {0}};

typedef struct request {
    mmofl_bench_plan plan;
    int threads;
    double seconds;
    bool json;
    enum { TRAINING, FORWARD, MACHINE, TRACE } what;
    const char *trace;
} request;

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 's':
        r->plan.shape = mmofl_bench_shape_find(text);
        if (!r->plan.shape)
            argp_error(state, "--shape %s: one of " MMOFL_BENCH_SHAPES " is wanted",
                       text);
        break;
    case 'b':
        r->plan.batch = mmofl_cli_read_count("--batch", text, state);
        break;
    case 'd':
        r->plan.devices = mmofl_cli_read_count("--devices", text, state);
        break;
    case KEY_STEPS:
        r->plan.steps = mmofl_cli_read_count("--steps", text, state);
        break;
    case KEY_NEW:
        r->plan.fresh = mmofl_cli_read_count("--new", text, state);
        break;
    case KEY_METHOD:
        r->plan.method = text;
        break;
    case 't':
        r->threads = mmofl_cli_read_count("--threads", text, state);
        break;
    case KEY_SECONDS:
        r->seconds = mmofl_cli_read_seconds("--seconds", text, state);
        break;
    case KEY_FORWARD:
        r->what = FORWARD;
        break;
    case KEY_MACHINE:
        r->what = MACHINE;
        break;
    case KEY_TRACE:
        r->what = TRACE;
        r->trace = text;
        break;
    case KEY_JSON:
        r->json = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s': no argument is wanted", text);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table,
    parse,
    NULL,
    "Measure training speed on made-up data: whole simulated rounds (gather, train, "
    "average), and local steps alone, beside the most multiply-adds that the cores can "
    "do.\v"
    "Examples:\n"
    "  mmofl bench\n"
    "  mmofl bench --shape convgru --batch 16 --threads 1 --json\n"
    "  mmofl bench --shape lenet --forward\n"
    "  mmofl bench --method qqr --new 32\n"
    "  mmofl bench --machine\n\n"
    "Rates of rounds and evaluations are of wall time; those of local steps and of the "
    "peak are of CPU time.  `./dev bench` in the source tree runs all shapes beside "
    "other programs.",
    NULL,
    NULL,
    NULL};

/* ---------------------------------------------------------------- results */

static void print_json(json_t *root)
{
    json_dumpf(root, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(root);
}

/* What was measured, and the memory that it took. */
static json_t *plan_json(const request *r, const mmofl_setup *setup, const char *isa)
{
    const mmofl_bench_plan *plan = &r->plan;
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:I}", "shape",
                     plan->shape->name, "isa", isa, "method", plan->method, "batch",
                     plan->batch, "devices", plan->devices, "steps", plan->steps, "new",
                     plan->fresh, "threads", mmofl_pool_threads(setup->pool),
                     "peak_rss_bytes", (json_int_t)mmofl_clock_peak_rss_bytes());
}

static double resident_mib(void)
{
    return (double)mmofl_clock_peak_rss_bytes() / (1 << 20);
}

static void print_training(const request *r, const mmofl_setup *setup, const char *isa,
                           const mmofl_bench_training *m)
{
    const mmofl_bench_plan *plan = &r->plan;
    int threads = mmofl_pool_threads(setup->pool);
    double share = m->gflops / m->peak_gflops;
    double local_share = m->local_gflops / m->local_peak_gflops;
    if (r->json) {
        json_t *root = plan_json(r, setup, isa);
        json_t *rates = json_pack(
            "{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}",
            "rounds_per_s", m->rounds_per_s, "steps_per_s", m->steps_per_s, "gflops",
            m->gflops, "peak_gflops", m->peak_gflops, "share_of_peak", share,
            "local_steps_per_s", m->local_steps_per_s, "local_gflops", m->local_gflops,
            "local_peak_gflops", m->local_peak_gflops, "local_share_of_peak",
            local_share, "bytes_up_per_round", m->bytes_up, "bytes_down_per_round",
            m->bytes_down, "train_loss", m->loss);
        json_object_update(root, rates);
        json_decref(rates);
        print_json(root);
        return;
    }
    printf("%s, method %s, batch %d, %d devices, %d steps each, %d thread%s, kernels "
           "%s\n"
           "  rounds       %10.2f /s\n"
           "  steps        %10.1f /s   %.1f GFLOP/s, %.0f %% of the peak of %.1f\n"
           "  local step   %10.3f ms  %.1f GFLOP/s, %.0f %% of the peak of one thread, "
           "%.1f\n"
           "  messages     %10.1f kB down and %.1f kB up in a round\n"
           "  memory       %10.1f MiB resident at most\n",
           plan->shape->name, plan->method, plan->batch, plan->devices, plan->steps,
           threads, threads == 1 ? "" : "s", isa, m->rounds_per_s, m->steps_per_s,
           m->gflops, 100 * share, m->peak_gflops, 1e3 / m->local_steps_per_s,
           m->local_gflops, 100 * local_share, m->local_peak_gflops,
           m->bytes_down / 1e3, m->bytes_up / 1e3, resident_mib());
}

static void print_forward(const request *r, const mmofl_setup *setup, const char *isa,
                          const mmofl_bench_forward *m)
{
    int threads = mmofl_pool_threads(setup->pool);
    double share = m->gflops / m->peak_gflops;
    if (r->json) {
        json_t *root = plan_json(r, setup, isa);
        json_t *rates =
            json_pack("{s:f, s:f, s:f, s:f, s:f}", "samples_per_s", m->samples_per_s,
                      "gflops", m->gflops, "peak_gflops", m->peak_gflops,
                      "share_of_peak", share, "loss", m->loss);
        json_object_update(root, rates);
        json_decref(rates);
        print_json(root);
        return;
    }
    printf("%s, evaluation, %d thread%s, kernels %s\n"
           "  samples      %10.0f /s   %.1f GFLOP/s, %.0f %% of the peak of %.1f\n"
           "  memory       %10.1f MiB resident at most\n",
           r->plan.shape->name, threads, threads == 1 ? "" : "s", isa, m->samples_per_s,
           m->gflops, 100 * share, m->peak_gflops, resident_mib());
}

/* ---------------------------------------------------------------- measuring */

static mmofl_status measure_shape(const request *r, const mmofl_setup *setup,
                                  mmofl_simulation *simulation, mmofl_error *err)
{
    const mmofl_model *model = mmofl_simulation_model(simulation);
    const char *isa = model->isa->name;
    if (model->n_parameters != r->plan.shape->n_parameters)
        return mmofl_fail(
            err, MMOFL_E_SHAPE, "shape %s has %zu parameters, the peers have %zu",
            r->plan.shape->name, model->n_parameters, r->plan.shape->n_parameters);
    if (r->what == FORWARD) {
        mmofl_bench_forward forward;
        mmofl_bench_measure_forward(setup, simulation, r->seconds, &forward);
        print_forward(r, setup, isa, &forward);
        return MMOFL_OK;
    }
    mmofl_bench_training training;
    mmofl_status st =
        mmofl_bench_measure_training(setup, simulation, r->seconds, &training, err);
    if (!st)
        print_training(r, setup, isa, &training);
    return st;
}

static mmofl_status bench_shape(const request *r, mmofl_setup *setup, mmofl_error *err)
{
    mmofl_status st = mmofl_bench_plan_data(&r->plan, &setup->data, err);
    if (st)
        return st;
    if (r->what == TRACE) {
        int steps;
        mmofl_trace_place first = {.device = 0, .round = 1};
        return mmofl_trace_write(setup, first, r->trace, &steps, err);
    }
    mmofl_simulation *simulation;
    st = mmofl_setup_simulation(setup, 1, &simulation, err);
    if (st)
        return st;
    st = measure_shape(r, setup, simulation, err);
    mmofl_simulation_delete(simulation);
    return st;
}

typedef struct machine_rates {
    double gflops;
    mmofl_bench_bandwidth memory;
} machine_rates;

static mmofl_status measure_machine(mmofl_pool *pool, machine_rates *rates,
                                    mmofl_error *err)
{
    rates->gflops = mmofl_bench_peak_gflops(mmofl_isa_best()->ops, pool);
    mmofl_status st = mmofl_bench_measure_bandwidth(pool, &rates->memory);
    return st ? mmofl_fail(err, st, "no memory for arrays of %d MiB",
                           MMOFL_BENCH_ARRAY_BYTES >> 20)
              : MMOFL_OK;
}

static mmofl_status bench_machine(const request *r, mmofl_pool *pool, mmofl_error *err)
{
    mmofl_pool *one;
    mmofl_status st = mmofl_pool_new(1, &one);
    if (st)
        return mmofl_fail(err, st, "no memory to measure");
    machine_rates alone, all;
    st = measure_machine(one, &alone, err);
    if (!st)
        st = measure_machine(pool, &all, err);
    mmofl_pool_delete(one);
    if (st)
        return st;
    const char *isa = mmofl_isa_best()->name;
    int threads = mmofl_pool_threads(pool);
    if (r->json)
        print_json(json_pack("{s:s, s:i, s:[f,f], s:[f,f], s:[f,f]}", "isa", isa,
                             "threads", threads, "fma_gflops", alone.gflops, all.gflops,
                             "copy_gb_per_s", alone.memory.copy, all.memory.copy,
                             "triad_gb_per_s", alone.memory.triad, all.memory.triad));
    else
        printf("kernels %s             1 thread  %4d threads\n"
               "  multiply-adds  %10.1f  %10.1f  GFLOP/s\n"
               "  copy           %10.1f  %10.1f  GB/s, read and written\n"
               "  triad          %10.1f  %10.1f  GB/s\n",
               isa, threads, alone.gflops, all.gflops, alone.memory.copy,
               all.memory.copy, alone.memory.triad, all.memory.triad);
    return MMOFL_OK;
}

static int bench_main(int argc, char **argv)
{
    request r = {.plan = {.shape = mmofl_bench_shape_find("har"),
                          .batch = 32,
                          .devices = 20,
                          .steps = 5,
                          .method = "pm"},
                 .seconds = 2};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_error err = {0};
    mmofl_experiment x;
    if (mmofl_bench_plan_experiment(&r.plan, &x, &err))
        return mmofl_cli_complain(&err);
    mmofl_setup setup = {.experiment = &x};
    mmofl_status st = mmofl_pool_new(r.threads, &setup.pool);
    if (st)
        mmofl_fail(&err, st, "cannot start %d threads", r.threads);
    else
        st = r.what == MACHINE ? bench_machine(&r, setup.pool, &err)
                               : bench_shape(&r, &setup, &err);
    mmofl_setup_free(&setup);
    mmofl_experiment_free(&x);
    return st ? mmofl_cli_complain(&err) : EXIT_DONE;
}

const mmofl_command mmofl_command_bench = {
    "bench", "measure steps, rounds and tests on this machine", bench_main};
