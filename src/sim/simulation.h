/* simulation.h - a whole fleet in one process: the learner, the coordinator, the memory
 * link.
 *
 * Devices are handed out to threads by number; what a device computes depends on the
 * seed, its number and the round only, and sums of models are integers, so results are
 * the same bytes at any thread count.  Nothing is allocated once it is made.
 *
 * With ranks, each has a simulation made of the same setup and calls the same
 * functions: rounds and tests are shared out among them (exchange.c), and all have the
 * same model and the same figures afterwards.  Rank 0 alone has what the checkpoint
 * needs of the devices. */
#ifndef MMOFL_SIM_SIMULATION_H
#define MMOFL_SIM_SIMULATION_H

#include "base/pool.h"
#include "data/imbalance.h"
#include "data/partition.h"
#include "data/stream.h"
#include "fed/coordinator.h"
#include "learn/evaluator.h"
#include "learn/learner.h"
#include "nn/spec.h"
#include "sim/analysis.h"

/** Devices that are somewhere else: they have their own samples, and what happens to
 * these is nobody's here to say. */
typedef struct mmofl_remote_fleet {
    /** Give the broadcast to the participants (n, ascending), and what they send to
     * mmofl_coordinator_accept; return when the round can be closed.
     * @retval any but OK  the round is not closed; err says why */
    mmofl_status (*round)(void *context, mmofl_coordinator *coordinator,
                          const mmofl_broadcast *broadcast,
                          const uint32_t *participants, uint32_t n, mmofl_error *err);
    void *context;
} mmofl_remote_fleet;

/** What to simulate; every pointer is borrowed and must outlive the simulation. */
typedef struct mmofl_simulation_setup {
    uint64_t seed;
    int devices;
    double participation;
    const mmofl_pick *partition, *aggregation;
    double validation;        /* share of the training samples that is held out */
    const mmofl_pick *method; /* NULL: pm */
    const mmofl_stream_spec *stream;
    const mmofl_model_spec *model;
    const mmofl_train_spec *train;
    const mmofl_dataset *data;
    const mmofl_imbalance_spec *imbalance;           /* NULL: none */
    const mmofl_test_imbalance_spec *test_imbalance; /* NULL: as the fleet's */
    bool undisturbed;     /* devices record everything, and clean; tests do not */
    bool record_injected; /* keep what was injected, participant by participant */
    size_t memory_limit;  /* most bytes beside the data; 0: no limit */
    int analyze_every;    /* measure error terms in every n-th round; 0: never */
    mmofl_pool *pool;
    const mmofl_remote_fleet *remote; /* NULL: the devices are simulated.  Else these
                                       * are asked, and partition, stream and what
                                       * happens to samples do not count */
    const mmofl_ranks *ranks;         /* NULL: alone */
    long fail_after;                  /* tests: as in arena.h */
} mmofl_simulation_setup;

/** What was injected into the fresh samples of a modality. */
typedef struct mmofl_injected {
    uint64_t samples;   /* in which it was recorded */
    uint64_t missing;   /* of them: lost */
    uint64_t disturbed; /* of those left: disturbed */
} mmofl_injected;

/** Memory in bytes, as it is after mmofl_simulation_new. */
typedef struct mmofl_memory_plan {
    size_t data;       /* the data set's arrays, shared by all */
    size_t devices;    /* pools of all devices (indexes), and what they keep for the
                        * aggregation rule: scaffold, 4 bytes per parameter each */
    size_t per_device; /* devices / K */
    size_t threads;    /* working memory of all threads */
    size_t coordinator;
} mmofl_memory_plan;

/** All of it. */
static inline size_t mmofl_memory_total(mmofl_memory_plan plan)
{
    return plan.data + plan.devices + plan.threads + plan.coordinator;
}

typedef struct mmofl_simulation mmofl_simulation;

