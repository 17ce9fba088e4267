/* model_profile.c - the clock around layers.
 *
 * A step is what a device does for a mini-batch: gradient, then the optimiser's step,
 * here of size 0.  The gradient is made twice: once with an eye on the layers, and once
 * without, whose time is that of the step.  Times are medians over all steps, so that
 * what other programs do in between does not count, less that of a look at the clock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/bench_machine.h"
#include "cli/model_profile.h"
#include "nn/optimizer.h"

enum { WARM_STEPS = 3, MOST_STEPS = 4000 };

typedef struct profile {
    const mmofl_train_spec *train;
    const mmofl_model *model;
    mmofl_arena arena;
    mmofl_workspace *ws;
    mmofl_batch batch;
    float *parameters, *velocity;
    mmofl_gradient gradient;
    /* Of each step: times of all layers, of all of them with what is around them, and
     * of the optimiser; then the medians, in step 0. */
    int steps, columns;
    double *times; /* (MOST_STEPS, columns) */
    double peak_gflops;
} profile;

enum { PASS, STEP, MORE_COLUMNS }; /* behind those of layers */

static double *column(const profile *p, int step, int which)
{
    return p->times + (size_t)step * (size_t)p->columns +
           (size_t)(p->model->n_layers * MMOFL_PHASES + which);
}

static void fetch(void *context, int i, int modality, float *values)
{
    mmofl_dataset_values(context, (size_t)i, modality, values);
}

static mmofl_status make(const mmofl_setup *setup, profile *p)
{
    const mmofl_train_spec *train = p->train;
    mmofl_dataset *data = setup->data;
    size_t n = p->model->n_parameters,
           held = data->n_train < data->n_samples ? data->n_train : data->n_samples;
    p->batch =
        (mmofl_batch){.n = (size_t)train->batch < held ? train->batch : (int)held,
                      .mask = data->mask,
                      .label = data->label,
                      .fetch = fetch,
                      .context = data};
    p->columns = p->model->n_layers * MMOFL_PHASES + MORE_COLUMNS;
    p->times =
        MMOFL_ARENA_NEW(&p->arena, (size_t)MOST_STEPS * (size_t)p->columns, double);
    p->parameters = MMOFL_ARENA_NEW(&p->arena, n, float);
    p->velocity = MMOFL_ARENA_NEW(&p->arena, n, float);
    if (!p->times || !p->parameters || !p->velocity ||
        mmofl_gradient_init(&p->gradient, p->model, &p->arena))
        return MMOFL_E_MEMORY;
    mmofl_model_init(p->model, 1, p->parameters);
    return mmofl_workspace_new(p->model, mmofl_model_piece(p->model, p->batch.n), true,
                               0, &p->ws);
}

static void run_step(profile *p, int step)
{
    double *times = p->times + (size_t)step * (size_t)p->columns;
    mmofl_rng dropout = mmofl_rng_open(1, 0, 1, MMOFL_USE_DROPOUT);
    memset(times, 0, sizeof *times * (size_t)p->columns);
    /* An array of structs of doubles: the same as so many doubles. */
    mmofl_workspace_watch(p->ws, p->model, (mmofl_layer_time *)(void *)times);
    mmofl_gradient_pass(&p->gradient, p->model, p->ws, p->parameters, &p->batch,
                        &dropout);
    mmofl_workspace_watch(p->ws, p->model, NULL);
    double start = mmofl_clock_thread_seconds();
    mmofl_gradient_pass(&p->gradient, p->model, p->ws, p->parameters, &p->batch,
                        &dropout);
    double passed = mmofl_clock_thread_seconds();
    mmofl_optimizer_step(p->train, p->model->isa->ops, 0, p->parameters, p->velocity,
                         &p->gradient);
    *column(p, step, PASS) = passed - start;
    *column(p, step, STEP) = mmofl_clock_thread_seconds() - passed;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return values[n / 2];
}

/* What two looks at the clock are apart with nothing in between. */
static double time_of_looking(double *room)
{
    for (int i = 0; i < MOST_STEPS; i++) {
        double start = mmofl_clock_thread_seconds();
        room[i] = mmofl_clock_thread_seconds() - start;
    }
    return median(room, MOST_STEPS);
}

static void take_medians(profile *p)
{
    static double sorted[MOST_STEPS];
    double looking = time_of_looking(sorted);
    int pieces = (p->batch.n - 1) / mmofl_model_piece(p->model, p->batch.n) + 1;
    for (int c = 0; c < p->columns; c++) {
        for (int s = 0; s < p->steps; s++)
            sorted[s] = p->times[(size_t)s * (size_t)p->columns + (size_t)c];
        bool once =
            c >= p->model->n_layers * MMOFL_PHASES || c % MMOFL_PHASES == MMOFL_PREPARE;
        double time = median(sorted, p->steps) - looking * (once ? 1 : pieces);
        p->times[c] = time > 0 ? time : 0;
    }
}

