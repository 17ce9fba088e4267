/* aggregation.h - how the coordinator turns the devices' models into the next one.
 *
 * A rule is one file and one row in aggregation.c.  Rules that only add up work on
 * integers (fixed_sum.h), so their result does not depend on the order in which updates
 * come in. */
#ifndef MMOFL_FED_AGGREGATION_H
#define MMOFL_FED_AGGREGATION_H

#include "base/arena.h"
#include "base/option.h"
#include "learn/message.h"
#include "nn/model.h"

/** What a rule's state is made for. */
typedef struct mmofl_aggregation_setup {
    const void *options;      /* the kind's own struct */
    size_t n;                 /* parameters of a model */
    const mmofl_model *model; /* where its encoders lie; may be NULL: one piece */
    bool by_modality;   /* encoders weigh by the samples that recorded their modality */
    mmofl_arena *arena; /* where state lives */
} mmofl_aggregation_setup;

/** An array that must survive a resume, under the name it has in checkpoints. */
typedef struct mmofl_state_array {
    const char *name; /* "state.prototypes.mean" */
    enum { MMOFL_STATE_F32, MMOFL_STATE_F64, MMOFL_STATE_U32 } type;
    size_t n;
    void *data;
} mmofl_state_array;

typedef struct mmofl_aggregation_kind {
    mmofl_kind kind;
    /** State, or NULL when memory is short. */
    void *(*make)(const mmofl_aggregation_setup *setup);
    /** Start a round. */
    void (*begin)(void *state);
    /** Take one device's model.
     * @retval E_NONFINITE, E_RANGE  its parameters cannot be used; nothing changed */
    mmofl_status (*add)(void *state, const mmofl_update *update);
    /** End the round: parameters go from Theta^t to Theta^(t+1); no update, no change.
     */
    void (*finish)(void *state, float *parameters);
    /** What must survive a resume: at most `max` arrays; returns how many.  NULL: none.
     */
    int (*arrays)(void *state, mmofl_state_array *arrays, int max);
} mmofl_aggregation_kind;

/** All rules, each the first member of a mmofl_aggregation_kind.  Now: fedavg. */
mmofl_kind_list mmofl_aggregation_kinds(void);

extern const mmofl_aggregation_kind mmofl_fedavg;

#endif