/** Partition the data, plan the model, make room for every thread, draw the initial
 * model.
 * @retval E_MEMORY  also when it would pass the memory limit, which is found out before
 *                   the memory is touched: err has the numbers
 * @retval E_INFEASIBLE, E_RANGE, E_SHAPE, E_UNKNOWN, E_TYPE, E_SYNTAX  err says what
 *                   does not fit */
MMOFL_CHECKED mmofl_status mmofl_simulation_new(const mmofl_simulation_setup *setup,
                                                mmofl_simulation **simulation,
                                                mmofl_error *err);
void mmofl_simulation_delete(mmofl_simulation *simulation);

const mmofl_model *mmofl_simulation_model(const mmofl_simulation *simulation);
mmofl_memory_plan mmofl_simulation_memory(const mmofl_simulation *simulation);

/** The model after the last finished round (n_parameters floats). */
const float *mmofl_simulation_parameters(const mmofl_simulation *simulation);

/** Go on after `round` finished rounds with this model. */
MMOFL_CHECKED mmofl_status mmofl_simulation_restore(mmofl_simulation *simulation,
                                                    uint64_t round,
                                                    const float *parameters);

/** With ranks, after what rank 0 has restored and put into its arrays of state: all go
 * on from there. */
void mmofl_simulation_spread(mmofl_simulation *simulation);

/** Arrays beside the model that must survive a resume (fed/coordinator.h), and what
 * devices keep for the aggregation rule, device by device: that on rank 0 only. */
int mmofl_simulation_state(mmofl_simulation *simulation, mmofl_state_array *arrays,
                           int max);

/** Global prototypes; NULL when the method has none. */
const mmofl_prototypes *mmofl_simulation_prototypes(const mmofl_simulation *simulation);

/** Watch one device in one round (see learner.h): its mini-batches then go through
 * whole. */
typedef struct mmofl_simulation_watch {
    uint64_t device, round;
    mmofl_learner_watch learner;
    void (*before)(void *context, const float *parameters); /* model as received */
} mmofl_simulation_watch;

/** Run the next round; watch may be NULL, and is with ranks.
 * @retval E_NONFINITE  training diverged; err names the round and the first such
 * device; the same on all ranks */
MMOFL_CHECKED mmofl_status mmofl_simulation_round(mmofl_simulation *simulation,
                                                  const mmofl_simulation_watch *watch,
                                                  mmofl_round_summary *summary,
                                                  mmofl_error *err);

/** Test the current model on the test part as it was recorded. */
mmofl_evaluation mmofl_simulation_evaluate(mmofl_simulation *simulation);

/** Is a part of the training samples held out, and how is the current model on it? */
bool mmofl_simulation_has_validation(const mmofl_simulation *simulation);
mmofl_evaluation mmofl_simulation_validate(mmofl_simulation *simulation);

/** Is there an imbalance, so that the next functions have something to tell? */
bool mmofl_simulation_is_imbalanced(const mmofl_simulation *simulation);

/** Test the current model on the disturbed test part, which is the same each time. */
mmofl_evaluation mmofl_simulation_evaluate_disturbed(mmofl_simulation *simulation);

/** Who took part in the last round: their numbers, ascending, valid until the next
 * round; how many in return, 0 before the first round. */
uint32_t mmofl_simulation_participants(const mmofl_simulation *simulation,
                                       const uint32_t **device);

/** What the last round injected into modality m: into the samples of participant number
 * i (only with record_injected and an imbalance), and over all participants. */
mmofl_injected mmofl_simulation_injected(const mmofl_simulation *simulation, uint32_t i,
                                         int m);
mmofl_injected mmofl_simulation_injected_sum(const mmofl_simulation *simulation, int m);

/** The error terms of the last round (analysis.h): at most max, how many in return; 0
 * when that round was not analysed. */
int mmofl_simulation_error_terms(const mmofl_simulation *simulation,
                                 mmofl_error_term *terms, int max);

/** Where the devices' samples come from. */
const mmofl_holding_source *mmofl_simulation_source(const mmofl_simulation *simulation);

#endif
