/* test_image.c - pictures made here with the libraries' own encoders, a folder of bad
 * ones, and scaling worked by hand. */
#include <png.h>
#include <turbojpeg.h>

#include "bad_files.h"
#include "base/file.h"
#include "data/image.h"
#include "fail_allocations.h"

/* An encoded picture: free() its data. */
typedef struct file {
    unsigned char *data;
    size_t size;
} file;

static file make_png(const void *pixels, int width, int height, png_uint_32 format)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = format};
    png_alloc_size_t size = 0;
    CHECK(png_image_write_to_memory(&image, NULL, &size, 0, pixels, 0, NULL));
    file made = {malloc(size), size};
    CHECK(made.data);
    CHECK(png_image_write_to_memory(&image, made.data, &size, 0, pixels, 0, NULL));
    return made;
}

static file make_jpeg(const unsigned char *pixels, int width, int height, int format,
                      int subsampling, int flags)
{
    tjhandle encoder = tjInitCompress();
    unsigned char *data = NULL;
    unsigned long size = 0;
    CHECK(encoder);
    CHECK_INT(tjCompress2(encoder, pixels, width, 0, height, format, &data, &size,
                          subsampling, 95, flags),
              0);
    file made = {malloc(size), size};
    CHECK(made.data);
    memcpy(made.data, data, size);
    tjFree(data);
    tjDestroy(encoder);
    return made;
}

static void square(file picture, int side, float *out)
{
    mmofl_error err = {0};
    mmofl_status st =
        mmofl_image_square(picture.data, picture.size, "p", side, out, &err);
    if (st)
        fail_msg("%s", err.text);
    free(picture.data);
}

/* --- scaling ---------------------------------------------------------------------- */

static void picture_of_the_right_size_is_unchanged(void **state)
{
    (void)state;
    const unsigned char pixels[12] = {0, 1, 2, 3, 4, 5, 255, 254, 253, 9, 8, 7};
    float out[12];
    square(make_png(pixels, 2, 2, PNG_FORMAT_RGB), 2, out);
    for (int i = 0; i < 12; i++)
        CHECK(out[i] == (float)pixels[i]);
}

static void shrinking_takes_the_mean_over_each_area(void **state)
{
    (void)state;
    /* 3 x 3 to 2 x 2: a pixel of the square is 1.5 wide and high, so the corner counts
     * 1, its neighbours 1/2, the middle 1/4, of 2.25 in all. */
    const unsigned char grey[9] = {10, 20, 30, 40, 50, 60, 70, 80, 90};
    const double wanted[4] = {
        (10 + 20 / 2. + 40 / 2. + 50 / 4.) / 2.25,
        (30 + 20 / 2. + 60 / 2. + 50 / 4.) / 2.25,
        (70 + 80 / 2. + 40 / 2. + 50 / 4.) / 2.25,
        (90 + 80 / 2. + 60 / 2. + 50 / 4.) / 2.25,
    };
    float out[12];
    square(make_png(grey, 3, 3, PNG_FORMAT_GRAY), 2, out);
    for (int i = 0; i < 12; i++)
        CHECK_NEAR(out[i], wanted[i / 3], 1e-5);
    float whole[3];
    square(make_png(grey, 3, 3, PNG_FORMAT_GRAY), 1, whole);
    CHECK(whole[0] == 50);
}

static void enlarging_is_linear_between_the_centres(void **state)
{
    (void)state;
    /* 2 to 4: centres lie at -1/4 (held at 0), 1/4, 3/4 and 5/4 (held at 1). */
    const unsigned char grey[4] = {0, 100, 0, 100};
    const float row[4] = {0, 25, 75, 100};
    float out[48], one[27];
    square(make_png(grey, 2, 2, PNG_FORMAT_GRAY), 4, out);
    for (int i = 0; i < 48; i++)
        CHECK_NEAR(out[i], row[i / 3 % 4], 1e-5);
    square(make_png(grey + 1, 1, 1, PNG_FORMAT_GRAY), 3, one);
    for (int i = 0; i < 27; i++)
        CHECK(one[i] == 100);
}

static void the_square_is_cut_from_the_middle(void **state)
{
    (void)state;
    unsigned char wide[7 * 2] = {0}, high[2 * 5] = {0};
    for (int y = 0; y < 2; y++)
        wide[7 * y + 2] = wide[7 * y + 3] = 200; /* (7 - 2) / 2 = 2 to the left */
    high[2] = high[3] = high[4] = high[5] = 200; /* (5 - 2) / 2 = 1 above */
    float out[12];
    square(make_png(wide, 7, 2, PNG_FORMAT_GRAY), 2, out);
    for (int i = 0; i < 12; i++)
        CHECK(out[i] == 200);
    square(make_png(high, 2, 5, PNG_FORMAT_GRAY), 2, out);
    for (int i = 0; i < 12; i++)
        CHECK(out[i] == 200);
}

