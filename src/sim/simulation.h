/* simulation.h - a whole fleet in one process: the learner, the coordinator, the memory
 * link.
 *
 * Devices are handed out to threads by number; what a device computes depends on the
 * seed, its number and the round only, and sums of models are integers, so results are
 * the same bytes at any thread count.  Nothing is allocated once it is made. */
#ifndef MMOFL_SIM_SIMULATION_H
#define MMOFL_SIM_SIMULATION_H

#include "base/pool.h"
#include "data/partition.h"
#include "data/stream.h"
#include "fed/coordinator.h"
#include "learn/evaluator.h"
#include "learn/learner.h"
#include "nn/spec.h"

/** What to simulate; every pointer is borrowed and must outlive the simulation. */
typedef struct mmofl_simulation_setup {
    uint64_t seed;
    int devices;
    double participation;
    const mmofl_pick *partition, *aggregation;
    const mmofl_stream_spec *stream;
    const mmofl_model_spec *model;
    const mmofl_train_spec *train;
    const mmofl_dataset *data;
    mmofl_pool *pool;
    long fail_after; /* tests: as in arena.h */
} mmofl_simulation_setup;

/** Memory in bytes, as it is after mmofl_simulation_new. */
typedef struct mmofl_memory_plan {
    size_t data;       /* the data set's arrays, shared by all */
    size_t devices;    /* pools of all devices (indexes) */
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
 * @retval E_INFEASIBLE, E_RANGE, E_SHAPE, E_UNKNOWN, E_MEMORY  err says what does not
 * fit */
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

/** Watch one device in one round (see learner.h): its mini-batches then go through
 * whole. */
typedef struct mmofl_simulation_watch {
    uint64_t device, round;
    mmofl_learner_watch learner;
    void (*before)(void *context, const float *parameters); /* model as received */
} mmofl_simulation_watch;

/** Run the next round; watch may be NULL.
 * @retval E_NONFINITE  training diverged; err names the round and the first such device
 */
MMOFL_CHECKED mmofl_status mmofl_simulation_round(mmofl_simulation *simulation,
                                                  const mmofl_simulation_watch *watch,
                                                  mmofl_round_summary *summary,
                                                  mmofl_error *err);

/** Test the current model. */
mmofl_evaluation mmofl_simulation_evaluate(mmofl_simulation *simulation);

#endif
