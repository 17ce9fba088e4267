/* test_matlab.c - files made by hand and by MATLAB, and a folder of files that are
 * wrong in one place each. */
#include "check.h"

#include <zlib.h>

#include "bad_files.h"
#include "base/file.h"
#include "data/archive.h"
#include "data/matlab.h"
#include "matlab_maker.h"

enum { MOST = 1000 };

#define REAL_ZIP MMOFL_SHARED_DIR "/data/utd-mhad/UTD-MHAD-inertial-skeleton.zip"

static mmofl_matlab_array read_x(matlab_file f)
{
    mmofl_matlab_array array = {0};
    mmofl_error err = {0};
    CHECK_OK(mmofl_matlab_read(f.data, f.size, "a.mat", "x", MOST, &array, &err));
    return array;
}

static const int32_t two_by_three[2] = {2, 3};
static const double six[6] = {0.5, -1, 2, 1e300, 4, 5};

static void check_six(mmofl_matlab_array array)
{
    CHECK_INT(array.n_dims, 2);
    CHECK_INT(array.dim[0], 2);
    CHECK_INT(array.dim[1], 3);
    CHECK_INT(array.count, 6);
    assert_memory_equal(array.values, six, sizeof six);
    free(array.values);
}

static void array_made_by_hand_is_read(void **state)
{
    (void)state;
    matlab_file f = matlab_make("x", two_by_three, 2, 9, six, sizeof six);
    check_six(read_x(f));
    free(f.data);
}

static void packed_array_is_read_behind_other_variables(void **state)
{
    (void)state;
    matlab_file other = matlab_make("other", two_by_three, 2, 9, six, sizeof six);
    matlab_file f = matlab_make("x", two_by_three, 2, 9, six, sizeof six);
    matlab_file both = {malloc(4096), other.size};
    CHECK(both.data);
    memcpy(both.data, other.data, other.size);
    uLongf packed = 1024;
    unsigned char *room = both.data + both.size + 8;
    CHECK_INT(compress(room, &packed, f.data + 128, f.size - 128), Z_OK);
    matlab_put(&both, 15, 4);
    matlab_put(&both, packed, 4);
    both.size += packed;
    check_six(read_x(both));
    free(both.data);
    free(other.data);
    free(f.data);
}

/* MATLAB stores an array of doubles that are whole numbers in the smallest type. */
static void values_stored_in_every_type_are_read(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        size_t size;
        unsigned char data[8];
        double wanted;
    } cases[] = {
        {1, 1, {0xfe}, -2},
        {2, 1, {0xfe}, 254},
        {3, 2, {0xfe, 0xff}, -2},
        {4, 2, {0xfe, 0xff}, 65534},
        {5, 4, {0xfe, 0xff, 0xff, 0xff}, -2},
        {6, 4, {0xfe, 0xff, 0xff, 0xff}, 4294967294.0},
        {7, 4, {0, 0, 0xc0, 0xbf}, -1.5},
        {9, 8, {0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, -1.5},
    };
    const int32_t one[2] = {1, 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        matlab_file f =
            matlab_make("x", one, 2, cases[i].type, cases[i].data, cases[i].size);
        mmofl_matlab_array array = read_x(f);
        CHECK(array.values[0] == cases[i].wanted);
        free(array.values);
        free(f.data);
    }
}

static void small_elements_are_read(void **state)
{
    (void)state;
    const int32_t one[2] = {1, 1};
    matlab_file f = matlab_make("x", one, 2, 2, "", 0);
    f.size -= 24; /* name and values again, each in 8 bytes: type, size, data */
    matlab_put(&f, 1, 2);
    matlab_put(&f, 1, 2);
    matlab_put(&f, 'x', 4);
    matlab_put(&f, 2, 2);
    matlab_put(&f, 1, 2);
    matlab_put(&f, 7, 4);
    matlab_file length = {f.data, 132};
    matlab_put(&length, f.size - 136, 4);
    mmofl_matlab_array array = read_x(f);
    CHECK(array.values[0] == 7);
    free(array.values);
    free(f.data);
}

