/* prototype_history.h - the prototypes of a run over its rounds, as arrays.
 *
 * Shapes: R rounds, M modalities by name, K classes, D features of all modalities. */
#ifndef MMOFL_STORE_PROTOTYPE_HISTORY_H
#define MMOFL_STORE_PROTOTYPE_HISTORY_H

#include "base/arena.h"
#include "store/run_store.h"

typedef struct mmofl_prototype_history {
    mmofl_arena arena;                                    /* owns all of it */
    size_t n_rounds, n_modalities, n_classes, n_features; /* R, M, K, D; R 0: none */
    int64_t *round;                                       /* (R) ascending */
    const char **modality;                                /* (M) */
    int64_t *at;   /* (M + 1) first feature of each modality; at[M] = D */
    float *mean;   /* (R, K, D) */
    int64_t *seen; /* (R, M, K) updates so far; 0 = does not exist yet */
} mmofl_prototype_history;

/** Read them; a run without prototypes gives R = 0.
 * @retval MMOFL_E_CORRUPT  a round has not the rows that the first one has
 * @retval those of run_store.h
 * On success the caller owns it: mmofl_prototype_history_free.
 * Cost: two walks over the rows. */
MMOFL_CHECKED mmofl_status
mmofl_prototype_history_load(mmofl_run_store *store, int64_t run,
                             mmofl_prototype_history *history, mmofl_error *err);

/** NULL is allowed. */
void mmofl_prototype_history_free(mmofl_prototype_history *history);

#endif
