/* adaptive.h - what FedAdam and FedYogi share: all but the second moment's rule.
 *
 *   m = beta1 m + (1 - beta1) Delta,   x += lr m / (sqrt(v) + tau)
 *
 * As in Algorithm 2 of Reddi et al. 2021 there is no bias correction, and v starts at
 * tau^2 (they ask for at least that). */
#ifndef MMOFL_FED_RULES_ADAPTIVE_H
#define MMOFL_FED_RULES_ADAPTIVE_H

#include <math.h>

#include "fed/rules/rules.h"
#include "fed/server_step.h"

typedef struct mmofl_adaptive_options {
    mmofl_mean_options mean;
    double lr, beta1, beta2, tau;
} mmofl_adaptive_options;

/** Their table has MMOFL_ADAPTIVE_OPTIONS rows. */
enum { MMOFL_ADAPTIVE_OPTIONS = 5 };
extern const mmofl_option mmofl_adaptive_options_table[MMOFL_ADAPTIVE_OPTIONS];

void *mmofl_adaptive_make(const mmofl_aggregation_setup *setup);

/** One step with v' = second(v, Delta^2, beta2). */
void mmofl_adaptive_step(const mmofl_adaptive_options *options,
                         const mmofl_server_span *span,
                         double (*second)(double v, double square, double beta2));

/** Both moments, under these names. */
int mmofl_adaptive_arrays(void *state, const char *first, const char *second,
                          mmofl_state_array *array, int max);

#endif
