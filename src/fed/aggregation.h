/* aggregation.h - how the coordinator turns the devices' models into the next one.
 *
 * A rule is one file and one row in rules/rules.h.  Whatever a rule does, its result
 * does not depend on the order in which updates come in: those that add up work on
 * integers (fixed_sum.h), those that compare keep all models of a round and sort.
 *
 * With by_modality (the method fedamm) the vector falls into pieces that are aggregated
 * apart (pieces.h). */
#ifndef MMOFL_FED_AGGREGATION_H
#define MMOFL_FED_AGGREGATION_H

#include "base/arena.h"
#include "base/option.h"
#include "base/ranks.h"
#include "fed/sums.h"
#include "learn/local_rule.h"
#include "learn/message.h"
#include "nn/model.h"

/** What a rule's state is made for. */
typedef struct mmofl_aggregation_setup {
    const void *options;      /* the kind's own struct; outlives the state */
    size_t n;                 /* parameters of a model */
    const mmofl_model *model; /* where its encoders lie; may be NULL: one piece */
    bool by_modality;   /* encoders weigh by the samples that recorded their modality */
    mmofl_arena *arena; /* where state lives */
    uint32_t devices, participants; /* of the fleet, and asked in each round */
    double momentum;                /* of the devices' optimiser */
    const mmofl_ranks *ranks;       /* NULL: alone */
} mmofl_aggregation_setup;

/** An array that must survive a resume, under the name it has in checkpoints. */
typedef struct mmofl_state_array {
    const char *name; /* "state.prototypes.mean" */
    enum { MMOFL_STATE_F32, MMOFL_STATE_F64, MMOFL_STATE_U32 } type;
    size_t n;
    void *data;
} mmofl_state_array;

/** Most of them that any method and rule have together. */
enum { MMOFL_STATE_ARRAYS = 8 };

typedef struct mmofl_aggregation_kind {
    mmofl_kind kind;
    const mmofl_local_kind *local; /* the devices' side; NULL: nothing of the rule's */
    bool keeps_updates; /* holds the models of a round: participants * n floats */
    /** Can the rule work in this setting?  NULL: in any.
     * @retval E_RANGE, E_INFEASIBLE  no, and err says why */
    mmofl_status (*check)(const mmofl_aggregation_setup *setup, mmofl_error *err);
    /** State, or NULL when memory is short. */
    void *(*make)(const mmofl_aggregation_setup *setup);
    /** Start a round; parameters are Theta^t and stay where they are until its end. */
    void (*begin)(void *state, const float *parameters);
    /** Take one device's model.
     * @retval E_NONFINITE, E_RANGE  its numbers cannot be used; nothing changed
     * @retval E_MISSING  the rule's own numbers are not there; nothing changed */
    mmofl_status (*add)(void *state, const mmofl_update *update);
    /** All ranks have taken what is theirs: go on as if each had taken everything.
     * @retval E_RANGE  what they took is too much together; the same on all ranks */
    mmofl_status (*merge)(void *state, const mmofl_ranks *ranks);
    /** List what is added up: it is all that `add` has changed.  NULL: the rule keeps
     * updates apart, so that its coordinator cannot have shards. */
    void (*sums)(void *state, mmofl_sums *sums);
    /** End the round: parameters go from Theta^t to Theta^(t+1); no update, no change.
     */
    void (*finish)(void *state, float *parameters);
    /** What must survive a resume: at most `max` arrays; returns how many.  NULL: none.
     */
    int (*arrays)(void *state, mmofl_state_array *arrays, int max);
    /** The n numbers that go to the devices with the model (local->down).  NULL: none.
     */
    const float *(*down)(const void *state);
} mmofl_aggregation_kind;

/** All rules, each the first member of a mmofl_aggregation_kind. */
mmofl_kind_list mmofl_aggregation_kinds(void);

static inline const mmofl_aggregation_kind *mmofl_aggregation_of(const mmofl_pick *pick)
{
    return (const mmofl_aggregation_kind *)(const void *)pick->kind;
}

/** The devices' side of a picked rule; kind NULL: it has none.  Borrows from pick. */
static inline mmofl_local_rule mmofl_aggregation_local(const mmofl_pick *pick)
{
    return (mmofl_local_rule){mmofl_aggregation_of(pick)->local, pick->options.bytes};
}

#endif
