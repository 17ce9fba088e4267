/* regret.h - the best fixed model in hindsight, and what the run lost against it
 * (METHOD.md section 1):
 *
 *   Reg_t = sum_{s<=t} [F_s(Theta^s) - F_s(Theta*)],  Theta* = argmin sum_{s<=T} F_s
 *
 * with F_s as sim/hindsight.h defines it, and one Theta*, of all T rounds, for the
 * whole curve.  The search is L-BFGS on all that was seen.  For a convex model it ends
 * within the tolerance of the minimum; for others the best of several starts is an
 * upper bound of the minimum, and the regret so a lower bound. */
#ifndef MMOFL_RUN_REGRET_H
#define MMOFL_RUN_REGRET_H

#include "config/experiment.h"
#include "sim/hindsight.h"

/** What the search came to. */
typedef struct mmofl_comparator {
    double loss;          /* sum_t F_t(Theta*) */
    double gradient_norm; /* of the mean over rounds, at Theta* */
    int start;            /* the one that led there, counted from 0 */
    int iterations;       /* of that search */
    bool converged;       /* it met the tolerance */
} mmofl_comparator;

/** Search from `first` (n_parameters; NULL: the run's initial model) and from
 * spec->starts - 1 fresh models, drawn as the initial ones of seeds seed + 1, ...
 * @param[out] parameters  Theta* (n_parameters)
 * @retval MMOFL_E_MEMORY
 * @retval MMOFL_E_NONFINITE  no start has a finite loss */
MMOFL_CHECKED mmofl_status mmofl_comparator_find(
    mmofl_hindsight *hindsight, const mmofl_model *model, uint64_t seed,
    const float *first, const mmofl_analysis_spec *spec, float *parameters,
    mmofl_comparator *found, mmofl_error *err);

/** regret[t - 1] = Reg_t from online[t - 1] = F_t(Theta^t) and F_t of the comparator;
 * rounds where nothing arrived (NaN) add nothing. */
void mmofl_regret_curve(const double *online, const double *fixed, int T,
                        double *regret);

#endif
