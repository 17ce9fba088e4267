/* image_png.c - PNG through libpng's simplified reader.
 *
 * We walk over the chunks first: a file that was cut off is then told from a damaged
 * one, and the size is known before libpng takes memory.  libpng's warnings are let
 * pass, unlike TurboJPEG's: they are about colour profiles and texts, never about
 * pixels. */
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_parts.h"

enum { SIGNATURE = 8, AROUND = 12 /* length, type, and checksum of a chunk */ };

static size_t big_endian(const unsigned char *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

/* Is every chunk there, from IHDR to IEND? */
static mmofl_status check_chunks(const unsigned char *bytes, size_t size,
                                 mmofl_error *err)
{
    for (size_t at = SIGNATURE; size - at >= AROUND;) {
        size_t length = big_endian(bytes + at);
        const unsigned char *type = bytes + at + 4;
        if (at == SIGNATURE && (memcmp(type, "IHDR", 4) != 0 || length != 13))
            return mmofl_fail(err, MMOFL_E_CORRUPT, "does not start with its size");
        if (length > size - at - AROUND)
            break;
        if (memcmp(type, "IEND", 4) == 0)
            return MMOFL_OK;
        at += AROUND + length;
    }
    return mmofl_fail(err, MMOFL_E_TRUNCATED, "ends in the middle");
}

static mmofl_status refuse(const png_image *image, mmofl_error *err)
{
    mmofl_status st =
        strstr(image->message, "memory") ? MMOFL_E_MEMORY : MMOFL_E_CORRUPT;
    return mmofl_fail(err, st, "%s", image->message);
}

mmofl_status mmofl_image_png(const unsigned char *bytes, size_t size,
                             mmofl_picture *picture, mmofl_error *err)
{
    const png_color white = {255, 255, 255};
    png_image image = {.version = PNG_IMAGE_VERSION};
    mmofl_picture made;
    mmofl_status st = check_chunks(bytes, size, err);
    if (!st)
        st = mmofl_picture_new(big_endian(bytes + SIGNATURE + 8),
                               big_endian(bytes + SIGNATURE + 12), &made, err);
    if (st)
        return st;
    /* Both calls free what the reader holds when they fail, the second one always. */
    if (png_image_begin_read_from_memory(&image, bytes, size)) {
        image.format = PNG_FORMAT_RGB;
        if (png_image_finish_read(&image, &white, made.rgb, 0, NULL)) {
            *picture = made;
            return MMOFL_OK;
        }
    }
    free(made.rgb);
    return refuse(&image, err);
}
