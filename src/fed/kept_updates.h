/* kept_updates.h - all models of a round side by side, for rules that compare them.
 *
 * Rows stand in the order in which they came, after a merge those of rank 0 first; what
 * reads them must not depend on it.
 * Any finite number is taken, however absurd: to live with it is what these rules are
 * for. */
#ifndef MMOFL_FED_KEPT_UPDATES_H
#define MMOFL_FED_KEPT_UPDATES_H

#include "fed/pieces.h"

typedef struct mmofl_kept_updates {
    mmofl_pieces pieces;
    size_t n;         /* parameters */
    uint32_t updates; /* P, of this round so far */
    float *model;     /* (participants, n) */
    uint64_t *device; /* (participants) */
    bool *has;        /* (participants, pieces): has the device a say in the piece? */
    int32_t *column;  /* (participants) scratch */
    const mmofl_ranks *ranks;
    int64_t *of_rank; /* (ranks) updates of each */
    size_t *start;    /* (ranks + 1) scratch */
} mmofl_kept_updates;

/** @retval E_MEMORY */
MMOFL_CHECKED mmofl_status
mmofl_kept_updates_init(mmofl_kept_updates *kept, const mmofl_aggregation_setup *setup);

static inline const float *mmofl_kept_model(const mmofl_kept_updates *kept,
                                            uint32_t row)
{
    return kept->model + row * kept->n;
}

/** Keep a model.  @retval E_NONFINITE  it holds NaN or infinity; nothing changed */
MMOFL_CHECKED mmofl_status mmofl_kept_updates_add(mmofl_kept_updates *kept,
                                                  const mmofl_update *update);

/** merge of a rule whose state begins with a mmofl_kept_updates: the models of all
 * ranks are kept by each. */
mmofl_status mmofl_kept_updates_merge(void *state, const mmofl_ranks *ranks);

/** Parameter by parameter: x[i] = the mean of what is left of the devices' values when
 * the `cut` smallest and the `cut` largest are gone, cut = trim(of_rule, values).
 * A piece in which nobody has a say stays.  All ranks call it, each does a block of the
 * parameters.  Cost: O(n P log P / ranks). */
void mmofl_kept_updates_middle(mmofl_kept_updates *kept, float *x,
                               uint32_t (*trim)(const void *of_rule, uint32_t values),
                               const void *of_rule);

#endif