static mmofl_status measure(profile *p, double seconds)
{
    mmofl_pool *one;
    mmofl_status st = mmofl_pool_new(1, &one);
    if (st)
        return st;
    p->peak_gflops = mmofl_bench_peak_gflops(p->model->isa->ops, one);
    mmofl_pool_delete(one);
    for (int i = 0; i < WARM_STEPS; i++)
        run_step(p, 0);
    double start = mmofl_clock_seconds();
    while (p->steps < MOST_STEPS &&
           (p->steps == 0 || mmofl_clock_seconds() - start < seconds))
        run_step(p, p->steps++);
    take_medians(p);
    return MMOFL_OK;
}

/* ---------------------------------------------------------------- the table */

static double whole_step(const profile *p)
{
    return *column(p, 0, PASS) + *column(p, 0, STEP);
}

/* One row; flops: 0 where there are none to speak of. */
static void print_row(const profile *p, const char *name, const char *output,
                      const double seconds[MMOFL_PHASES], double flops)
{
    double sum = 0;
    for (int i = 0; i < MMOFL_PHASES; i++)
        sum += seconds[i];
    printf("  %-19s %-11s %10.1f %10.1f %11.1f %6.1f %%", name, output,
           seconds[MMOFL_PREPARE] * 1e6, seconds[MMOFL_FORWARD] * 1e6,
           seconds[MMOFL_BACKWARD] * 1e6, 100 * sum / whole_step(p));
    if (flops > 0 && sum > 0)
        printf(" %9.2f %5.0f %%", flops / sum / 1e9,
               100 * flops / sum / 1e9 / p->peak_gflops);
    printf("\n");
}

/* samples: how many of the batch go through the chain. */
static double print_chain(const profile *p, const char *title, const mmofl_chain *chain,
                          int samples)
{
    double all = 0;
    printf("%s, %d sample%s\n", title, samples, samples == 1 ? "" : "s");
    for (int i = 0; i < chain->n; i++) {
        const mmofl_layer *layer = &chain->layer[i];
        const double *seconds = p->times + layer->number * MMOFL_PHASES;
        double flops = layer->flops + mmofl_chain_backward_flops(chain, i);
        char name[32], out[64];
        snprintf(name, sizeof name, "%2d  %s", i, layer->kind->kind.name);
        mmofl_shape_text(layer->out, out, sizeof out);
        print_row(p, name, out, seconds, layer->n_parameters ? flops * samples : 0);
        for (int k = 0; k < MMOFL_PHASES; k++)
            all += seconds[k];
    }
    return all;
}

static int samples_of(const profile *p, const mmofl_encoder *encoder)
{
    int samples = 0;
    for (int i = 0; i < p->batch.n; i++)
        samples += (p->batch.mask[i] >> encoder->modality & 1) == 1;
    return samples;
}

static void print(const profile *p)
{
    double layers = 0;
    printf("  %-19s %-11s %10s %10s %11s %8s %9s %7s\n", "layer", "output",
           "prepare us", "forward us", "backward us", "share", "GFLOP/s", "of peak");
    for (int e = 0; e < p->model->n_encoders; e++)
        layers += print_chain(p, p->model->encoder[e].name, &p->model->encoder[e].chain,
                              samples_of(p, &p->model->encoder[e]));
    layers += print_chain(p, "head", &p->model->head, p->batch.n);
    double around = *column(p, 0, PASS) - layers;
    printf("beside layers\n");
    print_row(p, "samples, loss", "",
              (double[MMOFL_PHASES]){[MMOFL_FORWARD] = around > 0 ? around : 0}, 0);
    print_row(p, "optimiser", "",
              (double[MMOFL_PHASES]){[MMOFL_BACKWARD] = *column(p, 0, STEP)}, 0);
    printf("\na step of %d sample%s: %.1f us on one thread, kernels %s; median of %d; "
           "peak %.1f GFLOP/s\n",
           p->batch.n, p->batch.n == 1 ? "" : "s", whole_step(p) * 1e6,
           p->model->isa->name, p->steps, p->peak_gflops);
}

mmofl_status mmofl_cli_model_profile(const mmofl_setup *setup, double seconds,
                                     mmofl_error *err)
{
    mmofl_model *model;
    mmofl_status st = mmofl_setup_model(setup, &model, err);
    if (st)
        return st;
    profile p = {.train = &setup->experiment->train, .model = model};
    st = make(setup, &p);
    if (!st)
        st = measure(&p, seconds);
    if (!st)
        print(&p);
    mmofl_workspace_delete(p.ws);
    mmofl_arena_free(&p.arena);
    mmofl_model_delete(model);
    return st ? mmofl_fail(err, st, "no memory to train the model") : MMOFL_OK;
}
