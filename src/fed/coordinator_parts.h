/* coordinator_parts.h - what the files of the coordinator share; inside of fed only.
 *
 *   coordinator.c  the rounds, and what devices send
 *   partial.c      what shards send: the sums of many devices
 */
#ifndef MMOFL_FED_COORDINATOR_PARTS_H
#define MMOFL_FED_COORDINATOR_PARTS_H

#include <pthread.h>

#include "fed/coordinator.h"
#include "fed/global_prototypes.h"
#include "fed/partial.h"
#include "fed/participation.h"

typedef struct mmofl_partial_space mmofl_partial_space;

struct mmofl_coordinator {
    mmofl_arena arena;
    mmofl_coordinator_setup setup;
    const mmofl_ranks *ranks;
    const mmofl_aggregation_kind *rule;
    void *state; /* of the rule */
    bool has_prototypes;
    mmofl_global_prototypes prototypes;
    mmofl_prototypes prototypes_view; /* as devices get them */
    float *parameters;
    uint64_t round; /* finished rounds; the open one is round + 1 */
    bool open;
    uint32_t n_participants;
    mmofl_participation participants;
    bool *answered;               /* (n_participants) */
    mmofl_device_report *reports; /* (n_participants) */
    uint64_t late;                /* updates of earlier rounds in the open one */
    mmofl_partial_space *partial; /* of its own partial sum; NULL: never asked for */
    pthread_mutex_t lock; /* late updates may come at any time, also between rounds */
};

/** Are its numbers those of a round?  @retval E_NONFINITE, E_RANGE  no */
MMOFL_CHECKED mmofl_status
mmofl_coordinator_check_report(const mmofl_device_report *report);

/** The place of a participant that has not answered.
 * @retval E_UNKNOWN    it does not take part
 * @retval E_DUPLICATE  it has answered; *slot is set all the same */
MMOFL_CHECKED mmofl_status mmofl_coordinator_find_slot(const mmofl_coordinator *c,
                                                       uint64_t number, size_t *slot);

#endif
