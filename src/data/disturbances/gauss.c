/* gauss.c - white noise: x + N(0, sigma^2), each value for itself.  SNR in dB is
 * -20 log10 sigma, the signal having variance 1. */
#include "data/disturbance.h"

typedef struct gauss_options {
    mmofl_disturbance_share common;
    double sigma;
} gauss_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(gauss_options),
    MMOFL_REAL_OPTION(gauss_options, sigma, MMOFL_POSITIVE, 1e6, NULL,
                      "standard deviation of the noise, in standard deviations of the "
                      "signal"),
};

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const gauss_options *o = given;
    mmofl_disturbance_add_noise(rng, (float)o->sigma, x,
                                mmofl_shape_count(modality->shape));
}

const mmofl_disturbance_kind mmofl_disturbance_gauss = MMOFL_DISTURBANCE(
    "gauss", MMOFL_FITS_REALS, "Gaussian noise is added to each value", gauss_options,
    options, disturb);
