/* cmd_bench.c - `mmofl bench`: how fast are local steps and whole rounds on this
 * machine? */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/bench_shape.h"
#include "cli/command.h"
#include "run/setup.h"

enum { KEY_STEPS = 256, KEY_NEW, KEY_JSON, KEY_SECONDS };

static const struct argp_option table[] = {
    {"shape", 's', "NAME", 0, "Model: " MMOFL_BENCH_SHAPES " (default: har)", 0},
    {"batch", 'b', "B", 0, "Samples in a mini-batch (default: 32)", 0},
    {"devices", 'd', "K", 0, "Devices (default: 20)", 0},
    {"steps", KEY_STEPS, "E", 0, "Mini-batches of a device in a round (default: 5)", 0},
    {"new", KEY_NEW, "N", 0,
     "New samples of a device in a round, predicted before training "
     "(default: none, as the peers)",
     0},
    {"threads", 't', "N", 0, "Threads (default: one per core)", 0},
    {"seconds", KEY_SECONDS, "S", 0, "Measure for at least this long (default: 2)", 0},
    {"json", KEY_JSON, NULL, 0, "Print JSON", 0},
    {0}};

typedef struct request {
    const mmofl_bench_shape *shape;
    int batch, devices, steps, fresh, threads, seconds;
    bool json;
} request;

typedef struct measurement {
    double local_steps_per_s; /* gradient and optimiser step alone, one thread */
    double rounds_per_s, steps_per_s, gflops, peak_gflops, loss;
    int threads;
    const char *isa;
} measurement;

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 's':
        r->shape = mmofl_bench_shape_find(text);
        if (!r->shape)
            argp_error(state, "--shape %s: one of " MMOFL_BENCH_SHAPES " is wanted",
                       text);
        break;
    case 'b':
        r->batch = mmofl_cli_read_count("--batch", text, state);
        break;
    case 'd':
        r->devices = mmofl_cli_read_count("--devices", text, state);
        break;
    case KEY_STEPS:
        r->steps = mmofl_cli_read_count("--steps", text, state);
        break;
    case KEY_NEW:
        r->fresh = mmofl_cli_read_count("--new", text, state);
        break;
    case 't':
        r->threads = mmofl_cli_read_count("--threads", text, state);
        break;
    case KEY_SECONDS:
        r->seconds = mmofl_cli_read_count("--seconds", text, state);
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
    "Measure training speed: whole simulated rounds (gather, train, average), and "
    "local steps "
    "alone, beside the most multiply-adds that the cores can do.",
    NULL,
    NULL,
    NULL};

/* Best of a few tries, in GFLOP/s of one core. */
static double measure_peak(const mmofl_ops *ops)
{
    double best = 0;
    volatile float sink = 0;
    for (int i = 0; i < 5; i++) {
        double flops, started = mmofl_clock_thread_seconds();
        sink = sink + ops->peak(4000000, &flops);
        double rate = flops / (mmofl_clock_thread_seconds() - started) / 1e9;
        best = rate > best ? rate : best;
    }
    return best;
}

static void fetch_sample(void *context, int i, int modality, float *values)
{
    mmofl_dataset_values(context, (size_t)i, modality, values);
}

/* One device's round on the first samples of the data, nothing around it; returns its
 * steps. */
static uint32_t local_round(const mmofl_learner_setup *learner,
                            mmofl_learner_space *space, mmofl_dataset *data,
                            const float *parameters)
{
    mmofl_broadcast broadcast = {.round = 1,
                                 .n_parameters = learner->model->n_parameters,
                                 .parameters = parameters};
    mmofl_buffer_view buffer = {.samples = {.n = learner->buffer,
                                            .mask = data->mask,
                                            .label = data->label,
                                            .fetch = fetch_sample,
                                            .context = data}};
    mmofl_update update = {0};
    return mmofl_learner_round(learner, space, 0, &broadcast, &buffer, NULL, &update)
               ? 0
               : update.report.steps;
}

static mmofl_status measure_local(const mmofl_setup *setup,
                                  const mmofl_simulation *simulation, measurement *m,
                                  mmofl_error *err)
{
    const mmofl_model *model = mmofl_simulation_model(simulation);
    const mmofl_train_spec *train = &setup->experiment->train;
    mmofl_learner_setup learner = {.model = model,
                                   .train = train,
                                   .seed = 1,
                                   .buffer = setup->experiment->stream.buffer};
    mmofl_learner_space *space;
    mmofl_status st = mmofl_learner_space_new(&learner, false, 0, &space);
    if (st)
        return mmofl_fail(err, st, "no memory to measure");
    double best = 0;
    for (int i = 0; i < 5; i++) {
        double started = mmofl_clock_thread_seconds();
        uint32_t steps = 0;
        while (mmofl_clock_thread_seconds() - started < 0.1)
            steps += local_round(&learner, space, setup->data,
                                 mmofl_simulation_parameters(simulation));
        double rate = steps / (mmofl_clock_thread_seconds() - started);
        best = rate > best ? rate : best;
    }
    m->local_steps_per_s = best;
    mmofl_learner_space_delete(space);
    return MMOFL_OK;
}