static void empty_array_is_read(void **state)
{
    (void)state;
    const int32_t none[2] = {0, 6};
    matlab_file f = matlab_make("x", none, 2, 9, "", 0);
    mmofl_matlab_array array = read_x(f);
    CHECK_INT(array.count, 0);
    CHECK_INT(array.dim[1], 6);
    free(array.values);
    free(f.data);
}

static void limit_is_the_callers(void **state)
{
    (void)state;
    matlab_file f = matlab_make("x", two_by_three, 2, 9, six, sizeof six);
    mmofl_matlab_array array = {.count = 77};
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_matlab_read(f.data, f.size, "a.mat", "x", 5, &array, &err),
                 MMOFL_E_LIMIT);
    CHECK_CONTAINS(err.text, "a.mat: x has more than 5 values");
    CHECK_INT(array.count, 77); /* a failed call leaves it untouched */
    CHECK_OK(mmofl_matlab_read(f.data, f.size, "a.mat", "x", 6, &array, &err));
    check_six(array);
    free(f.data);
}

static mmofl_status read_exact(const unsigned char *data, size_t size, const char *name,
                               mmofl_error *err)
{
    /* A copy of the exact size: the byte behind a file that was read is a zero. */
    unsigned char *exact = malloc(size ? size : 1);
    mmofl_matlab_array array = {0};
    CHECK(exact);
    memcpy(exact, data, size);
    mmofl_status st = mmofl_matlab_read(exact, size, name, "x", MOST, &array, err);
    CHECK((st == MMOFL_OK) == (array.values != NULL));
    free(array.values);
    free(exact);
    return st;
}

static void every_cut_of_a_file_is_refused(void **state)
{
    (void)state;
    matlab_file f = matlab_make("x", two_by_three, 2, 9, six, sizeof six);
    for (size_t n = 0; n < f.size; n++) {
        mmofl_error err = {0};
        CHECK_STATUS(read_exact(f.data, n, "a.mat", &err),
                     n == 128 ? MMOFL_E_MISSING : MMOFL_E_TRUNCATED);
    }
    free(f.data);
}

static mmofl_status read_file(const char *path, mmofl_error *err)
{
    unsigned char *data;
    size_t size;
    CHECK_OK(mmofl_file_read(path, 1 << 20, &data, &size, err));
    mmofl_status st = read_exact(data, size, path, err);
    free(data);
    return st;
}

static void every_bad_file_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("matlab", 51, read_file);
}

static void file_that_matlab_wrote_is_read(void **state)
{
    (void)state;
    if (!mmofl_file_exists(REAL_ZIP))
        CHECK_SKIP("no ../shared/data/utd-mhad");
    mmofl_archive *archive;
    mmofl_matlab_array array;
    mmofl_error err = {0};
    unsigned char *data;
    size_t index, size;
    CHECK_OK(mmofl_archive_open(REAL_ZIP, NULL, &archive, &err));
    CHECK_OK(mmofl_archive_find(archive, "a1_s1_t1_inertial.mat", &index, &err));
    CHECK_OK(mmofl_archive_read(archive, index, &data, &size, &err));
    CHECK_OK(mmofl_matlab_read(data, size, "a", "d_iner", 65536, &array, &err));
    CHECK_INT(array.n_dims, 2);
    CHECK_INT(array.dim[0], 160);
    CHECK_INT(array.dim[1], 6);
    CHECK(array.values[0] == -0.959473);
    CHECK(array.values[5 * 160 + 159] == -8.335878);
    free(array.values);
    free(data);
    mmofl_archive_close(archive);
}

CHECK_MAIN(TEST(array_made_by_hand_is_read),
           TEST(packed_array_is_read_behind_other_variables),
           TEST(values_stored_in_every_type_are_read), TEST(small_elements_are_read),
           TEST(empty_array_is_read), TEST(limit_is_the_callers),
           TEST(every_cut_of_a_file_is_refused),
           TEST(every_bad_file_is_refused_with_its_status),
           TEST(file_that_matlab_wrote_is_read))
