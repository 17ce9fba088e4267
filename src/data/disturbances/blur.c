/* blur.c - out of focus: the picture is convolved with a Gaussian, along rows and then
 * along columns, its edge pixels standing for what lies outside.
 *
 * A line is filtered in place: what comes after position i is still as it was, and what
 * came before is kept in a ring of the last few positions.  Rows and columns differ in
 * their strides only, and `lanes` neighbouring values (the channels of a pixel; a
 * stretch of a picture's row) go together, as vector code.  The bits depend on neither.
 */
#include <string.h>

#include "base/elementary.h"
#include "data/disturbance.h"

typedef struct blur_options {
    mmofl_disturbance_share common;
    double sigma;
} blur_options;

/* The kernel ends at three sigma; RING is a power of two > RADIUS. */
enum { LARGEST_SIGMA = 20, RADIUS = 3 * LARGEST_SIGMA, RING = 64, LANES = 32 };

static const mmofl_option options[] = {
    MMOFL_SHARE_OPTION(blur_options),
    MMOFL_REAL_OPTION(blur_options, sigma, 0.1, LARGEST_SIGMA, "1",
                      "standard deviation of the Gaussian, in pixels"),
};

typedef struct kernel {
    int radius;
    float weight[RADIUS + 1]; /* of the middle and of both sides; they sum up to 1 */
} kernel;

/* exp(-k^2 / 2 sigma^2) by q^(k^2) = q^((k-1)^2) q^(2k-1). */
static void make_kernel(double sigma, kernel *made)
{
    double w[RADIUS + 1] = {1}, sum = 1;
    double q = mmofl_exp(-1 / (2 * sigma * sigma)), odd = q;
    made->radius = (int)(3 * sigma);
    made->radius += made->radius < 3 * sigma;
    for (int k = 1; k <= made->radius; k++) {
        w[k] = w[k - 1] * odd;
        odd *= q * q;
        sum += 2 * w[k];
    }
    for (int k = 0; k <= made->radius; k++)
        made->weight[k] = (float)(w[k] / sum);
}

/* One line of n positions that are `step` apart, `lanes` <= LANES values at each. */
static void filter_line(const kernel *by, float *x, int n, size_t step, size_t lanes)
{
    float ring[RING][LANES], sum[LANES];
    size_t bytes = lanes * sizeof *x;
    for (int k = 1; k <= by->radius; k++)
        memcpy(ring[RING - k], x, bytes); /* before the first position */
    for (int i = 0; i < n; i++) {
        float *at = x + (size_t)i * step;
        memcpy(ring[i % RING], at, bytes);
        for (size_t l = 0; l < lanes; l++)
            sum[l] = by->weight[0] * at[l];
        for (int k = 1; k <= by->radius; k++) {
            const float *before = ring[(i - k + RING) % RING];
            const float *after = x + (size_t)(i + k < n ? i + k : n - 1) * step;
            for (size_t l = 0; l < lanes; l++)
                sum[l] += by->weight[k] * (before[l] + after[l]);
        }
        memcpy(at, sum, bytes);
    }
}

/* Lines beside each other: `width` values at each position. */
static void filter(const kernel *by, float *x, int n, size_t step, size_t width)
{
    for (size_t first = 0, lanes; first < width; first += lanes) {
        lanes = width - first < LANES ? width - first : LANES;
        filter_line(by, x + first, n, step, lanes);
    }
}

static void disturb(const void *given, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x)
{
    const blur_options *o = given;
    int height = modality->shape.dim[0], width = modality->shape.dim[1];
    size_t channels = (size_t)modality->shape.dim[2], row = channels * (size_t)width;
    kernel by = {0};
    (void)rng;
    make_kernel(o->sigma, &by);
    for (int y = 0; y < height; y++)
        filter(&by, x + (size_t)y * row, width, channels, channels);
    filter(&by, x, height, row, row);
}

const mmofl_disturbance_kind mmofl_disturbance_blur =
    MMOFL_DISTURBANCE("blur", MMOFL_FITS_IMAGE, "the picture is out of focus",
                      blur_options, options, disturb);
