/* occlusion.c - something stands before the camera: a rectangle with the picture's own
 * proportions, at a random place, in which all channels have their mean. */
#include <math.h>
#include <string.h>

#include "data/disturbance.h"

typedef struct occlusion_options {
    mmofl_disturbance_share common;
    double area;
} occlusion_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(occlusion_options),
    MMOFL_REAL_OPTION(occlusion_options, area, MMOFL_POSITIVE, 1, "0.25",
                      "share of the picture that is covered, as near as whole pixels "
                      "allow"),
};

/* The nearest whole number within 1 ... most. */
static int pixels(double length, int most)
{
    int n = (int)(length + 0.5);
    return n < 1 ? 1 : n > most ? most : n;
}

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const occlusion_options *o = given;
    int height = modality->shape.dim[0], width = modality->shape.dim[1];
    size_t channels = (size_t)modality->shape.dim[2];
    int rows = pixels(height * sqrt(o->area), height);
    int columns = pixels(o->area * height * width / rows, width);
    int top = mmofl_disturbance_place(rng, height, rows);
    int left = mmofl_disturbance_place(rng, width, columns);
    for (int y = top; y < top + rows; y++)
        memset(x + ((size_t)y * (size_t)width + (size_t)left) * channels, 0,
               (size_t)columns * channels * sizeof *x);
}

const mmofl_disturbance_kind mmofl_disturbance_occlusion = MMOFL_DISTURBANCE(
    "occlusion", MMOFL_FITS_IMAGE, "a rectangle hides a part of the picture",
    occlusion_options, options, disturb);
