/* replay.h - pseudo samples made of class prototypes (QQR's term A2, METHOD.md
 * section 6).
 *
 * Class uniform over all K; the features of every modality are the class's prototypes;
 * with probability p_mask the slot of one modality, drawn uniformly, is zero.  A class
 * that lacks a prototype in some modality is drawn like any other and counts nothing.
 */
#ifndef MMOFL_LEARN_REPLAY_H
#define MMOFL_LEARN_REPLAY_H

#include "base/rng.h"
#include "learn/prototypes.h"

typedef struct mmofl_replayed {
    int32_t label;
    int lost;     /* encoder whose slot is zero; -1: none */
    float weight; /* 1, or 0: some prototype of the class does not exist */
} mmofl_replayed;

/** The stream of random numbers that a device's round draws from, sample by sample. */
mmofl_rng mmofl_replay_open(uint64_t seed, uint64_t device, uint64_t round);

/** Draw the next pseudo sample. */
mmofl_replayed mmofl_replay_draw(mmofl_rng *rng, const mmofl_model *model,
                                 const mmofl_prototypes *prototypes, double p_mask);

/** Write its features (D). */
void mmofl_replay_features(const mmofl_replayed *sample, const mmofl_model *model,
                           const mmofl_prototypes *prototypes, float *z);

#endif
