/* snr.c - white noise at a signal-to-noise ratio of the sample's own: N(0, P
 * 10^(-db/10)) with P the mean square of its values.  Where gauss is equally loud for
 * all samples, this is loud for a loud one: a bad line, not a noisy room.  Silence
 * stays silence. */
#include <math.h>

#include "base/elementary.h"
#include "data/disturbance.h"

typedef struct snr_options {
    mmofl_disturbance_share common;
    double db;
} snr_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(snr_options),
    MMOFL_REAL_OPTION(snr_options, db, -200, 200, NULL,
                      "power of the sample over that of the noise, in decibels"),
};

/* Four running sums, so that one addition need not wait for the one before. */
static double mean_square(const float *x, size_t n)
{
    double sum[4] = {0};
    for (size_t i = 0; i < n; i++)
        sum[i & 3] += (double)x[i] * (double)x[i];
    return (sum[0] + sum[1] + (sum[2] + sum[3])) / (double)n;
}

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    static const double half_a_decibel = 0.11512925464970229; /* ln 10 / 20 */
    const snr_options *o = given;
    size_t n = mmofl_shape_count(modality->shape);
    double sigma = sqrt(mean_square(x, n)) * mmofl_exp(-o->db * half_a_decibel);
    mmofl_disturbance_add_noise(rng, (float)sigma, x, n);
}

const mmofl_disturbance_kind mmofl_disturbance_snr = MMOFL_DISTURBANCE(
    "snr", MMOFL_FITS_REALS, "noise is added that is as loud as the sample itself says",
    snr_options, options, disturb);
