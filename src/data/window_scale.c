/* window_scale.c - mean, then deviation, then the values: two passes, because the
 * difference of squares would lose all digits of a channel that hardly moves around a
 * large mean (an accelerometer at rest under gravity).
 *
 * It runs whenever a sample is fetched, and a running sum of one channel must wait for
 * each addition.  So values are dealt out to lanes: as many whole positions as fit
 * stand beside each other, each lane sums one channel of every so-manieth position, and
 * lanes of one channel are added at the end.  Where a position is wider than the lanes,
 * stripes of channels take turns.  The order of all sums is written down here and left
 * alone by compilers, so vector code gives the same bits as plain code. */
#include <math.h>

#include "data/window_scale.h"

enum { LANES = 32 };

/* A stripe: rows of `width` <= LANES lanes, `step` values apart; lane l belongs to
 * channel l % channels; `tail` lanes of one more row at the end. */
typedef struct stripe {
    size_t rows, step, width, channels, tail;
} stripe;

/* The mean over each channel of (x - around)^power, power 1 or 2, in all its lanes. */
static void mean_power(const stripe *s, const float *x, const double around[LANES],
                       int power, double mean[LANES])
{
    double sum[LANES] = {0};
    for (size_t r = 0; r <= s->rows; r++) {
        const float *row = x + r * s->step;
        size_t width = r < s->rows ? s->width : s->tail;
        for (size_t l = 0; l < width; l++) {
            double d = (double)row[l] - around[l];
            sum[l] += power == 1 ? d : d * d;
        }
    }
    size_t groups = s->width / s->channels, left = s->tail / s->channels;
    double positions = (double)(s->rows * groups + left);
    for (size_t c = 0; c < s->channels; c++) {
        double all = 0;
        for (size_t g = 0; g < groups; g++)
            all += sum[g * s->channels + c];
        for (size_t g = 0; g < groups; g++)
            mean[g * s->channels + c] = all / positions;
    }
}

static void scale_stripe(const stripe *s, const float *x, float *out)
{
    static const double zero[LANES];
    double mean[LANES] = {0}, variance[LANES] = {0}, scale[LANES] = {0};
    mean_power(s, x, zero, 1, mean);
    mean_power(s, x, mean, 2, variance);
    for (size_t l = 0; l < s->width; l++)
        scale[l] = 1 / (sqrt(variance[l]) + MMOFL_WINDOW_SCALE_EPSILON);
    for (size_t r = 0; r <= s->rows; r++) {
        size_t at = r * s->step, width = r < s->rows ? s->width : s->tail;
        for (size_t l = 0; l < width; l++)
            out[at + l] = (float)(((double)x[at + l] - mean[l]) * scale[l]);
    }
}

void mmofl_window_scale(size_t rows, size_t channels, const float *x, float *out)
{
    if (channels <= LANES) {
        size_t groups = LANES / channels, width = groups * channels;
        stripe s = {.rows = rows / groups,
                    .step = width,
                    .width = width,
                    .channels = channels,
                    .tail = rows % groups * channels};
        scale_stripe(&s, x, out);
        return;
    }
    for (size_t first = 0, width; first < channels; first += width) {
        width = channels - first < LANES ? channels - first : LANES;
        stripe s = {.rows = rows, .step = channels, .width = width, .channels = width};
        scale_stripe(&s, x + first, out + first);
    }
}
