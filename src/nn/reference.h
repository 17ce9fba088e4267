/* reference.h - the same mathematics once more, slowly: the yardstick of the fast code.
 *
 * Plain loops in double precision that follow the equations and PyTorch's index order,
 * with no blocking, no margins, no sharing of buffers.  They read the same plans, so a
 * layer or a model is compared with itself; tests also take finite differences of them,
 * which is why parameters are doubles here.  Nothing in a run calls them. */
#ifndef MMOFL_NN_REFERENCE_H
#define MMOFL_NN_REFERENCE_H

#include "nn/model.h"

/** What C[i,j] of group `group` has to become (gemm.h), read before the product runs.
 * With c_group = 0 the groups share C, and the answer is the sum over all of them. */
double mmofl_reference_product(const mmofl_gemm *gemm, int group, int i, int j);

/** y = layer(x) for one sample.  x and y are contiguous, of the shapes layer->in and
 * layer->out; w: the layer's n_parameters, stored as in the model's vector.
 * multiplier: what dropout multiplies each value with; NULL = dropout is off. */
void mmofl_reference_layer(const mmofl_layer *layer, const double *w,
                           const float *multiplier, const double *x, double *y);

/** The multipliers of one dropout layer for one sample of a batch; encoder -1 is the
 * head. */
typedef const float *mmofl_reference_masks(void *context, int encoder, int layer,
                                           int sample);

/** Doubles of working memory that a pass over the model needs. */
size_t mmofl_reference_work(const mmofl_model *model);

/** Mean cross-entropy of the batch, in nats; a missing encoder gives zeros.
 * w: n_parameters; work: mmofl_reference_work(model) doubles; masks may be NULL. */
double mmofl_reference_loss(const mmofl_model *model, const double *w,
                            const mmofl_batch *batch, mmofl_reference_masks *masks,
                            void *context, double *work);

#endif
