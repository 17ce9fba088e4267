/* bench_measure.c - the clock around rounds, around one device's round, around tests.
 *
 * Rates of rounds and tests are of wall time, as a user has them.  Local steps and
 * peaks are of CPU time, which other programs on the machine disturb less.  Peaks are
 * measured before and after, and the better one counts: a share of the peak must not
 * look good because the machine was slow for a moment. */
#include <math.h>

#include "base/clock.h"
#include "cli/bench_machine.h"
#include "cli/bench_measure.h"

enum { LOCAL_TRIES = 5 };
static const double local_seconds = 0.05; /* of each try */

static void fetch_sample(void *context, int i, int modality, float *values)
{
    mmofl_dataset_values(context, (size_t)i, modality, values);
}

/* What one device does in a round, nothing around it. */
typedef struct local_bench {
    mmofl_learner_setup learner;
    mmofl_learner_space *space;
    mmofl_broadcast broadcast;
    mmofl_buffer_view buffer; /* the first samples of the data */
} local_bench;

static mmofl_status make_local(const mmofl_setup *setup,
                               const mmofl_simulation *simulation, local_bench *local)
{
    const mmofl_experiment *x = setup->experiment;
    const mmofl_model *model = mmofl_simulation_model(simulation);
    mmofl_dataset *data = setup->data;
    *local = (local_bench){
        .learner = {.model = model,
                    .train = &x->train,
                    .seed = 1,
                    .buffer = x->stream.buffer,
                    .method = &x->method},
        .broadcast = {.round = 1,
                      .n_parameters = model->n_parameters,
                      .parameters = mmofl_simulation_parameters(simulation),
                      .prototypes = mmofl_simulation_prototypes(simulation)},
        .buffer = {.samples = {.n = x->stream.buffer,
                               .mask = data->mask,
                               .label = data->label,
                               .fetch = fetch_sample,
                               .context = data},
                   .fresh = x->stream.fresh}};
    return mmofl_learner_space_new(&local->learner, false, 0, &local->space);
}

/* Best steps per second of a few tries; 0 when the model diverged. */
static double local_rate(local_bench *local)
{
    double best = 0;
    for (int try = 0; try < LOCAL_TRIES; try++) {
        double started = mmofl_clock_thread_seconds(), elapsed = 0;
        uint64_t steps = 0;
        while (elapsed < local_seconds) {
            mmofl_update update = {0};
            if (mmofl_learner_round(&local->learner, local->space, 0, &local->broadcast,
                                    &local->buffer, NULL, &update))
                return 0;
            steps += update.report.steps;
            elapsed = mmofl_clock_thread_seconds() - started;
        }
        best = fmax(best, (double)steps / elapsed);
    }
    return best;
}

static mmofl_status measure_local(const mmofl_setup *setup,
                                  const mmofl_simulation *simulation, double *rate,
                                  mmofl_error *err)
{
    local_bench local;
    mmofl_status st = make_local(setup, simulation, &local);
    if (st)
        return mmofl_fail(err, st, "no memory to measure");
    *rate = local_rate(&local);
    mmofl_learner_space_delete(local.space);
    return MMOFL_OK;
}

static mmofl_status measure_rounds(mmofl_simulation *simulation, double seconds,
                                   mmofl_bench_training *result, mmofl_error *err)
{
    mmofl_round_summary summary;
    mmofl_status st =
        mmofl_simulation_round(simulation, NULL, &summary, err); /* warm */
    double started = mmofl_clock_seconds(), elapsed = 0;
    uint64_t steps = 0, rounds = 0;
    while (!st && elapsed < seconds) {
        st = mmofl_simulation_round(simulation, NULL, &summary, err);
        steps += st ? 0 : summary.steps;
        rounds++;
        elapsed = mmofl_clock_seconds() - started;
    }
    if (st)
        return st;
    result->rounds_per_s = (double)rounds / elapsed;
    result->steps_per_s = (double)steps / elapsed;
    result->bytes_up = (double)summary.bytes_up;
    result->bytes_down = (double)summary.bytes_down;
    result->loss = summary.train_loss;
    return MMOFL_OK;
}

mmofl_status mmofl_bench_measure_training(const mmofl_setup *setup,
                                          mmofl_simulation *simulation, double seconds,
                                          mmofl_bench_training *result,
                                          mmofl_error *err)
{
    const mmofl_model *model = mmofl_simulation_model(simulation);
    const mmofl_ops *ops = model->isa->ops;
    mmofl_pool *one;
    mmofl_status st = mmofl_pool_new(1, &one);
    if (st)
        return mmofl_fail(err, st, "no memory to measure");
    double peak_before = mmofl_bench_peak_gflops(ops, setup->pool);
    double one_before = mmofl_bench_peak_gflops(ops, one);
    st = measure_rounds(simulation, seconds, result, err);
    if (!st)
        st = measure_local(setup, simulation, &result->local_steps_per_s, err);
    double gflop_of_step =
        mmofl_model_training_flops(model) * setup->experiment->train.batch / 1e9;
    result->gflops = result->steps_per_s * gflop_of_step;
    result->peak_gflops = fmax(peak_before, mmofl_bench_peak_gflops(ops, setup->pool));
    result->local_gflops = result->local_steps_per_s * gflop_of_step;
    result->local_peak_gflops = fmax(one_before, mmofl_bench_peak_gflops(ops, one));
    mmofl_pool_delete(one);
    return st;
}

void mmofl_bench_measure_forward(const mmofl_setup *setup, mmofl_simulation *simulation,
                                 double seconds, mmofl_bench_forward *result)
{
    const mmofl_model *model = mmofl_simulation_model(simulation);
    const mmofl_ops *ops = model->isa->ops;
    double peak_before = mmofl_bench_peak_gflops(ops, setup->pool);
    mmofl_evaluation tested = mmofl_simulation_evaluate(simulation); /* warm */
    double started = mmofl_clock_seconds(), elapsed = 0, samples = 0;
    while (elapsed < seconds) {
        tested = mmofl_simulation_evaluate(simulation);
        samples += (double)tested.samples;
        elapsed = mmofl_clock_seconds() - started;
    }
    result->samples_per_s = samples / elapsed;
    result->gflops = result->samples_per_s * mmofl_model_forward_flops(model) / 1e9;
    result->peak_gflops = fmax(peak_before, mmofl_bench_peak_gflops(ops, setup->pool));
    result->loss = tested.loss;
}
