/* optimizer.h - one step from a gradient: clipping, momentum, weight decay, step size.
 */
#ifndef MMOFL_NN_OPTIMIZER_H
#define MMOFL_NN_OPTIMIZER_H

#include "nn/gradient.h"
#include "nn/train_spec.h"

/** w <- one step of PyTorch's SGD from gradient g (g->n floats each), with the gradient
 * first scaled to at most clip_norm (torch.nn.utils.clip_grad_norm_: factor
 * clip_norm / (norm + 1e-6), at most 1).  velocity: n floats, zero at the start of a
 * round; unused (may be NULL) without momentum.  Returns the norm of g; 0 when clipping
 * is off.  Cost: the parts of g; with momentum or weight decay, which move parameters
 * without a gradient too, all of it. */
double mmofl_optimizer_step(const mmofl_train_spec *train, const mmofl_ops *ops,
                            double lr, float *w, float *velocity,
                            const mmofl_gradient *g);

#endif
