/* image_parts.h - what image.c shares with its two decoders. */
#ifndef MMOFL_DATA_IMAGE_PARTS_H
#define MMOFL_DATA_IMAGE_PARTS_H

#include "data/image.h"

typedef struct mmofl_picture {
    unsigned char *rgb; /* (height, width, 3), malloc'ed */
    int width, height;
} mmofl_picture;

/** Take memory for a picture of that size.
 * @retval MMOFL_E_LIMIT   beyond the limits of image.h; nothing was taken
 * @retval MMOFL_E_CORRUPT without a pixel
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_picture_new(size_t width, size_t height,
                                             mmofl_picture *picture, mmofl_error *err);

/** Decode a whole file that starts as a JPEG or PNG does; fail like mmofl_image_square,
 * but do not yet name the file. */
MMOFL_CHECKED mmofl_status mmofl_image_jpeg(const unsigned char *bytes, size_t size,
                                            mmofl_picture *picture, mmofl_error *err);
MMOFL_CHECKED mmofl_status mmofl_image_png(const unsigned char *bytes, size_t size,
                                           mmofl_picture *picture, mmofl_error *err);

#endif
