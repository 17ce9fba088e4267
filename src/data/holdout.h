/* holdout.h - training samples that no device trains on, to choose among models without
 * a look at the test part.
 *
 * The same share of each owner's samples (FedMultimodal's rule: a fifth, rounded down),
 * drawn by the seed: who is in the fleet is in the validation part, as nobody of the
 * test part need be.  Channel statistics stay those of the whole training part. */
#ifndef MMOFL_DATA_HOLDOUT_H
#define MMOFL_DATA_HOLDOUT_H

#include "base/arena.h"
#include "mmofl/dataset.h"

typedef struct mmofl_holdout {
    size_t n;               /* 0: nothing is held out */
    const uint32_t *sample; /* (n) training samples, ascending */
} mmofl_holdout;

/** Draw floor(share * owner's samples) of each owner; share in [0, 1).  In arena.
 * Cost: O(n) for n training samples, and a sort of owners.
 * @retval MMOFL_E_INFEASIBLE  share is not 0, but that of the largest owner is less
 *                             than one sample
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_holdout_make(const mmofl_dataset *set, double share,
                                              uint64_t seed, mmofl_arena *arena,
                                              mmofl_holdout *out, mmofl_error *err);

#endif
