/* salt_pepper.c - dead pixels: some are black, as many are white.
 *
 * Black and white are the ends of the sensor's range, not of this picture's, so they
 * are options and not the sample's own extremes: a dark picture gets white pixels, too.
 * In standardised values the range of 8 bits is about -2 to 2 for photographs (mean
 * 0.45, deviation 0.25 of the range); values that are left as they are
 * (data.standardize: none) want their own. */
#include "data/disturbance.h"

typedef struct salt_pepper_options {
    mmofl_disturbance_share common;
    double pixels, low, high;
} salt_pepper_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(salt_pepper_options),
    MMOFL_REAL_OPTION(salt_pepper_options, pixels, 0, 1, "0.1",
                      "share of the pixels that are black or white, each half of them"),
    MMOFL_REAL_OPTION(salt_pepper_options, low, -1e6, 1e6, "-2",
                      "all channels of a black pixel, in standard deviations from the "
                      "mean"),
    MMOFL_REAL_OPTION(salt_pepper_options, high, -1e6, 1e6, "2",
                      "all channels of a white pixel, in standard deviations from the "
                      "mean"),
};

/* One random number for each pixel says whether and which. */
static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const salt_pepper_options *o = given;
    size_t channels = (size_t)modality->shape.dim[2];
    for (size_t left = mmofl_shape_count(modality->shape) / channels; left > 0;
         left--) {
        double u = mmofl_rng_uniform(rng);
        float value = (float)(u < o->pixels / 2 ? o->low : o->high);
        for (size_t c = 0; c < channels && u < o->pixels; c++)
            x[c] = value;
        x += channels;
    }
}

const mmofl_disturbance_kind mmofl_disturbance_salt_pepper =
    MMOFL_DISTURBANCE("salt_pepper", MMOFL_FITS_IMAGE, "some pixels are black or white",
                      salt_pepper_options, options, disturb);
