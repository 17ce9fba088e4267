/* image.c - which decoder, the limits, and the small square.
 *
 * A pixel of the square is a weighted mean of source pixels, the weight being the
 * product of one for its column and one for its row.  With lengths counted in fractions
 * of a source pixel that make both grids whole, the weights are whole numbers too, and
 * the sums are exact: the square depends on nothing but the decoded pixels. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_parts.h"

enum { CHANNELS = 3 };

static_assert((size_t)MMOFL_IMAGE_PIXELS <= SIZE_MAX / 4, "a picture fits in memory");

mmofl_status mmofl_picture_new(size_t width, size_t height, mmofl_picture *picture,
                               mmofl_error *err)
{
    if (width == 0 || height == 0)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "a picture of %zu x %zu pixels", width,
                          height);
    if (width > MMOFL_IMAGE_SIDE || height > MMOFL_IMAGE_SIDE ||
        width * height > MMOFL_IMAGE_PIXELS)
        return mmofl_fail(err, MMOFL_E_LIMIT,
                          "%zu x %zu pixels, more than %d a side or %d at all", width,
                          height, MMOFL_IMAGE_SIDE, MMOFL_IMAGE_PIXELS);
    picture->rgb = malloc(width * height * CHANNELS);
    if (!picture->rgb)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu x %zu pixels", width,
                          height);
    picture->width = (int)width;
    picture->height = (int)height;
    return MMOFL_OK;
}

static mmofl_status decode(const unsigned char *bytes, size_t size,
                           mmofl_picture *picture, mmofl_error *err)
{
    static const unsigned char jpeg[] = {0xff, 0xd8},
                               png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size == 0)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "an empty file");
    if (size >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0)
        return mmofl_image_jpeg(bytes, size, picture, err);
    if (size >= sizeof png && memcmp(bytes, png, sizeof png) == 0)
        return mmofl_image_png(bytes, size, picture, err);
    return mmofl_fail(err, MMOFL_E_SYNTAX, "neither JPEG nor PNG");
}

/* --- scaling ---------------------------------------------------------------------- */

/* One axis: `from` source pixels become `to`. */
struct axis {
    int64_t from, to;
};

/* How much source pixel i counts in pixel x.  Shrinking: the length that they share, in
 * units of 1 / to of a source pixel.  Enlarging: what linear interpolation between
 * the centres of source pixels gives, in units of 1 / (2 to); beyond the outermost
 * centre only one pixel is left, which then counts alone. */
static int64_t weight(struct axis axis, int64_t i, int64_t x)
{
    if (axis.from < axis.to) {
        int64_t apart = llabs((2 * i + 1) * axis.to - (2 * x + 1) * axis.from);
        return apart < 2 * axis.to ? 2 * axis.to - apart : 0;
    }
    int64_t low = i * axis.to, high = low + axis.to;
    low = low > x * axis.from ? low : x * axis.from;
    high = high < (x + 1) * axis.from ? high : (x + 1) * axis.from;
    return high > low ? high - low : 0;
}

/* The source pixels that count in pixel x: *first up to, not including, *end. */
static void find_support(struct axis axis, int64_t x, int64_t *first, int64_t *end)
{
    int64_t i = x * axis.from / axis.to;
    while (i > 0 && weight(axis, i - 1, x) > 0)
        i--;
    *first = i;
    i = x * axis.from / axis.to + 1;
    while (i < axis.from && weight(axis, i, x) > 0)
        i++;
    *end = i;
}

/* One pixel (row y, column x) of the square; corner is the crop's first source pixel,
 * stride the bytes from one source row to the next. */
static void mean_pixel(const unsigned char *corner, size_t stride, struct axis axis,
                       int y, int x, float out[CHANNELS])
{
    int64_t left, right, top, bottom, total = 0, sum[CHANNELS] = {0};
    find_support(axis, x, &left, &right);
    find_support(axis, y, &top, &bottom);
    for (int64_t row = top; row < bottom; row++) {
        int64_t row_weight = weight(axis, row, y);
        const unsigned char *pixel =
            corner + (size_t)row * stride + (size_t)left * CHANNELS;
        for (int64_t column = left; column < right; column++) {
            int64_t w = row_weight * weight(axis, column, x);
            total += w;
            for (int c = 0; c < CHANNELS; c++)
                sum[c] += w * *pixel++;
        }
    }
    for (int c = 0; c < CHANNELS; c++)
        out[c] = (float)((double)sum[c] / (double)total);
}

static void scale_square(const mmofl_picture *picture, int side, float *out)
{
    int width = picture->width, height = picture->height;
    struct axis axis = {width < height ? width : height, side};
    size_t stride = (size_t)width * CHANNELS;
    const unsigned char *corner = picture->rgb +
                                  (size_t)(height - axis.from) / 2 * stride +
                                  (size_t)(width - axis.from) / 2 * CHANNELS;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++, out += CHANNELS)
            mean_pixel(corner, stride, axis, y, x, out);
}

mmofl_status mmofl_image_square(const void *bytes, size_t size, const char *name,
                                int side, float *out, mmofl_error *err)
{
    assert(side >= 1 && side <= MMOFL_IMAGE_SIDE);
    mmofl_picture picture;
    mmofl_error local = {0};
    mmofl_status st = decode(bytes, size, &picture, &local);
    if (st)
        return mmofl_fail(err, st, "%s: %s", name, local.text);
    scale_square(&picture, side, out);
    free(picture.rgb);
    return MMOFL_OK;
}
