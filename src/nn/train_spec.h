/* train_spec.h - how one device steps: optimiser, step size, clipping, mini-batches. */
#ifndef MMOFL_NN_TRAIN_SPEC_H
#define MMOFL_NN_TRAIN_SPEC_H

#include "base/option.h"

typedef struct mmofl_train_spec {
    int epochs; /* E: passes over the buffer each round */
    int batch;  /* B: samples in a mini-batch; the last one of a pass may be smaller */
    int optimizer; /* "sgd" */
    double
        momentum; /* heavy ball, PyTorch's SGD convention; starts at zero each round */
    double weight_decay; /* added to the gradient: wd * parameter */
    double clip_norm;    /* gradient scaled down to this 2-norm; 0 = off */
    mmofl_pick lr;       /* step-size schedule, among mmofl_lr_kinds() */
} mmofl_train_spec;

/** Step-size schedules: constant, exponential, inverse_sqrt. */
mmofl_kind_list mmofl_lr_kinds(void);

/** Step size in round t = 1, 2, ... */
double mmofl_lr_at(const mmofl_pick *lr, uint64_t round);

#endif
