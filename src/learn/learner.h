/* learner.h - what one device does in a round (METHOD.md section 1, steps 2 to 4).
 *
 *   buffer: | held ........................ | fresh |      oldest first
 *             \___ train: E passes, shuffled ___/ ^ first predicted with the model as
 *                                                   received (prequential)
 *
 * The learner knows nothing of networks, of data sets or of other devices.  A device
 * has no state of its own between rounds but its buffer and what the aggregation rule
 * makes it keep (optimiser state starts anew with each received model), so thousands of
 * devices share one learner_space for each thread. */
#ifndef MMOFL_LEARN_LEARNER_H
#define MMOFL_LEARN_LEARNER_H

#include "learn/local_rule.h"
#include "learn/message.h"
#include "learn/method.h"
#include "nn/model.h"
#include "nn/train_spec.h"

/** What all devices share; read-only. */
typedef struct mmofl_learner_setup {
    const mmofl_model *model;
    const mmofl_train_spec *train;
    uint64_t seed;
    int buffer;                   /* most samples a device holds */
    const mmofl_pick *method;     /* NULL: pm */
    const mmofl_local_rule *rule; /* NULL: none */
} mmofl_learner_setup;

/** What a device holds this round. */
typedef struct mmofl_buffer_view {
    mmofl_batch samples; /* oldest first */
    int fresh;           /* how many, at the end, arrived this round */
    float *kept; /* what it keeps for the aggregation rule (local_rule.h), or NULL */
} mmofl_buffer_view;

/** A step that is about to be made. */
typedef struct mmofl_step_view {
    const mmofl_batch *batch; /* as the method made it: its masks, its hooks */
    const uint32_t *position; /* (n) of the batch's samples in the buffer */
    const mmofl_rng *dropout; /* names the batch's dropout masks */
    const float *parameters;  /* before the step */
    const float *gradient;    /* with all that method and rule added, before clipping */
} mmofl_step_view;

/** For traces, analyses and tests: called at each step, may change nothing.  NULL
 * functions are not called. */
typedef struct mmofl_learner_watch {
    void (*step)(void *context, int step, const mmofl_batch *batch, double loss,
                 const float *gradient, const float *parameters,
                 const mmofl_workspace *workspace); /* after it */
    void *context;
    void (*before_step)(void *context, const mmofl_step_view *view);
    void *before_context;
} mmofl_learner_watch;

typedef struct mmofl_learner_space mmofl_learner_space;

/** Working memory for one thread.  whole_batches: a mini-batch goes through in one
 * piece (for watchers that look into the workspace).  fail_after: as in arena.h. */
MMOFL_CHECKED mmofl_status mmofl_learner_space_new(const mmofl_learner_setup *setup,
                                                   bool whole_batches, long fail_after,
                                                   mmofl_learner_space **space);
size_t mmofl_learner_space_bytes(const mmofl_learner_space *space);
void mmofl_learner_space_delete(mmofl_learner_space *space);

/** One round: predict the fresh samples, train E passes over the buffer in mini-batches
 * shuffled by (seed, device, round), and fill update, whose parameters live in space
 * until its next round.  Deterministic.
 * What the buffer keeps changes with success only.
 * @retval E_SHAPE      the broadcast has another number of parameters
 * @retval E_MISSING    the rule's numbers are not in the broadcast or the buffer
 * @retval E_NONFINITE  a loss became NaN or infinite: update is not filled */
MMOFL_CHECKED mmofl_status mmofl_learner_round(
    const mmofl_learner_setup *setup, mmofl_learner_space *space, uint64_t device,
    const mmofl_broadcast *broadcast, const mmofl_buffer_view *buffer,
    const mmofl_learner_watch *watch, mmofl_update *update);

#endif
