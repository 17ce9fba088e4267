/* fleet_parts.h - what the files of a simulation share; inside of sim only. */
#ifndef MMOFL_SIM_FLEET_PARTS_H
#define MMOFL_SIM_FLEET_PARTS_H

#include "link/link.h"
#include "sim/analysis.h"
#include "sim/holding.h"
#include "sim/simulation.h"

/** Working memory of one thread. */
typedef struct mmofl_thread_space {
    mmofl_learner_space *learner;
    mmofl_holding holding;    /* the current device's samples */
    mmofl_injected *injected; /* (M) of this thread's devices in this round */
} mmofl_thread_space;

struct mmofl_simulation {
    mmofl_arena arena, pools;
    mmofl_simulation_setup setup;
    const mmofl_ranks *ranks;
    size_t *start; /* (ranks + 1) first participant of each rank in this round */
    size_t *block; /* (ranks + 1) first device whose memory it has */
    mmofl_model *model;
    mmofl_holdout validation;
    mmofl_partition partition;
    mmofl_learner_setup learner;
    mmofl_local_rule rule; /* the devices' side of the aggregation rule */
    float *kept;           /* (devices here, n) what they keep for it; NULL: nothing */
    float *packed;         /* (participants here, n) of it on the way; NULL: alone */
    mmofl_coordinator *coordinator;
    mmofl_link *link;
    mmofl_imbalance *imbalance; /* NULL: nothing is missing or disturbed by us */
    mmofl_injected *injected;   /* (most, M) by participant; NULL: not recorded */
    mmofl_injected injected_sum[MMOFL_MAX_MODALITIES]; /* of all devices */
    mmofl_holding_source source;
    mmofl_evaluator *evaluator;
    mmofl_analysis *analysis; /* NULL: none */
    bool analysed;            /* the last round was */
    int n_threads;
    mmofl_thread_space *thread;   /* (n_threads) */
    uint32_t most;                /* participants that a round has */
    mmofl_status *status;         /* (most) of the current round's participants */
    const uint32_t *participants; /* (n_participants) of the last round */
    uint32_t n_participants;
};

/** How much of the memory limit is left, at least 1; 0: there is no limit. */
size_t mmofl_fleet_memory_left(const mmofl_simulation *s);

/* ---- exchange.c ---- */

/** @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_fleet_blocks_init(mmofl_simulation *s);

/** Deal out the participants of a round. */
void mmofl_fleet_deal(mmofl_simulation *s);

/** All ranks have trained theirs without a failure: have the round's outcome
 * everywhere.  @retval E_RANGE  the same on all ranks */
MMOFL_CHECKED mmofl_status mmofl_fleet_exchange(mmofl_simulation *s);

/* ---- kept.c ---- */

/** Room for what devices keep.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_fleet_kept_init(mmofl_simulation *s, mmofl_error *err);

/** The row of a device of this rank; on rank 0 of any. */
float *mmofl_fleet_kept(const mmofl_simulation *s, size_t device);

/** What the participants of a round keep now goes to rank 0. */
void mmofl_fleet_kept_collect(const mmofl_simulation *s);

/** What rank 0 has goes to the ranks that keep it. */
void mmofl_fleet_kept_spread(const mmofl_simulation *s);

#endif
