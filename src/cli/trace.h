/* trace.h - one device's round as arrays, so that any other framework can replay and
 * check it.
 *
 * docs/trace.md describes the file; tests/oracle/replay.py replays it in PyTorch. */
#ifndef MMOFL_CLI_TRACE_H
#define MMOFL_CLI_TRACE_H

#include "cli/setup.h"

/** Simulate the experiment's first seed up to the round of `what` ("device=K,round=T")
 * and write that device's mini-batches, losses, gradients and parameters to path
 * (.npz). Returns the program's exit status. */
int mmofl_trace_write(const mmofl_setup *setup, const char *what, const char *path,
                      bool quiet);

#endif
