/* growth.h - how fast a curve grows: the exponent p of y_t ~ c t^p.
 *
 * p is the slope of log y on log t by least squares over the second half of the rounds,
 * where the first rounds' transient is over.  A cumulative curve's residuals hang
 * together, so the usual interval of a slope would be far too narrow: ours is the 95 %
 * percentile interval of a moving-block bootstrap of the residuals (Kuensch 1989) with
 * blocks of ceil(sqrt(n)) rounds, 1000 draws. */
#ifndef MMOFL_RUN_GROWTH_H
#define MMOFL_RUN_GROWTH_H

#include "mmofl/status.h"

typedef struct mmofl_growth {
    bool fitted;      /* false: fewer than 8 rounds with y > 0 in the second half */
    int rounds;       /* that were used */
    double exponent;  /* p */
    double low, high; /* its 95 % interval */
} mmofl_growth;

/** Fit y[t - 1], t = 1 ... T; values that are not positive and finite are left out.
 * The bootstrap's draws follow from seed.  @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_growth_fit(const double *y, int T, uint64_t seed,
                                            mmofl_growth *growth);

#endif
