/* prototypes.h - class prototypes: a mean feature for each (modality, class).
 *
 * Shapes: M encoders, K classes, D features in all (the sum over encoders).  Prototype
 * vectors of one class lie side by side as the features of a sample do, so
 * row c of a (K, D) array holds p^(1,c) | p^(2,c) | ... (METHOD.md section 4). */
#ifndef MMOFL_LEARN_PROTOTYPES_H
#define MMOFL_LEARN_PROTOTYPES_H

#include "nn/model.h"

/** Global prototypes as a device receives them; read-only. */
typedef struct mmofl_prototypes {
    const float *mean;    /* (K, D) */
    const uint32_t *seen; /* (M, K) u: updates so far; 0 = does not exist yet */
} mmofl_prototypes;

/** A device's sums over recorded samples, features of the model as received. */
typedef struct mmofl_prototype_sums {
    float *sum;      /* (K, D) */
    uint32_t *count; /* (M, K) */
} mmofl_prototype_sums;

/** Does the prototype of encoder e and class c exist? */
static inline bool mmofl_prototype_exists(const mmofl_prototypes *p,
                                          const mmofl_model *model, int e, int c)
{
    return p && p->seen[e * model->classes + c] > 0;
}

/** Was encoder e's modality recorded in a sample with this mask? */
static inline bool mmofl_recorded(const mmofl_model *model, uint32_t mask, int e)
{
    return mask >> model->encoder[e].modality & 1;
}

/** Numbers that cross the wire for prototypes, each way: K*D values and M*K counts. */
size_t mmofl_prototypes_numbers(const mmofl_model *model);

/** Room for one device's sums, zero.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_prototype_sums_init(mmofl_prototype_sums *sums,
                                                     const mmofl_model *model,
                                                     mmofl_arena *arena);
void mmofl_prototype_sums_clear(mmofl_prototype_sums *sums, const mmofl_model *model);

/** Add the features z of n samples, those recorded (mask) only, in their order. */
void mmofl_prototype_sums_add(mmofl_prototype_sums *sums, const mmofl_model *model,
                              const uint32_t *mask, const int32_t *label, int n,
                              mmofl_span z);

/** Write the prototype of each sample's own class into the slots of what it lacks, for
 * samples from ... from + n - 1 of the batch, whose features are z.  The label enters
 * the forward pass: only for training.  Pairs without a prototype stay as they are. */
void mmofl_prototypes_substitute(const mmofl_prototypes *prototypes,
                                 const mmofl_model *model, const mmofl_batch *batch,
                                 int from, int n, mmofl_span z);

#endif
