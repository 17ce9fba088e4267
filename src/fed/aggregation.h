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

typedef struct mmofl_aggregation_kind {
    mmofl_kind kind;
    /** State for models of n parameters, in arena; NULL when memory is short. */
    void *(*make)(const void *options, size_t n, mmofl_arena *arena);
    /** Start a round. */
    void (*begin)(void *state);
    /** Take one device's model.
     * @retval E_NONFINITE, E_RANGE  its parameters cannot be used; nothing changed */
    mmofl_status (*add)(void *state, const mmofl_update *update);
    /** End the round: parameters go from Theta^t to Theta^(t+1); no update, no change.
     */
    void (*finish)(void *state, float *parameters);
} mmofl_aggregation_kind;

/** All rules, each the first member of a mmofl_aggregation_kind.  Now: fedavg. */
mmofl_kind_list mmofl_aggregation_kinds(void);

extern const mmofl_aggregation_kind mmofl_fedavg;

#endif