/* The mean is that of the source, at any pair of sizes: nothing is lost or counted
 * twice. */
static void shrinking_keeps_the_mean(void **state)
{
    (void)state;
    enum { SIDE = 23 };
    unsigned char grey[SIDE * SIDE];
    double sum = 0;
    for (int i = 0; i < SIDE * SIDE; i++)
        sum += grey[i] = (unsigned char)(i * i % 251);
    for (int side = 1; side <= SIDE; side++) {
        float out[SIDE * SIDE * 3];
        double got = 0;
        square(make_png(grey, SIDE, SIDE, PNG_FORMAT_GRAY), side, out);
        for (int i = 0; i < side * side; i++)
            got += (double)out[3 * i];
        CHECK_NEAR(got / side / side, sum / SIDE / SIDE, 1e-4);
    }
}

/* --- variants of files ------------------------------------------------------------ */

static void alpha_is_laid_over_white(void **state)
{
    (void)state;
    const unsigned char pixels[16] = {10, 20, 30, 255, 10, 20, 30, 0,
                                      10, 20, 30, 255, 10, 20, 30, 0};
    float out[12];
    square(make_png(pixels, 2, 2, PNG_FORMAT_RGBA), 2, out);
    const float wanted[6] = {10, 20, 30, 255, 255, 255};
    for (int i = 0; i < 12; i++)
        CHECK(out[i] == wanted[i % 6]);
}

static void fill_smoothly(unsigned char *pixels, int side, int channels)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            for (int c = 0; c < channels; c++)
                *pixels++ = (unsigned char)(c == 0 ? 4 * x + 60 : 4 * y + 20 * c);
}

static void jpeg_is_close_to_what_was_encoded(void **state)
{
    (void)state;
    enum { SIDE = 32 };
    unsigned char pixels[SIDE * SIDE * 3];
    float out[SIDE * SIDE * 3];
    const int flags[] = {0, TJFLAG_PROGRESSIVE};
    fill_smoothly(pixels, SIDE, 3);
    for (int f = 0; f < 2; f++) {
        square(make_jpeg(pixels, SIDE, SIDE, TJPF_RGB, TJSAMP_444, flags[f]), SIDE,
               out);
        for (int i = 0; i < SIDE * SIDE * 3; i++)
            CHECK_NEAR(out[i], pixels[i], 8);
    }
}

static void grey_jpeg_has_three_equal_channels(void **state)
{
    (void)state;
    unsigned char grey[64];
    float out[192];
    memset(grey, 77, sizeof grey);
    square(make_jpeg(grey, 8, 8, TJPF_GRAY, TJSAMP_GRAY, 0), 8, out);
    for (int i = 0; i < 192; i++)
        CHECK_NEAR(out[i], 77, 1);
}

/* TurboJPEG writes an Adobe marker, with which ink is stored inverted: 255 is none. */
static void four_inks_become_three_colours(void **state)
{
    (void)state;
    unsigned char inks[8 * 8 * 4];
    float out[192];
    for (int i = 0; i < 64; i++)
        memcpy(inks + 4 * i, (const unsigned char[]){255, 128, 0, 204}, 4);
    square(make_jpeg(inks, 8, 8, TJPF_CMYK, TJSAMP_444, 0), 8, out);
    const double wanted[3] = {204, 128 * 204 / 255., 0};
    for (int i = 0; i < 192; i++)
        CHECK_NEAR(out[i], wanted[i % 3], 3);
}

/* Without the marker ink is stored as it is.  The encoder stores the inks (255, 255,
 * 255) as luma and chroma (0, 128, 128), which nothing then tells from inks. */
static void inks_without_the_marker_are_not_inverted(void **state)
{
    (void)state;
    unsigned char inks[8 * 8 * 4];
    float out[192];
    for (int i = 0; i < 64; i++)
        memcpy(inks + 4 * i, (const unsigned char[]){255, 255, 255, 204}, 4);
    file made = make_jpeg(inks, 8, 8, TJPF_CMYK, TJSAMP_444, 0);
    CHECK(memcmp(made.data + 6, "Adobe", 5) == 0);
    made.data[6] = 'a';
    square(made, 8, out);
    const double wanted[3] = {51, 127 * 51 / 255., 127 * 51 / 255.};
    for (int i = 0; i < 192; i++)
        CHECK_NEAR(out[i], wanted[i % 3], 3);
}

static void bytes_behind_a_picture_do_no_harm(void **state)
{
    (void)state;
    const unsigned char pixels[3] = {1, 2, 3};
    file made = make_png(pixels, 1, 1, PNG_FORMAT_RGB);
    unsigned char *longer = realloc(made.data, made.size + 4);
    float out[3];
    CHECK(longer);
    memcpy(longer + made.size, "junk", 4);
    square((file){longer, made.size + 4}, 1, out);
    CHECK(out[2] == 3);
}

/* --- refusals --------------------------------------------------------------------- */

