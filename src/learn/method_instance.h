/* method_instance.h - a method at work on one thread: its kind, its state, its hooks.
 */
#ifndef MMOFL_LEARN_METHOD_INSTANCE_H
#define MMOFL_LEARN_METHOD_INSTANCE_H

#include "learn/method.h"

typedef struct mmofl_method_instance {
    const mmofl_method_kind *kind;
    void *state;
    mmofl_method_loss loss;                /* of the current batch */
    mmofl_feature_hooks training, testing; /* for batches; context is this instance */
} mmofl_method_instance;

/** State for `pick` on this thread; the instance must stay where it is.
 * batch 0: for testing only.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_method_instance_init(mmofl_method_instance *instance,
                                                      const mmofl_pick *pick,
                                                      const mmofl_model *model,
                                                      int batch, mmofl_arena *arena);
void mmofl_method_instance_drop(mmofl_method_instance *m);

/** A device's round, or a test, begins. */
void mmofl_method_instance_begin(mmofl_method_instance *m,
                                 const mmofl_method_round *round);

/** Make a batch one of the method's: for training (masks may change), for testing. */
void mmofl_method_instance_train(mmofl_method_instance *m, mmofl_batch *batch);
void mmofl_method_instance_test(mmofl_method_instance *m, mmofl_batch *batch);

/** The batch's gradient is in g; returns the further loss terms of the batch. */
double mmofl_method_instance_end(mmofl_method_instance *m, const mmofl_batch *batch,
                                 const float *w, mmofl_gradient *g);

#endif