static mmofl_status measure_rounds(const request *r, const mmofl_setup *setup,
                                   mmofl_simulation *simulation, measurement *m,
                                   mmofl_error *err)
{
    const mmofl_model *model = mmofl_simulation_model(simulation);
    mmofl_round_summary summary;
    mmofl_status st =
        mmofl_simulation_round(simulation, NULL, &summary, err); /* warm */
    double started = mmofl_clock_seconds(), elapsed = 0;
    uint64_t steps = 0, rounds = 0;
    for (; !st && elapsed < r->seconds; elapsed = mmofl_clock_seconds() - started) {
        st = mmofl_simulation_round(simulation, NULL, &summary, err);
        steps += summary.steps;
        rounds++;
    }
    if (st)
        return st;
    double flop = mmofl_model_training_flops(model) * r->batch;
    m->rounds_per_s = (double)rounds / elapsed;
    m->steps_per_s = (double)steps / elapsed;
    m->gflops = m->steps_per_s * flop / 1e9;
    m->loss = summary.train_loss;
    m->threads = mmofl_pool_threads(setup->pool);
    m->isa = model->isa->name;
    m->peak_gflops = measure_peak(model->isa->ops);
    return measure_local(setup, simulation, m, err);
}

static void print(const request *r, const measurement *m, double local_gflops)
{
    double share = m->gflops / (m->peak_gflops * m->threads);
    if (r->json) {
        json_t *root = json_pack(
            "{s:s, s:s, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I, "
            "s:f}",
            "shape", r->shape->name, "isa", m->isa, "batch", r->batch, "devices",
            r->devices, "steps", r->steps, "threads", m->threads, "steps_per_s",
            m->steps_per_s, "rounds_per_s", m->rounds_per_s, "gflops", m->gflops,
            "peak_gflops_per_core", m->peak_gflops, "share_of_peak", share,
            "local_steps_per_s", m->local_steps_per_s, "local_share_of_peak",
            local_gflops / m->peak_gflops, "peak_rss_bytes",
            (json_int_t)mmofl_clock_peak_rss_bytes(), "train_loss", m->loss);
        json_dumpf(root, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(root);
        return;
    }
    printf("%s, batch %d, %d devices, %d steps each, %d thread%s, kernels %s\n"
           "  rounds       %10.2f /s\n"
           "  steps        %10.1f /s   %.1f GFLOP/s, %.0f %% of the peak of %d x %.1f "
           "GFLOP/s\n"
           "  local step   %10.3f ms  %.1f GFLOP/s, %.0f %% of the peak of one core\n"
           "  memory       %10.1f MiB resident at most\n",
           r->shape->name, r->batch, r->devices, r->steps, m->threads,
           m->threads == 1 ? "" : "s", m->isa, m->rounds_per_s, m->steps_per_s,
           m->gflops, 100 * share, m->threads, m->peak_gflops,
           1e3 / m->local_steps_per_s, local_gflops,
           100 * local_gflops / m->peak_gflops,
           (double)mmofl_clock_peak_rss_bytes() / (1 << 20));
}

static mmofl_status bench(const request *r, mmofl_setup *setup, mmofl_error *err)
{
    size_t held = (size_t)r->batch * (size_t)r->steps,
           wanted = held * (size_t)r->devices;
    size_t n = wanted < 4096 ? wanted : (held > 4096 ? held : 4096);
    mmofl_status st = mmofl_bench_shape_data(r->shape, n, &setup->data, err);
    mmofl_simulation *simulation;
    if (!st)
        st = mmofl_setup_simulation(setup, 1, &simulation, err);
    if (st)
        return st;
    const mmofl_model *model = mmofl_simulation_model(simulation);
    measurement m = {0};
    if (model->n_parameters != r->shape->n_parameters)
        st = mmofl_fail(err, MMOFL_E_SHAPE,
                        "shape %s has %zu parameters, the peers have %zu",
                        r->shape->name, model->n_parameters, r->shape->n_parameters);
    if (!st)
        st = measure_rounds(r, setup, simulation, &m, err);
    if (!st)
        print(r, &m,
              m.local_steps_per_s * mmofl_model_training_flops(model) * r->batch / 1e9);
    mmofl_simulation_delete(simulation);
    return st;
}

static int bench_main(int argc, char **argv)
{
    request r = {.shape = mmofl_bench_shape_find("har"),
                 .batch = 32,
                 .devices = 20,
                 .steps = 5,
                 .seconds = 2};
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    mmofl_error err = {0};
    mmofl_experiment x;
    if (mmofl_bench_shape_experiment(r.shape, r.devices, r.batch, r.steps, r.fresh, &x,
                                     &err))
        return mmofl_cli_complain(&err);
    mmofl_setup setup = {.experiment = &x};
    mmofl_status st = mmofl_pool_new(r.threads, &setup.pool);
    if (st)
        mmofl_fail(&err, st, "cannot start %d threads", r.threads);
    else
        st = bench(&r, &setup, &err);
    mmofl_setup_free(&setup);
    mmofl_experiment_free(&x);
    return st ? mmofl_cli_complain(&err) : EXIT_DONE;
}

const mmofl_command mmofl_command_bench = {
    "bench", "measure local steps and whole rounds on this machine", bench_main};
