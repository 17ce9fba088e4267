/* fedadam.c - Adam at the coordinator: v = beta2 v + (1 - beta2) Delta^2. */
#include "fed/rules/adaptive.h"

static double second(double v, double square, double beta2)
{
    return beta2 * v + (1 - beta2) * square;
}

static void step(const void *of_rule, const mmofl_server_span *span)
{
    mmofl_adaptive_step(of_rule, span, second);
}

static void finish(void *state, float *parameters)
{
    mmofl_server_step_finish(state, parameters, step);
}

static int arrays(void *state, mmofl_state_array *array, int max)
{
    return mmofl_adaptive_arrays(state, "state.fedadam.first", "state.fedadam.second",
                                 array, max);
}

const mmofl_aggregation_kind mmofl_rule_fedadam = {
    .kind = {.name = "fedadam",
             .help = "Adam at the coordinator on the mean update",
             .source = "Reddi et al. 2021, Algorithm 2; default lr: our choice",
             .options = mmofl_adaptive_options_table,
             .n_options = MMOFL_ADAPTIVE_OPTIONS,
             .options_size = sizeof(mmofl_adaptive_options)},
    .make = mmofl_adaptive_make,
    .begin = mmofl_server_step_begin,
    .add = mmofl_server_step_add,
    .merge = mmofl_server_step_merge,
    .sums = mmofl_server_step_sums,
    .finish = finish,
    .arrays = arrays,
};
