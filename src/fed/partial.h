/* partial.h - what a coordinator has accepted, for another one that has not.
 *
 * A shard is a coordinator of some of the devices, the root one of shards.  Both open
 * the same round; devices answer to their shards, which hand over sums, and the root
 * goes on as if it had accepted each update itself: sums are integers, and reports
 * stand by device.  Only rules that add up can do so; those that compare models
 * (median, trimmed_mean, krum) need them all in one place. */
#ifndef MMOFL_FED_PARTIAL_H
#define MMOFL_FED_PARTIAL_H

#include "fed/coordinator.h"
#include "fed/fixed_sum.h"

/** The updates of some devices in one round; borrowed. */
typedef struct mmofl_partial {
    uint64_t round;
    uint64_t first, devices; /* numbers first ... first + devices - 1 */
    uint32_t n;              /* participants of them whose update is in the sums */
    const uint32_t *device;  /* (n) rising */
    const mmofl_device_report *report; /* (n) */
    uint64_t late;                     /* updates of earlier rounds in the sums */
    int n_sums;
    const mmofl_sum_part *sum; /* (n_sums) the prototypes' if there are any, then the
                                * rule's (mmofl_aggregation_kind.sums) */
    size_t n_counts;
    const uint64_t *count; /* (n_counts) (M, K) of the prototypes, then the rule's */
} mmofl_partial;

/** How much there is in it. */
typedef struct mmofl_partial_shape {
    int sums;
    size_t numbers; /* of all sums */
    size_t counts;
} mmofl_partial_shape;

/** @retval E_UNSUPPORTED  the rule compares models: there are no sums */
MMOFL_CHECKED mmofl_status mmofl_coordinator_partial_shape(
    mmofl_coordinator *coordinator, mmofl_partial_shape *shape);

/** What was accepted in the open round; valid until the next one opens.  The round is
 * given up: the model stays as it is, and mmofl_coordinator_restore says where to go
 * on.  first and devices are the caller's to fill in.
 * @retval E_STATE        no round is open
 * @retval E_UNSUPPORTED  as mmofl_coordinator_partial_shape
 * @retval E_MEMORY       at the first call only */
MMOFL_CHECKED mmofl_status mmofl_coordinator_hand_over(mmofl_coordinator *coordinator,
                                                       mmofl_partial *partial);

/** Give the open round up: nobody is to have what was accepted in it. */
void mmofl_coordinator_abandon(mmofl_coordinator *coordinator);

/** Take what another coordinator handed over, all or nothing; not with ranks.
 * Thread-safe.
 * @retval E_STATE        no round is open
 * @retval E_STALE        of another round
 * @retval E_UNSUPPORTED  as mmofl_coordinator_partial_shape; or updates of earlier
 *                        rounds, which the rule does not take
 * @retval E_UNKNOWN      of a device that does not take part, or is not of its devices
 * @retval E_DUPLICATE    of a device that has answered already, or stands in it twice
 * @retval E_SHAPE        other sums than the rule has
 * @retval E_NONFINITE, E_RANGE  reports hold NaN, infinity or absurd values, or sums
 *                        what no updates add up to */
MMOFL_CHECKED mmofl_status mmofl_coordinator_accept_partial(
    mmofl_coordinator *coordinator, const mmofl_partial *partial);

#endif
