/* partition.h - which device owns which training samples.
 *
 * A partition gives each of D devices a pool: indexes into the training part, in the
 * owner's time order.  Pools are disjoint; every kind but `classes` (which says so)
 * hands out every training sample.  Deterministic by (spec, seed). */
#ifndef MMOFL_DATA_PARTITION_H
#define MMOFL_DATA_PARTITION_H

#include "base/arena.h"
#include "base/option.h"
#include "mmofl/dataset.h"

/** owner     each owner (person) whole to one device; owners shuffled and dealt round
 * robin. options: none.  E_INFEASIBLE: more devices than owners. dirichlet per class a
 * Dirichlet(alpha) draw over devices; redrawn until every device has min_samples, at
 * most `tries` times.  E_INFEASIBLE says the smallest pool reached. iid       shuffled
 * samples dealt evenly. classes   `per_device` classes for each device, samples of a
 * class shared evenly. */
mmofl_kind_list mmofl_partition_kinds(void);

typedef struct mmofl_partition {
    int devices;
    const size_t *start;   /* (D + 1) device d owns index[start[d] ... start[d+1]-1] */
    const uint32_t *index; /* training samples */
} mmofl_partition;

/** Build in arena.  @retval E_INFEASIBLE  the text says what was wanted and what the
 * data has */
MMOFL_CHECKED mmofl_status mmofl_partition_make(const mmofl_dataset *set,
                                                const mmofl_pick *kind, int devices,
                                                uint64_t seed, mmofl_arena *arena,
                                                mmofl_partition *out, mmofl_error *err);

#endif
