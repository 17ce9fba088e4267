/* fedavgm.c - heavy-ball momentum at the coordinator: v = momentum v + Delta, x += lr
 * v. Momentum 0 and lr 1 is fedavg: x + (mean - x) is the mean, in double precision. */
#include "fed/rules/rules.h"
#include "fed/server_step.h"

typedef struct fedavgm_options {
    mmofl_mean_options mean;
    double momentum, lr;
} fedavgm_options;

static const mmofl_option options[] = {
    MMOFL_MEAN_OPTION,
    MMOFL_REAL_OPTION(fedavgm_options, momentum, 0, 0.9999, "0.9",
                      "of the coordinator's steps"),
    MMOFL_REAL_OPTION(fedavgm_options, lr, MMOFL_POSITIVE, 100, "1",
                      "step size of the coordinator"),
};

static void *make(const mmofl_aggregation_setup *setup)
{
    return mmofl_server_step_make(setup, false);
}

static void step(const void *of_rule, const mmofl_server_span *s)
{
    const fedavgm_options *o = of_rule;
    for (size_t i = 0; i < s->n; i++) {
        double delta = (double)s->average[i] - (double)s->x[i];
        double v = o->momentum * (double)s->first[i] + delta;
        s->first[i] = (float)v;
        s->x[i] = (float)((double)s->x[i] + o->lr * v);
    }
}

static void finish(void *state, float *parameters)
{
    mmofl_server_step_finish(state, parameters, step);
}

static int arrays(void *state, mmofl_state_array *array, int max)
{
    mmofl_server_step *s = state;
    if (max < 1)
        return 0;
    array[0] =
        (mmofl_state_array){"state.fedavgm.velocity", MMOFL_STATE_F32, s->n, s->first};
    return 1;
}

const mmofl_aggregation_kind mmofl_rule_fedavgm = {
    .kind = {.name = "fedavgm",
             .help = "fedavg with momentum at the coordinator",
             .source = "Hsu, Qi and Brown 2019, arXiv 1909.06335",
             .options = options,
             .n_options = MMOFL_RULE_COUNT_OF(options),
             .options_size = sizeof(fedavgm_options)},
    .make = make,
    .begin = mmofl_server_step_begin,
    .add = mmofl_server_step_add,
    .merge = mmofl_server_step_merge,
    .sums = mmofl_server_step_sums,
    .finish = finish,
    .arrays = arrays,
};
