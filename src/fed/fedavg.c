/* fedavg.c - the mean of the devices' models, equal weights or by samples held. */
#include "fed/aggregation.h"
#include "fed/fixed_sum.h"

typedef struct fedavg_options {
    int weights;
} fedavg_options;

enum { WEIGHTS_UNIFORM, WEIGHTS_SAMPLES };

static const mmofl_option options[] = {
    MMOFL_CHOICE_OPTION(fedavg_options, weights, "uniform|samples", "uniform",
                        "equal weights, or by the samples a device holds"),
};

typedef struct fedavg {
    mmofl_fixed_sum sum;
    int weights;
} fedavg;

static void *make(const void *opts, size_t n, mmofl_arena *arena)
{
    fedavg *state = MMOFL_ARENA_NEW(arena, 1, fedavg);
    if (!state || mmofl_fixed_sum_init(&state->sum, n, arena) != MMOFL_OK)
        return NULL;
    state->weights = ((const fedavg_options *)opts)->weights;
    return state;
}

static void begin(void *state)
{
    mmofl_fixed_sum_clear(&((fedavg *)state)->sum);
}

static mmofl_status add(void *state, const mmofl_update *update)
{
    fedavg *s = state;
    uint32_t weight = s->weights == WEIGHTS_SAMPLES ? update->samples : 1;
    return mmofl_fixed_sum_add(&s->sum, update->parameters, weight);
}

static void finish(void *state, float *parameters)
{
    const fedavg *s = state;
    if (s->sum.weight > 0)
        mmofl_fixed_sum_mean(&s->sum, parameters);
}

const mmofl_aggregation_kind mmofl_fedavg = {
    .kind = {.name = "fedavg",
             .help = "mean of the devices' models",
             .source = "McMahan et al. 2017; uniform: PMM, arXiv 2505.16138",
             .options = options,
             .n_options = 1,
             .options_size = sizeof(fedavg_options)},
    .make = make,
    .begin = begin,
    .add = add,
    .finish = finish,
};
