/* lbfgs.h - the minimum of a smooth function of many variables: limited-memory BFGS
 * (Liu and Nocedal 1989) with a bisecting weak-Wolfe line search (Lewis and Overton
 * 2013).  Deterministic: no randomness, no clock. */
#ifndef MMOFL_RUN_LBFGS_H
#define MMOFL_RUN_LBFGS_H

#include "mmofl/status.h"

typedef struct mmofl_objective {
    size_t n;
    /** The value at x (n), and its gradient in g (n). */
    double (*value)(void *context, const double *x, double *g);
    void *context;
} mmofl_objective;

typedef struct mmofl_lbfgs_result {
    double value, gradient_norm; /* at the x found */
    int iterations;              /* steps taken */
    int evaluations;
    bool converged; /* the gradient's norm is within the tolerance */
} mmofl_lbfgs_result;

/** Go down from x (in: start, out: the best point found) until the gradient's norm is
 * at most tolerance, after `iterations` steps, or where no step goes down any more (as
 * at the precision of the function).  Never ends higher than it began.
 * @retval MMOFL_E_MEMORY
 * @retval MMOFL_E_NONFINITE  value or gradient at the start are not finite
 * Cost: one or a few evaluations a step; 24 vectors of memory. */
MMOFL_CHECKED mmofl_status mmofl_lbfgs(const mmofl_objective *objective, int iterations,
                                       double tolerance, double *x,
                                       mmofl_lbfgs_result *result);

#endif