static mmofl_status decode_file(const char *path, mmofl_error *err)
{
    unsigned char *read, *exact;
    size_t size;
    float out[12] = {-1}, before[12] = {-1};
    CHECK_OK(mmofl_file_read(path, 1 << 20, &read, &size, err));
    exact =
        malloc(size ? size : 1); /* so that a sanitizer sees what is read behind it */
    CHECK(exact);
    memcpy(exact, read, size);
    mmofl_status st = mmofl_image_square(exact, size, path, 2, out, err);
    CHECK(!st || memcmp(out, before, sizeof out) == 0);
    free(exact);
    free(read);
    return st;
}

static void every_bad_picture_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("image", 30, decode_file);
}

/* Cut anywhere, a file is truncated and nothing else (but for the first bytes, in which
 * nothing can be recognised). */
static void a_picture_cut_anywhere_is_truncated(void **state)
{
    (void)state;
    enum { SIDE = 16 };
    unsigned char pixels[SIDE * SIDE * 3];
    fill_smoothly(pixels, SIDE, 3);
    file files[3] = {
        make_jpeg(pixels, SIDE, SIDE, TJPF_RGB, TJSAMP_420, 0),
        make_jpeg(pixels, SIDE, SIDE, TJPF_RGB, TJSAMP_420, TJFLAG_PROGRESSIVE),
        make_png(pixels, SIDE, SIDE, PNG_FORMAT_RGB)};
    for (int f = 0; f < 3; f++) {
        for (size_t size = 8; size < files[f].size; size++) {
            float out[3];
            mmofl_error err = {0};
            mmofl_status st =
                mmofl_image_square(files[f].data, size, "cut", 1, out, &err);
            if (st != MMOFL_E_TRUNCATED)
                fail_msg("file %d at %zu of %zu: %s", f, size, files[f].size, err.text);
        }
        free(files[f].data);
    }
}

static void errors_name_the_file_and_the_size(void **state)
{
    (void)state;
    mmofl_error err = {0};
    CHECK_STATUS(
        decode_file(MMOFL_TESTS_DIR "/bad/image/E_LIMIT--30000_x_30000.jpg", &err),
        MMOFL_E_LIMIT);
    CHECK_CONTAINS(err.text, "30000.jpg: 30000 x 30000 pixels, more than 16384 a side");
}

/* Fail the first allocation, the second ..., until one more than there are.  libjpeg
 * tries again with less where it can, so the picture may also come out, and right. */
static void check_memory_failures(file picture)
{
#if FAILS_ALLOCATIONS
    float wanted[12];
    bool reached = true;
    CHECK_OK(mmofl_image_square(picture.data, picture.size, "p", 2, wanted, NULL));
    for (long n = 1; reached; n++) {
        float out[12] = {-1};
        mmofl_error err = {0};
        atomic_store(&allocation_to_fail, n);
        mmofl_status st =
            mmofl_image_square(picture.data, picture.size, "p", 2, out, &err);
        reached = allocation_failed();
        if (st) {
            CHECK(reached && out[0] == -1);
            CHECK_STATUS(st, MMOFL_E_MEMORY);
        } else {
            CHECK(memcmp(out, wanted, sizeof out) == 0);
        }
        CHECK(n < 1000);
    }
#endif
    free(picture.data);
}

static void every_failing_allocation_is_out_of_memory(void **state)
{
    (void)state;
    enum { SIDE = 16 };
    unsigned char pixels[SIDE * SIDE * 4];
    fill_smoothly(pixels, SIDE, 4);
    if (!FAILS_ALLOCATIONS)
        CHECK_SKIP("the memory allocator cannot be replaced here");
    check_memory_failures(make_png(pixels, SIDE, SIDE, PNG_FORMAT_RGBA));
    check_memory_failures(
        make_jpeg(pixels, SIDE, SIDE, TJPF_CMYK, TJSAMP_444, TJFLAG_PROGRESSIVE));
    check_memory_failures(make_jpeg(pixels, SIDE, SIDE, TJPF_RGBX, TJSAMP_420, 0));
}

CHECK_MAIN(TEST(picture_of_the_right_size_is_unchanged),
           TEST(shrinking_takes_the_mean_over_each_area),
           TEST(enlarging_is_linear_between_the_centres),
           TEST(the_square_is_cut_from_the_middle), TEST(shrinking_keeps_the_mean),
           TEST(alpha_is_laid_over_white), TEST(jpeg_is_close_to_what_was_encoded),
           TEST(grey_jpeg_has_three_equal_channels),
           TEST(four_inks_become_three_colours),
           TEST(inks_without_the_marker_are_not_inverted),
           TEST(bytes_behind_a_picture_do_no_harm),
           TEST(every_bad_picture_is_refused_with_its_status),
           TEST(a_picture_cut_anywhere_is_truncated),
           TEST(errors_name_the_file_and_the_size),
           TEST(every_failing_allocation_is_out_of_memory))
