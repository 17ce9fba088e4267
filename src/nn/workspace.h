/* workspace.h - the buffers of one thread's passes; inside of nn only (model.h is the
 * door). */
#ifndef MMOFL_NN_WORKSPACE_H
#define MMOFL_NN_WORKSPACE_H

#include "nn/model.h"

/** A chain's buffers: spans by boundary, and the run of each layer. */
typedef struct mmofl_chain_space {
    mmofl_span *value;       /* (n + 1) */
    mmofl_span *gradient;    /* (n + 1); at = NULL where no gradient is wanted */
    mmofl_layer_run *run;    /* (n) */
    bool first;              /* nothing of this gradient went backward yet */
    mmofl_layer_time *times; /* of all layers, by number; NULL: nobody asks */
} mmofl_chain_space;

struct mmofl_workspace {
    mmofl_arena arena;
    int capacity;
    bool training;
    mmofl_chain_space *encoder; /* (M) */
    mmofl_chain_space head;
    int *row; /* (capacity) which samples of the piece an encoder sees */
    uint64_t
        *sample; /* (M + 1, capacity) their numbers in the round; last: the head's */
};

struct mmofl_head_pass {
    mmofl_arena arena;
    const mmofl_model *model;
    int capacity;
    mmofl_chain head; /* the model's, without the input gradient */
    mmofl_chain_space space;
};

#endif
