/* rules.h - every aggregation rule by name, for the table in aggregation.c. */
#ifndef MMOFL_FED_RULES_RULES_H
#define MMOFL_FED_RULES_RULES_H

#include "fed/aggregation.h"

#define MMOFL_RULE_LIST(X)                                                             \
    X(fedavg)                                                                          \
    X(fedprox)                                                                         \
    X(fedavgm)                                                                         \
    X(fedadam)                                                                         \
    X(fedyogi)                                                                         \
    X(fednova)                                                                         \
    X(scaffold)                                                                        \
    X(median)                                                                          \
    X(trimmed_mean)                                                                    \
    X(krum)

#define MMOFL_RULE_DECLARE(name) extern const mmofl_aggregation_kind mmofl_rule_##name;
MMOFL_RULE_LIST(MMOFL_RULE_DECLARE)
#undef MMOFL_RULE_DECLARE

#define MMOFL_RULE_COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

#endif
