/* missing_pattern.h - how the missing rate of a modality goes with time (METHOD.md
 * section 2, "time pattern").
 *
 * Time is counted in units: a device's arrivals, or rounds, as the granularity says.
 * All patterns are one chain.  In each unit, with probability `renew`, the sensor is
 * drawn anew: lost with probability `rate`; else it stays as it was.  So the share lost
 * is `rate` whatever `renew` is, and a burst of losses ends in each unit with
 * probability renew * (1 - rate).  Independent units are renewed every time. */
#ifndef MMOFL_DATA_MISSING_PATTERN_H
#define MMOFL_DATA_MISSING_PATTERN_H

#include "base/arena.h"
#include "base/option.h"

/** independent  each unit for itself
 *  burst        two-state Markov chain: losses last `length` units in the mean, and the
 *               share lost is the missing rate
 *  ramp         independent, the rate going in a straight line over rounds
 *  schedule     independent, the rate set anew in rounds of a list */
mmofl_kind_list mmofl_missing_pattern_kinds(void);

/** A pattern with its rate, ready for use. */
typedef struct mmofl_missing_pattern {
    double rate; /* where the pattern does not say another */
    const mmofl_pick *pick;
    int n_steps; /* schedule */
    const struct mmofl_rate_step *steps;
} mmofl_missing_pattern;

/** What holds in one unit. */
typedef struct mmofl_missing_chance {
    double rate, renew; /* renew > 0 */
} mmofl_missing_chance;

/** Prepare a pattern in the arena; pick is borrowed.
 * @retval MMOFL_E_RANGE   a burst that independent losses would outlast, a ramp that
 *                         ends before it begins, a rate or round of a schedule
 * @retval MMOFL_E_SYNTAX  a schedule that is no list of round:rate
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_missing_pattern_make(double rate,
                                                      const mmofl_pick *pick,
                                                      mmofl_arena *arena,
                                                      mmofl_missing_pattern *out,
                                                      mmofl_error *err);

/** Does nothing happen in time, so that it fits what is drawn only once? */
bool mmofl_missing_pattern_is_timeless(const mmofl_missing_pattern *pattern);

/** The chance of round t = 1, 2, ...  Cost: O(1); O(steps) for a schedule. */
mmofl_missing_chance mmofl_missing_pattern_at(const mmofl_missing_pattern *pattern,
                                              uint64_t round);

#endif
