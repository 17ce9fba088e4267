/* partition.h - which device owns which training samples.
 *
 * A partition gives each of D devices a pool: indexes into the training part, sorted by
 * (owner, time), so that a pool of one owner is in the order it was recorded.  No pool
 * is empty, and no pool holds a sample twice.  Pools are disjoint, but for `shared`;
 * every training sample that is not held out is handed out, but for `classes` and
 * `shared`.  Deterministic by (set, held-out samples, kind, options, devices, seed). */
#ifndef MMOFL_DATA_PARTITION_H
#define MMOFL_DATA_PARTITION_H

#include "base/arena.h"
#include "base/option.h"
#include "data/holdout.h"

/** owner            Each owner (person) whole to one device: owners shuffled, dealt
 *                   round robin.
 *  dirichlet        Per class a Dirichlet(alpha) draw over devices; redrawn until every
 *                   device has min_samples, at most `tries` times.  After that the draw
 *                   that came closest is mended by moving samples from the largest
 *                   pools to those that are short, if max_moved (a share of all
 *                   samples) is enough for it.
 *  owner_dirichlet  The same for each owner by himself, over as many devices as each of
 *                   the others has: devices is a multiple of the owners.
 *  iid              Shuffled samples dealt round robin.
 *  classes          per_device classes for each device, every class to as many devices
 *                   as the others (give or take one), the samples of a class shared
 *                   evenly among them.  A class that no device takes is left out.
 *  shared           per_device samples for each device, drawn without regard to what
 *                   the other devices have: pools overlap, so a fleet may be larger
 *                   than the data. */
mmofl_kind_list mmofl_partition_kinds(void);

typedef struct mmofl_partition {
    int devices;           /* D */
    const size_t *start;   /* (D + 1) device d has index[start[d] ... start[d+1]-1] */
    const uint32_t *index; /* training samples */
} mmofl_partition;

/** Build in arena, which then holds start and index; scratch is given back.
 * kind: a pick among mmofl_partition_kinds(); devices >= 1; without: training samples
 * that no device gets, or NULL.
 * Cost: O(n log n + D) for n training samples; dirichlet O(D K) for each try.
 * @retval MMOFL_E_RANGE       devices < 1
 * @retval MMOFL_E_INFEASIBLE  the data cannot give what was asked; the text says what
 *                             was wanted and what the data have
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_partition_make(const mmofl_dataset *set,
                                                const mmofl_holdout *without,
                                                const mmofl_pick *kind, int devices,
                                                uint64_t seed, mmofl_arena *arena,
                                                mmofl_partition *out, mmofl_error *err);

#endif
