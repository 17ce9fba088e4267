/* trace_method.h - what a trace holds of the method: its options, the prototypes that
 * came, the pseudo samples that were replayed.  docs/trace.md describes the arrays. */
#ifndef MMOFL_RUN_TRACE_METHOD_H
#define MMOFL_RUN_TRACE_METHOD_H

#include <jansson.h>

#include "base/option.h"
#include "learn/replay.h"
#include "store/npz.h"

typedef struct mmofl_trace_method {
    const mmofl_model *model;
    const mmofl_pick *pick;
    const mmofl_prototypes *prototypes; /* as received; NULL: the method has none */
    mmofl_rng replay;                   /* the device's stream in this round */
} mmofl_trace_method;

/** "prototypes/mean" (K, D) and "prototypes/seen" (M, K), where there are any. */
MMOFL_CHECKED mmofl_status mmofl_trace_method_begin(const mmofl_trace_method *t,
                                                    mmofl_npz *npz, mmofl_error *err);

/** "step<s>/replay/label", ".../lost", ".../weight" (n) of a step with n samples, for
 * methods that replay.  Every step must be told, in order. */
MMOFL_CHECKED mmofl_status mmofl_trace_method_step(mmofl_trace_method *t,
                                                   mmofl_npz *npz, int step, int n,
                                                   mmofl_error *err);

/** {"kind": name, each option: its value}; the caller's. */
json_t *mmofl_trace_kind_json(const mmofl_kind *kind, const void *options);

#endif
