/* trace.h - one device's round as arrays, so that any other framework can replay and
 * check it.
 *
 * docs/trace.md describes the file; tests/oracle/replay.py replays it in PyTorch. */
#ifndef MMOFL_RUN_TRACE_H
#define MMOFL_RUN_TRACE_H

#include "run/setup.h"

typedef struct mmofl_trace_place {
    uint64_t device, round;
} mmofl_trace_place;

/** Read "device=K,round=T".  @retval E_SYNTAX, E_RANGE (for this experiment) */
MMOFL_CHECKED mmofl_status mmofl_trace_parse(const mmofl_experiment *experiment,
                                             const char *what, mmofl_trace_place *place,
                                             mmofl_error *err);

/** Simulate the experiment's first seed up to that round and write the device's
 * mini-batches, losses, gradients and parameters to path (.npz), atomically; *steps
 * receives their number.
 * @retval E_NOT_FOUND  the device does not take part in the round */
MMOFL_CHECKED mmofl_status mmofl_trace_write(const mmofl_setup *setup,
                                             mmofl_trace_place place, const char *path,
                                             int *steps, mmofl_error *err);

#endif
