/* hindsight.h - everything a fleet sees in a run, as one function of the model:
 *
 *   J(Theta) = sum_{t=1..T} F_t(Theta),   F_t(Theta) = mean over the devices that take
 *   part in round t and get new samples, of the mean cross-entropy on those samples
 *
 * The sum that regret compares with (METHOD.md section 1).  Features of missing
 * modalities are zeros (or the encoder's answer to zeros, with `zeros`).  Sums run over
 * devices in fixed blocks, blocks in order: the same bits at any thread count.  Values
 * are made once and kept where all of them fit into 256 MiB (or cache_limit); else anew
 * at each call, as the stream makes them: the same numbers. */
#ifndef MMOFL_SIM_HINDSIGHT_H
#define MMOFL_SIM_HINDSIGHT_H

#include "sim/simulation.h"

typedef struct mmofl_hindsight mmofl_hindsight;

typedef struct mmofl_hindsight_setup {
    const mmofl_simulation *fleet; /* must outlive it; its rounds do not matter */
    int rounds;                    /* T */
    bool undisturbed;              /* the complete, clean twins of what was seen */
    bool zeros;                    /* the method's (method.h) */
    size_t cache_limit;            /* bytes; 0: 256 MiB */
    long fail_after;
} mmofl_hindsight_setup;

/** @retval E_MISSING  no sample arrives in all rounds */
MMOFL_CHECKED mmofl_status mmofl_hindsight_new(const mmofl_hindsight_setup *setup,
                                               mmofl_hindsight **hindsight,
                                               mmofl_error *err);
void mmofl_hindsight_delete(mmofl_hindsight *hindsight);

/** Rounds in which something arrives: 1 ... T of them. */
int mmofl_hindsight_rounds(const mmofl_hindsight *hindsight);

/** J, and its gradient (n_parameters) if not NULL.  Cost: a training pass over all
 * samples that ever arrived. */
double mmofl_hindsight_sum(mmofl_hindsight *hindsight, const float *parameters,
                           double *gradient);

/** F_t (t = 1 ... T; loss has T numbers, loss[t - 1]); NaN where nothing arrives.
 * Cost: a forward pass over the same. */
void mmofl_hindsight_losses(mmofl_hindsight *hindsight, const float *parameters,
                            double *loss);

/** F_t of one round. */
double mmofl_hindsight_loss(mmofl_hindsight *hindsight, const float *parameters,
                            int round);

/** The largest mean over one device's new samples in one round of |(z, 1)|, z the
 * fused features; parameters count where encoders have any. */
double mmofl_hindsight_largest_norm(mmofl_hindsight *hindsight,
                                    const float *parameters);

#endif
