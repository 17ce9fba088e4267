/* stuck.c - stuck-at fault: from some step on the sensor repeats what it read there. */
#include <string.h>

#include "data/disturbance.h"

typedef struct stuck_options {
    mmofl_disturbance_share common;
    double part;
} stuck_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(stuck_options),
    MMOFL_REAL_OPTION(stuck_options, part, MMOFL_POSITIVE, 1, "1",
                      "part of the window in which the reading stands still, at a "
                      "random place"),
};

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const stuck_options *o = given;
    int T = modality->shape.dim[0], C = modality->shape.dim[1];
    size_t channels = (size_t)C;
    int n = (int)(o->part * T + 0.5), first = mmofl_disturbance_place(rng, T, n);
    for (int t = first + 1; t < first + n; t++)
        memcpy(x + (size_t)t * channels, x + (size_t)first * channels,
               channels * sizeof *x);
}

const mmofl_disturbance_kind mmofl_disturbance_stuck =
    MMOFL_DISTURBANCE("stuck", MMOFL_FITS_SEQUENCE, "the reading stands still",
                      stuck_options, options, disturb);
