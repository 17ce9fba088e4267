/* local_rule.h - what devices do for an aggregation rule: a term on the gradient of
 * each step (FedProx, SCAFFOLD), numbers of their own that they keep between rounds,
 * and numbers that travel beside the model (SCAFFOLD's control variates).
 *
 * All arrays have n numbers, one for each parameter of the model.  A rule's functions
 * are called from many threads at once, each on a device of its own. */
#ifndef MMOFL_LEARN_LOCAL_RULE_H
#define MMOFL_LEARN_LOCAL_RULE_H

#include "mmofl/status.h"

/** A device's round, as a rule sees it. */
typedef struct mmofl_local_round {
    uint64_t device;
    size_t n;
    const float *received; /* the model the round began with */
    const float *down;     /* numbers of the rule that came with it; NULL: none */
    float *kept;           /* the device's own, zero at first; NULL: none */
    float *up;             /* those to be sent with the update; NULL: none */
    double lr, momentum;   /* of the optimiser in this round */
    uint32_t steps;        /* taken so far */
} mmofl_local_round;

/** The device's side of a rule; NULL functions are not called. */
typedef struct mmofl_local_kind {
    const char *kept; /* name in checkpoints of what devices keep; NULL: nothing */
    bool down, up;    /* numbers travel with the model, with the update */
    /** Change gradient g at parameters w, before clipping and the optimiser's step. */
    void (*adjust)(const void *options, const mmofl_local_round *round, const float *w,
                   float *g);
    /** The last step is done, at parameters w: fill in up, go on with kept. */
    void (*end)(const void *options, const mmofl_local_round *round, const float *w);
} mmofl_local_kind;

/** A device's side at work; read-only. */
typedef struct mmofl_local_rule {
    const mmofl_local_kind *kind;
    const void *options; /* of the aggregation rule */
} mmofl_local_rule;

/** How many plain gradient steps a round is worth.  Step j of `steps` moves the model,
 * through the velocity that starts at zero, by lr (1 + momentum + ... +
 * momentum^(steps-j)) times its gradient; this is the sum of these factors (Wang et al.
 * 2020, |a_i|_1): `steps` itself without momentum.  momentum in [0, 1). */
double mmofl_local_steps(uint32_t steps, double momentum);

#endif
