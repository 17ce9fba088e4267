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
    mmofl_model *model;
    mmofl_holdout validation;
    mmofl_partition partition;
    mmofl_learner_setup learner;
    mmofl_local_rule rule; /* the devices' side of the aggregation rule */
    float *kept;           /* (devices, n) what devices keep for it; NULL: nothing */
    mmofl_coordinator *coordinator;
    mmofl_link *link;
    mmofl_imbalance *imbalance; /* NULL: nothing is missing or disturbed by us */
    mmofl_injected *injected;   /* (devices, M) in the last round; NULL: not recorded */
    mmofl_holding_source source;
    mmofl_evaluator *evaluator;
    mmofl_analysis *analysis; /* NULL: none */
    bool analysed;            /* the last round was */
    int n_threads;
    mmofl_thread_space *thread; /* (n_threads) */
    mmofl_status *status;       /* (devices) of the current round's participants */
};

#endif
