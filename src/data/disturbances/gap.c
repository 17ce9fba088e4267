/* gap.c - drop-out gaps: for some steps no reading comes through, and what stands in
 * its place is one value for all channels.  Gaps may overlap. */
#include "data/disturbance.h"

typedef struct gap_options {
    mmofl_disturbance_share common;
    double value;
    int length, count;
} gap_options;

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(gap_options),
    MMOFL_INT_OPTION(gap_options, length, 1, 1000000000, "32",
                     "steps of a gap; one longer than the window takes all of it"),
    MMOFL_INT_OPTION(gap_options, count, 1, 1000000, "1",
                     "gaps in a window, at random places"),
    MMOFL_REAL_OPTION(gap_options, value, -1e6, 1e6, "0",
                      "what stands in a gap, in standard deviations from the mean"),
};

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const gap_options *o = given;
    int T = modality->shape.dim[0], C = modality->shape.dim[1];
    int n = o->length < T ? o->length : T;
    for (int gap = 0; gap < o->count; gap++) {
        size_t first = (size_t)mmofl_disturbance_place(rng, T, n) * (size_t)C;
        for (size_t i = 0; i < (size_t)n * (size_t)C; i++)
            x[first + i] = (float)o->value;
    }
}

const mmofl_disturbance_kind mmofl_disturbance_gap = MMOFL_DISTURBANCE(
    "gap", MMOFL_FITS_SEQUENCE, "for some steps no reading comes through", gap_options,
    options, disturb);
