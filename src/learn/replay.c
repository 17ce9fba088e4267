/* replay.c - which pseudo samples, and their features.
 *
 * Every draw takes the same three numbers from the stream, so that neither p_mask nor
 * the prototypes that exist change which classes are drawn. */
#include <string.h>

#include "learn/replay.h"

mmofl_rng mmofl_replay_open(uint64_t seed, uint64_t device, uint64_t round)
{
    return mmofl_rng_open(seed, device, round, MMOFL_USE_REPLAY);
}

mmofl_replayed mmofl_replay_draw(mmofl_rng *rng, const mmofl_model *model,
                                 const mmofl_prototypes *prototypes, double p_mask)
{
    mmofl_replayed sample = {.lost = -1, .weight = 1};
    sample.label = (int32_t)mmofl_rng_below(rng, (uint64_t)model->classes);
    bool masked = mmofl_rng_uniform(rng) < p_mask;
    int lost = (int)mmofl_rng_below(rng, (uint64_t)model->n_encoders);
    if (masked && model->n_encoders > 1)
        sample.lost = lost;
    for (int e = 0; e < model->n_encoders; e++)
        if (!mmofl_prototype_exists(prototypes, model, e, sample.label))
            sample.weight = 0;
    return sample;
}

void mmofl_replay_features(const mmofl_replayed *sample, const mmofl_model *model,
                           const mmofl_prototypes *prototypes, float *z)
{
    memcpy(z, prototypes->mean + (size_t)sample->label * model->features,
           model->features * sizeof *z);
    if (sample->lost >= 0) {
        const mmofl_encoder *lost = &model->encoder[sample->lost];
        memset(z + lost->at, 0, lost->features * sizeof *z);
    }
}
