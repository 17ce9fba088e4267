/* drift.c - amplification and zero point wander in a straight line over the window:
 *
 *   x[t] (1 + g t/T) + o t/T,   t = 1 ... T
 *
 * with g and o drawn for each channel, uniform within the options. */
#include "data/disturbance.h"

typedef struct drift_options {
    mmofl_disturbance_share common;
    double gain, offset;
} drift_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(drift_options),
    MMOFL_REAL_OPTION(drift_options, gain, 0, 1e6, "1",
                      "largest relative change of the amplification, up or down, at "
                      "the window's end"),
    MMOFL_REAL_OPTION(drift_options, offset, 0, 1e6, "0",
                      "largest shift of the zero point, up or down, at the window's "
                      "end, in standard deviations"),
};

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const drift_options *o = given;
    int T = modality->shape.dim[0], C = modality->shape.dim[1];
    for (int c = 0; c < C; c++) {
        float gain = (float)(o->gain * (2 * mmofl_rng_uniform(rng) - 1));
        float offset = (float)(o->offset * (2 * mmofl_rng_uniform(rng) - 1));
        for (int t = 0; t < T; t++) {
            float *at = x + (size_t)t * (size_t)C + c, part = (float)(t + 1) / (float)T;
            *at = *at * (1 + gain * part) + offset * part;
        }
    }
}

const mmofl_disturbance_kind mmofl_disturbance_drift = MMOFL_DISTURBANCE(
    "drift", MMOFL_FITS_SEQUENCE, "amplification and zero point wander over the window",
    drift_options, options, disturb);
