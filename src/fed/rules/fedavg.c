/* fedavg.c - the mean of the devices' models, equal weights or by samples held. */
#include "fed/mean.h"
#include "fed/rules/rules.h"

static const mmofl_option options[] = {MMOFL_MEAN_OPTION};

const mmofl_aggregation_kind mmofl_rule_fedavg = {
    .kind = {.name = "fedavg",
             .help = "mean of the devices' models",
             .source = "McMahan et al. 2017; uniform: PMM, arXiv 2505.16138",
             .options = options,
             .n_options = MMOFL_RULE_COUNT_OF(options),
             .options_size = sizeof(mmofl_mean_options)},
    .make = mmofl_mean_rule_make,
    .begin = mmofl_mean_rule_begin,
    .add = mmofl_mean_rule_add,
    .merge = mmofl_mean_rule_merge,
    .sums = mmofl_mean_rule_sums,
    .finish = mmofl_mean_rule_finish,
};
