/* gauss.c - white noise: x + N(0, sigma^2), each value for itself.  SNR in dB is
 * -20 log10 sigma, the signal having variance 1. */
#include "base/noise.h"
#include "data/disturbance.h"

enum { PIECE = 8 * MMOFL_NOISE_LANES };

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

static void disturb(const void *given, mmofl_rng *rng, float *x, int T, int C)
{
    const gauss_options *o = given;
    float piece[PIECE], sigma = (float)o->sigma;
    mmofl_noise noise = mmofl_noise_open(rng);
    for (size_t left = (size_t)T * (size_t)C, n; left > 0; left -= n, x += n) {
        n = left < PIECE ? left : PIECE;
        mmofl_noise_fill(&noise, piece, n);
        for (size_t i = 0; i < n; i++)
            x[i] += sigma * piece[i];
    }
}

const mmofl_disturbance_kind mmofl_disturbance_gauss = MMOFL_DISTURBANCE(
    "gauss", "Gaussian noise is added to each value", gauss_options, options, disturb);
