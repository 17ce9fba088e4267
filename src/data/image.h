/* image.h - photographs (JPEG by TurboJPEG, PNG by libpng) as small RGB arrays.
 *
 * Files are hostile: the header is looked at first and a picture beyond the limits is
 * refused before a single pixel is decoded. */
#ifndef MMOFL_DATA_IMAGE_H
#define MMOFL_DATA_IMAGE_H

#include "mmofl/status.h"

enum {
    MMOFL_IMAGE_SIDE = 16384,             /* most pixels in a row or column */
    MMOFL_IMAGE_PIXELS = 64 * 1024 * 1024 /* most pixels at all */
};

/** Decode, cut the largest square from the middle, and scale it to side x side by the
 * mean over each pixel's area (or linearly when the picture is smaller): out
 * (side, side, 3), 0 ... 255, R G B.  Greyscale becomes three equal channels, an alpha
 * channel is laid over white, CMYK is converted.  Progressive JPEG is fine.
 * Bits depend on the decoder library's version, not on the machine.
 * @retval MMOFL_E_SYNTAX       neither JPEG nor PNG
 * @retval MMOFL_E_TRUNCATED    ends in the middle (also where a viewer would show it)
 * @retval MMOFL_E_CORRUPT      anything else that the decoder complains of
 * @retval MMOFL_E_LIMIT        beyond the limits above
 * @retval MMOFL_E_UNSUPPORTED  a variant that the library cannot decode
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_image_square(const void *bytes, size_t size,
                                              const char *name, int side, float *out,
                                              mmofl_error *err);

#endif
