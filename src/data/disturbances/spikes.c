/* spikes.c - single values jump up or down (loose contacts, bit errors). */
#include "data/disturbance.h"

typedef struct spikes_options {
    mmofl_disturbance_share common;
    double height;
    int count;
} spikes_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(spikes_options),
    MMOFL_INT_OPTION(spikes_options, count, 1, 1000000, "8",
                     "spikes in a window, at random steps and channels; two may meet"),
    MMOFL_REAL_OPTION(spikes_options, height, MMOFL_POSITIVE, 1e6, "8",
                      "what a spike adds or takes away, in standard deviations"),
};

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const spikes_options *o = given;
    uint64_t values = mmofl_shape_count(modality->shape);
    for (int i = 0; i < o->count; i++) {
        float *at = x + mmofl_rng_below(rng, values);
        *at += (float)(mmofl_rng_bits(rng) >> 63 ? o->height : -o->height);
    }
}

const mmofl_disturbance_kind mmofl_disturbance_spikes =
    MMOFL_DISTURBANCE("spikes", MMOFL_FITS_SEQUENCE, "single values jump up or down",
                      spikes_options, options, disturb);
