/* analyze.h - the regret of a finished seed, and its bound where there is one, worked
 * out anew from the experiment and kept in its run folder.
 *
 * Measures of each round in the run store (those of before are replaced):
 *   regret            Reg_t (run/regret.h), on the data as the devices saw them
 *   fixed_loss        F_t(Theta*)
 *   regret_complete, regret_bound   both sides of the bound (run/bound.h)
 * and DIR/seed-<s>/analysis.json: the sums, the growth exponent, the bound's constants.
 */
#ifndef MMOFL_RUN_ANALYZE_H
#define MMOFL_RUN_ANALYZE_H

#include "run/bound.h"
#include "run/growth.h"
#include "run/setup.h"
#include "store/run_folder.h"

typedef struct mmofl_regret_report {
    uint64_t seed;
    int rounds;    /* T */
    double online; /* sum_t F_t(Theta^t) */
    double regret; /* Reg_T */
    mmofl_comparator comparator;
    mmofl_growth growth;
    bool convex;        /* else the regret is a lower bound */
    const char *excuse; /* why there is no bound; NULL: there is one */
    mmofl_bound bound;
} mmofl_regret_report;

/** Analyse the run number `run` of the store, of which all rounds are there.
 * @param[in] last  the run's last model: the search begins with it; NULL: with the
 *                  initial one
 * @retval MMOFL_E_STATE    the store lacks rounds
 * @retval MMOFL_E_MISSING  nothing ever arrived
 * and those of the store, of mmofl_simulation_new, mmofl_comparator_find and
 * mmofl_bound_measure.
 * Cost: one training pass over everything seen for each step of the search. */
MMOFL_CHECKED mmofl_status mmofl_analyze_seed(const mmofl_setup *setup,
                                              mmofl_run_folder *folder, int64_t run,
                                              uint64_t seed, const float *last,
                                              mmofl_regret_report *report,
                                              mmofl_error *err);

/** The same for a seed that is done, with its model from the folder; measures.csv is
 * written anew.
 * @retval MMOFL_E_STATE  the seed is not done, or config.yaml is another */
MMOFL_CHECKED mmofl_status mmofl_analyze_done(const mmofl_setup *setup,
                                              mmofl_run_folder *folder, uint64_t seed,
                                              mmofl_regret_report *report,
                                              mmofl_error *err);

#endif
