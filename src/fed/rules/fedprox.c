/* fedprox.c - FedAvg whose devices are held near the model they received: each adds
 * (mu/2) ||w - received||^2 to its loss, so mu (w - received) to its gradient.  The
 * term is clipped together with the gradient. */
#include "fed/mean.h"
#include "fed/rules/rules.h"

typedef struct fedprox_options {
    mmofl_mean_options mean;
    double mu;
} fedprox_options;

static const mmofl_option options[] = {
    MMOFL_MEAN_OPTION,
    MMOFL_REAL_OPTION(fedprox_options, mu, 0, 1000, "0.01",
                      "pull towards the received model; 0 is fedavg"),
};

static void adjust(const void *of_rule, const mmofl_local_round *round, const float *w,
                   float *g)
{
    float mu = (float)((const fedprox_options *)of_rule)->mu;
    if (mu > 0) /* adding zero would still turn -0 into 0 */
        for (size_t i = 0; i < round->n; i++)
            g[i] += mu * (w[i] - round->received[i]);
}

static const mmofl_local_kind local = {.adjust = adjust};

const mmofl_aggregation_kind mmofl_rule_fedprox = {
    .kind = {.name = "fedprox",
             .help = "fedavg with a pull towards the received model in each step",
             .source = "Li et al. 2020, arXiv 1812.06127",
             .options = options,
             .n_options = MMOFL_RULE_COUNT_OF(options),
             .options_size = sizeof(fedprox_options)},
    .local = &local,
    .make = mmofl_mean_rule_make,
    .begin = mmofl_mean_rule_begin,
    .add = mmofl_mean_rule_add,
    .merge = mmofl_mean_rule_merge,
    .sums = mmofl_mean_rule_sums,
    .finish = mmofl_mean_rule_finish,
};
