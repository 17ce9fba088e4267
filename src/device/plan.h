/* plan.h - what a coordinator's Welcome makes of a device: its signals, its model, its
 * learner.  Read-only once made; it must outlive what is made for it. */
#ifndef MMOFL_DEVICE_PLAN_H
#define MMOFL_DEVICE_PLAN_H

#include "config/experiment.h"
#include "device/signals.h"
#include "learn/learner.h"

typedef struct mmofl_plan {
    uint64_t device, seed; /* its number, and the federation's seed */
    mmofl_digest config;   /* what it was made of */
    mmofl_signals signals;
    mmofl_experiment learning; /* only what config/learning.h fills in */
    mmofl_model *model;
    mmofl_local_rule rule; /* kind NULL: the aggregation has no side here */
    mmofl_learner_setup learner;
    mmofl_wire_limits limits; /* of Task and Update */
    double heartbeat_s, lease_s;
    mmofl_update_coding coding;
} mmofl_plan;

/** Make a plan of a Welcome; nothing of it is borrowed.
 * @retval those of mmofl_learning_parse and mmofl_model_new: err says what the
 *         coordinator wants that this program cannot do
 * @retval E_MEMORY
 * On success the caller owns it: mmofl_plan_delete. */
MMOFL_CHECKED mmofl_status mmofl_plan_new(const mmofl_welcome *welcome,
                                          mmofl_plan **plan, mmofl_error *err);

/** The plan that the state folder of a device has (device/state.h).
 * @retval E_NOT_FOUND  it has none; others as mmofl_plan_new and mmofl_state_read */
MMOFL_CHECKED mmofl_status mmofl_plan_from_state(const char *folder, mmofl_plan **plan,
                                                 mmofl_error *err);

/** NULL is allowed. */
void mmofl_plan_delete(mmofl_plan *plan);

/** Samples that have arrived when round t = 1, 2, ... of the experiment's schedule
 * begins: the simulator's stream (data/stream.h) without an end. */
uint64_t mmofl_plan_arrivals(const mmofl_plan *plan, uint64_t round);

#endif
