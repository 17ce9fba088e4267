/* fedyogi.c - Yogi at the coordinator: v -= (1 - beta2) Delta^2 sign(v - Delta^2),
 * which moves v by no more than the square itself.  v stays above zero: where it falls,
 * Delta^2 < v. */
#include "fed/rules/adaptive.h"

static double second(double v, double square, double beta2)
{
    double sign = v > square ? 1 : v < square ? -1 : 0;
    return v - (1 - beta2) * square * sign;
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
    return mmofl_adaptive_arrays(state, "state.fedyogi.first", "state.fedyogi.second",
                                 array, max);
}

const mmofl_aggregation_kind mmofl_rule_fedyogi = {
    .kind = {.name = "fedyogi",
             .help = "Yogi at the coordinator on the mean update",
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
