/* saturation.c - the sensor's range is too small: values are cut off at +-limit. */
#include "data/disturbance.h"

typedef struct saturation_options {
    mmofl_disturbance_share common;
    double limit;
} saturation_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(saturation_options),
    MMOFL_REAL_OPTION(saturation_options, limit, 0, 1e6, "0.5",
                      "largest distance from the mean that is told, in standard "
                      "deviations"),
};

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const saturation_options *o = given;
    size_t n = mmofl_shape_count(modality->shape);
    (void)rng;
    float limit = (float)o->limit;
    for (size_t i = 0; i < n; i++) {
        x[i] = x[i] > limit ? limit : x[i];
        x[i] = x[i] < -limit ? -limit : x[i];
    }
}

const mmofl_disturbance_kind mmofl_disturbance_saturation = MMOFL_DISTURBANCE(
    "saturation", MMOFL_FITS_SEQUENCE, "values are cut off at the ends of the range",
    saturation_options, options, disturb);
