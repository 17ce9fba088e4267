/* bound.h - the regret bounds of METHOD.md section 3, with every constant measured, for
 * the fleets that they are about (docs/theory.md has the proof):
 *
 *   sum_{s<=t} [F_s(Theta^s) - F_s(Theta*)]
 *       <= D0^2/(2 eta E) + eta t [E H^2/2 + (E-1) G H] + R sum_{s<=t} epsilon_s
 *
 * F_s is the loss on the complete, clean data of round s, over all of which each device
 * takes E full steps.  Any Theta* will do; ours is the best one in hindsight.
 *
 *   eta  step size             E    steps of a device in a round
 *   G    Lipschitz constant    sqrt(2) * the largest mean |(z, 1)| of a device and
 * round: of the mean cross-entropy of a linear head on features z H    longest step
 * direction h that was used D0   |Theta^1 - Theta*|    R    largest |Theta^t - Theta*|,
 * t <= T epsilon_t  mean |h - g| over devices and steps (sim/analysis.h)
 *
 * When nothing is missing or disturbed H <= G, epsilon = 0, and
 * D0^2/(2 eta E) + eta t G^2 (3E - 2)/2 is the bound of complete data. */
#ifndef MMOFL_RUN_BOUND_H
#define MMOFL_RUN_BOUND_H

#include "config/experiment.h"
#include "run/regret.h"

/** Is the loss convex in the parameters: encoders without any, and a head of one linear
 * layer? */
bool mmofl_model_is_convex(const mmofl_model *model);

/** Why the bound is not about such a fleet, as a text to print; NULL: it is.  fleet is
 * made of setup. */
const char *mmofl_bound_excuse(const mmofl_simulation_setup *setup,
                               const mmofl_simulation *fleet);

typedef struct mmofl_bound {
    int T, E;
    double eta, G, H, D0, R;
    double error_sum;      /* sum_t epsilon_t */
    bool complete;         /* no error in any round: the bound of complete data, too */
    double regret;         /* after T rounds, on complete and clean data */
    double limit;          /* the bound after T rounds */
    double complete_limit; /* that of complete data; only if complete */
    bool holds;            /* after each of the T rounds */
    mmofl_comparator comparator;
} mmofl_bound;

/** Run the fleet once more, from its beginning, and measure.  Only where there is no
 * excuse (asserted).
 * @param[out] regret, limit  (T) each, by round; NULL: not wanted
 * Statuses of mmofl_simulation_new, _round and mmofl_comparator_find. */
MMOFL_CHECKED mmofl_status mmofl_bound_measure(const mmofl_simulation_setup *setup,
                                               int rounds,
                                               const mmofl_analysis_spec *spec,
                                               mmofl_bound *bound, double *regret,
                                               double *limit, mmofl_error *err);

#endif
