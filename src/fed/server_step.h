/* server_step.h - rules that treat the mean update as a gradient of the coordinator's
 * own optimiser (Reddi et al. 2021, arXiv 2003.00295, Algorithm 2):
 *
 *   Delta = mean of the devices' models - Theta^t,   Theta^(t+1) = Theta^t +
 * step(Delta)
 *
 * A piece that nobody contributes to keeps its parameters and its moments. */
#ifndef MMOFL_FED_SERVER_STEP_H
#define MMOFL_FED_SERVER_STEP_H

#include "fed/mean.h"

typedef struct mmofl_server_step {
    mmofl_mean mean;
    size_t n;
    const void *options;   /* of the rule; they begin with a mmofl_mean_options */
    float *average;        /* (n) scratch */
    float *first, *second; /* (n) moments of Delta; second may be NULL */
} mmofl_server_step;

/** A stretch of parameters that is to move. */
typedef struct mmofl_server_span {
    size_t n;
    float *x;              /* Theta^t, to become Theta^(t+1) */
    const float *average;  /* of the devices */
    float *first, *second; /* moments; second may be NULL */
} mmofl_server_span;

/** State for a rule, moments zero, or NULL when memory is short. */
mmofl_server_step *mmofl_server_step_make(const mmofl_aggregation_setup *setup,
                                          bool has_second);

/** begin, add, merge and sums of such a rule. */
void mmofl_server_step_begin(void *state, const float *parameters);
mmofl_status mmofl_server_step_add(void *state, const mmofl_update *update);
mmofl_status mmofl_server_step_merge(void *state, const mmofl_ranks *ranks);
void mmofl_server_step_sums(void *state, mmofl_sums *sums);

/** Let `step` move each piece that has a mean. */
void mmofl_server_step_finish(mmofl_server_step *s, float *parameters,
                              void (*step)(const void *options,
                                           const mmofl_server_span *span));

#endif
