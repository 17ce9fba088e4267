/* partition_parts.h - what partition.c shares with the kinds of partition, each of
 * which stands in a file of its own. */
#ifndef MMOFL_DATA_PARTITION_PARTS_H
#define MMOFL_DATA_PARTITION_PARTS_H

#include "base/rng.h"
#include "data/partition.h"

/** One call of mmofl_partition_make. */
typedef struct mmofl_dealing {
    const mmofl_dataset *set; /* labels, owners and times; without what is held out */
    size_t n, devices;        /* training samples; D >= 1 */
    uint64_t seed;
    const void *options;   /* of the kind */
    const uint32_t *order; /* (n) training samples sorted by (owner, time) */
    mmofl_arena scratch;   /* for the time of the call */
    mmofl_arena *arena;    /* for the result */
    uint32_t *index;       /* of the result, once it is taken */
} mmofl_dealing;

/** A kind of partition. */
typedef struct mmofl_partition_kind {
    mmofl_kind kind;
    mmofl_status (*deal)(mmofl_dealing *dealing, mmofl_partition *out,
                         mmofl_error *err);
} mmofl_partition_kind;

#define MMOFL_PARTITION_LIST(X)                                                        \
    X(owner)                                                                           \
    X(dirichlet)                                                                       \
    X(iid)                                                                             \
    X(classes)                                                                         \
    X(shared)                                                                          \
    X(owner_dirichlet)

#define MMOFL_PARTITION_DECLARE(name)                                                  \
    extern const mmofl_partition_kind mmofl_partition_##name;
MMOFL_PARTITION_LIST(MMOFL_PARTITION_DECLARE)
#undef MMOFL_PARTITION_DECLARE

/** count zeroed elements of scratch, NULL when memory is short. */
#define MMOFL_DEALING_NEW(dealing, count, type)                                        \
    MMOFL_ARENA_NEW(&(dealing)->scratch, count, type)

/** @retval MMOFL_E_MEMORY  always, and says so */
mmofl_status mmofl_dealing_no_memory(const mmofl_dealing *dealing, mmofl_error *err);

/** Random numbers; every kind has stream 0 ... to itself. */
mmofl_rng mmofl_dealing_random(const mmofl_dealing *dealing, uint64_t stream);

/** For kinds whose pools are disjoint: are there at least as many samples as devices?
 * @retval MMOFL_E_INFEASIBLE */
MMOFL_CHECKED mmofl_status mmofl_dealing_check_devices(const mmofl_dealing *dealing,
                                                       mmofl_error *err);

/** The training samples by class: those of class k are sample[start[k] ...
 * start[k+1]-1]; start has K + 1 numbers.  Both in scratch.  @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_dealing_by_class(mmofl_dealing *dealing,
                                                  size_t **start, uint32_t **sample,
                                                  mmofl_error *err);

/** Room for a result of `total` samples, start having D + 2 zeros.  Scratch must not be
 * taken afterwards.  @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_dealing_take_result(mmofl_dealing *dealing,
                                                     size_t total, size_t **start,
                                                     uint32_t **index,
                                                     mmofl_error *err);

/** A device number for samples that no device gets. */
#define MMOFL_LEFT_OUT UINT32_MAX

/** Make the partition in which sample i belongs to device[i].
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_dealing_finish(mmofl_dealing *dealing,
                                                const uint32_t *device,
                                                mmofl_partition *out, mmofl_error *err);

#endif
