/* image_jpeg.c - JPEG through TurboJPEG, with every warning taken seriously.
 *
 * TurboJPEG goes on after a warning and paints what it lacks in grey; a data set must
 * not contain such pictures unnoticed, so the first warning ends the decoding.  That
 * also ends the decoding of a short file whose header promises a huge picture.
 *
 * What a file lacks in its headers shows as many different errors, so we walk over the
 * headers ourselves to tell a file that was cut off from one that is damaged. */
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "data/image_parts.h"

enum { INKS = 4 };

struct headers {
    bool cut;   /* the file ends before its first scan */
    bool adobe; /* an Adobe marker: four inks are stored inverted */
};

/* Go from marker to marker up to the first scan, or to where no marker stands (which is
 * left to TurboJPEG). */
static struct headers walk_headers(const unsigned char *bytes, size_t size)
{
    enum { TEM = 0x01, RST0 = 0xd0, SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP14 = 0xee };
    struct headers found = {.cut = true};
    for (size_t at = 0; at < size;) {
        if (bytes[at++] != 0xff)
            return (struct headers){.adobe = found.adobe};
        while (at < size && bytes[at] == 0xff) /* fill bytes */
            at++;
        if (at == size)
            break;
        unsigned marker = bytes[at++];
        if (marker == TEM || (marker >= RST0 && marker <= SOI))
            continue; /* a marker alone */
        if (marker == EOI)
            return (struct headers){.adobe = found.adobe};
        if (size - at < 2)
            break;
        size_t length = (size_t)bytes[at] << 8 | bytes[at + 1];
        if (length > size - at)
            break;
        if (marker == SOS || length < 2)
            return (struct headers){.adobe = found.adobe};
        if (marker == APP14 && length >= 7 && memcmp(bytes + at + 2, "Adobe", 5) == 0)
            found.adobe = true;
        at += length;
    }
    return found;
}

static mmofl_status refuse(tjhandle decoder, mmofl_error *err)
{
    static const struct {
        const char *part;
        mmofl_status status;
    } meanings[] = {{"Premature end of JPEG file", MMOFL_E_TRUNCATED},
                    {"Unsupported", MMOFL_E_UNSUPPORTED},
                    {"Memory allocation failure", MMOFL_E_MEMORY},
                    {"Insufficient memory", MMOFL_E_MEMORY},
                    {"scans", MMOFL_E_LIMIT}};
    const char *text = tjGetErrorStr2(decoder);
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (strstr(text, meanings[i].part))
            return mmofl_fail(err, meanings[i].status, "%s", text);
    return mmofl_fail(err, MMOFL_E_CORRUPT, "%s", text);
}

static mmofl_status decompress(tjhandle decoder, const unsigned char *bytes,
                               size_t size, const mmofl_picture *picture, int format,
                               unsigned char *out, mmofl_error *err)
{
    if (tjDecompress2(decoder, bytes, (unsigned long)size, out, picture->width, 0,
                      picture->height, format,
                      TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT))
        return refuse(decoder, err);
    return MMOFL_OK;
}

/* Four inks: each of the three colours is what its ink and the black ink leave. */
static mmofl_status decompress_inks(tjhandle decoder, const unsigned char *bytes,
                                    size_t size, bool inverted, mmofl_picture *picture,
                                    mmofl_error *err)
{
    size_t n = (size_t)picture->width * (size_t)picture->height;
    unsigned char *inks = malloc(n * INKS);
    if (!inks)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu pixels", n);
    mmofl_status st = decompress(decoder, bytes, size, picture, TJPF_CMYK, inks, err);
    for (size_t i = 0; i < n && !st; i++)
        for (size_t c = 0; c < 3; c++) {
            unsigned ink = inks[i * INKS + c], black = inks[i * INKS + 3];
            unsigned light = inverted ? ink * black : (255 - ink) * (255 - black);
            picture->rgb[i * 3 + c] = (unsigned char)((light + 127) / 255);
        }
    free(inks);
    return st;
}

static mmofl_status decode(tjhandle decoder, const unsigned char *bytes, size_t size,
                           bool adobe, mmofl_picture *picture, mmofl_error *err)
{
    /* A file of tables alone has a good header and leaves these as they are. */
    int width = 0, height = 0, subsampling = 0, space = 0;
    mmofl_picture made;
    if (tjDecompressHeader3(decoder, bytes, (unsigned long)size, &width, &height,
                            &subsampling, &space))
        return refuse(decoder, err);
    mmofl_status st = mmofl_picture_new((size_t)width, (size_t)height, &made, err);
    if (st)
        return st;
    if (space == TJCS_CMYK || space == TJCS_YCCK)
        st = decompress_inks(decoder, bytes, size, adobe, &made, err);
    else
        st = decompress(decoder, bytes, size, &made, TJPF_RGB, made.rgb, err);
    if (st)
        free(made.rgb);
    else
        *picture = made;
    return st;
}

mmofl_status mmofl_image_jpeg(const unsigned char *bytes, size_t size,
                              mmofl_picture *picture, mmofl_error *err)
{
    struct headers headers = walk_headers(bytes, size);
    if (headers.cut)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "ends within its headers");
    tjhandle decoder = tjInitDecompress();
    if (!decoder)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a JPEG decoder");
    mmofl_status st = decode(decoder, bytes, size, headers.adobe, picture, err);
    tjDestroy(decoder);
    return st;
}
