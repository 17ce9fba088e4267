/* test_npy.c - arrays written out by hand, a folder of arrays that are wrong in one
 * place each, and the refusals of the values. */
#include "check.h"

#include "bad_files.h"
#include "base/file.h"
#include "data/npy.h"

/* A file in memory: its prefix for a dictionary of less than 256 bytes, then data. */
struct file {
    unsigned char bytes[512];
    size_t size;
};

static struct file file_of(int version, const char *dictionary, const void *data,
                           size_t size)
{
    struct file f = {.bytes = "\x93NUMPY"};
    size_t length = strlen(dictionary);
    f.bytes[6] = (unsigned char)version;
    f.bytes[8] = (unsigned char)length;
    f.size = version == 2 ? 12 : 10;
    memcpy(f.bytes + f.size, dictionary, length);
    memcpy(f.bytes + f.size + length, data, size);
    f.size += length + size;
    return f;
}

#define DICT(descr, shape)                                                             \
    "{'descr': '" descr "', 'fortran_order': False, 'shape': " shape ", }  \n"

static mmofl_npy parse(const struct file *f)
{
    mmofl_npy npy;
    mmofl_error err = {0};
    CHECK_OK(mmofl_npy_parse(f->bytes, f->size, "a.npy", &npy, &err));
    return npy;
}

static void array_written_by_hand_is_read_in_both_versions(void **state)
{
    (void)state;
    const unsigned char one_and_minus_two[8] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0};
    for (int version = 1; version <= 2; version++) {
        struct file f = file_of(version, DICT("<f4", "(2, 1)"), one_and_minus_two, 8);
        mmofl_npy npy = parse(&f);
        float out[2];
        mmofl_error err = {0};
        CHECK_INT(npy.type, MMOFL_NPY_F32);
        CHECK_INT(npy.n_dims, 2);
        CHECK_INT(npy.dim[0], 2);
        CHECK_INT(npy.dim[1], 1);
        CHECK_INT(npy.count, 2);
        CHECK(npy.data == f.bytes + f.size - 8);
        CHECK_OK(mmofl_npy_floats(&npy, "a.npy", 0, 2, out, &err));
        CHECK(out[0] == 1 && out[1] == -2);
    }
}

static void every_type_is_read_as_float(void **state)
{
    (void)state;
    static const struct {
        const char *dictionary;
        unsigned char data[8];
        size_t size;
        float wanted;
    } cases[] = {
        {DICT("|u1", "()"), {200}, 1, 200},
        {DICT("<i4", "()"), {0xfe, 0xff, 0xff, 0xff}, 4, -2},
        {DICT("<i8", "()"), {0, 0, 0, 0, 1}, 8, 4294967296.0F},
        {DICT("<f4", "()"), {0, 0, 0xc0, 0x3f}, 4, 1.5F},
        {DICT("<f8", "()"), {0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, 8, -1.5F},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file f = file_of(1, cases[i].dictionary, cases[i].data, cases[i].size);
        mmofl_npy npy = parse(&f);
        float out;
        mmofl_error err = {0};
        CHECK_INT(npy.n_dims, 0);
        CHECK_INT(npy.count, 1);
        CHECK_OK(mmofl_npy_floats(&npy, "a.npy", 0, 1, &out, &err));
        CHECK(out == cases[i].wanted);
    }
}

static void part_of_an_array_is_read(void **state)
{
    (void)state;
    const unsigned char data[5] = {9, 8, 7, 6, 5};
    struct file f = file_of(1, DICT("|u1", "(5,)"), data, 5);
    mmofl_npy npy = parse(&f);
    int64_t out[2];
    mmofl_error err = {0};
    CHECK_OK(mmofl_npy_integers(&npy, "a.npy", 3, 2, 0, 255, out, &err));
    CHECK(out[0] == 6 && out[1] == 5);
}

static void array_of_nothing_is_read(void **state)
{
    (void)state;
    struct file f = file_of(1, DICT("<f8", "(0, 3)"), "", 0);
    mmofl_npy npy = parse(&f);
    CHECK_INT(npy.count, 0);
    CHECK_INT(npy.dim[1], 3);
}

static void nan_and_values_beyond_float_are_refused_by_place(void **state)
{
    (void)state;
    const double bad[] = {(double)NAN, HUGE_VAL, 1e39};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double data[2] = {1, bad[i]};
        float out[2] = {5, 5};
        mmofl_error err = {0};
        struct file f = file_of(1, DICT("<f8", "(2,)"), data, sizeof data);
        mmofl_npy npy = parse(&f);
        CHECK_STATUS(mmofl_npy_floats(&npy, "a.npy", 0, 2, out, &err),
                     MMOFL_E_NONFINITE);
        CHECK_CONTAINS(err.text, "a.npy: value 1 is ");
        CHECK(out[0] == 5 && out[1] == 5); /* untouched */
        CHECK_OK(mmofl_npy_floats(&npy, "a.npy", 0, 1, out, &err));
    }
}

static void only_a_run_of_nothing_but_nan_is_all_nan(void **state)
{
    (void)state;
    const double values[4] = {1, (double)NAN, (double)NAN, HUGE_VAL};
    const int32_t numbers[2] = {0, -1}; /* -1 has the bits of a NaN */
    struct file f = file_of(1, DICT("<f8", "(4,)"), values, sizeof values);
    mmofl_npy npy = parse(&f);
    CHECK(mmofl_npy_all_nan(&npy, 1, 2));
    CHECK(!mmofl_npy_all_nan(&npy, 0, 3));
    CHECK(!mmofl_npy_all_nan(&npy, 2, 2));
    CHECK(!mmofl_npy_all_nan(&npy, 1, 0));
    f = file_of(1, DICT("<i4", "(2,)"), numbers, sizeof numbers);
    npy = parse(&f);
    CHECK(!mmofl_npy_all_nan(&npy, 1, 1));
}

static void integers_refuse_fractions_and_what_is_out_of_range(void **state)
{
    (void)state;
    const float one = 1;
    const int32_t numbers[3] = {0, 6, 7};
    int64_t out[3] = {-1, -1, -1};
    mmofl_error err = {0};
    struct file f = file_of(1, DICT("<f4", "(1,)"), &one, 4);
    mmofl_npy npy = parse(&f);
    CHECK_STATUS(mmofl_npy_integers(&npy, "a.npy", 0, 1, 0, 9, out, &err),
                 MMOFL_E_TYPE);
    f = file_of(1, DICT("<i4", "(3,)"), numbers, 12);
    npy = parse(&f);
    CHECK_STATUS(mmofl_npy_integers(&npy, "a.npy", 0, 3, 0, 6, out, &err),
                 MMOFL_E_RANGE);
    CHECK_CONTAINS(err.text, "a.npy: value 2 is 7, wanted 0 to 6");
    CHECK(out[0] == -1);
    CHECK_STATUS(mmofl_npy_integers(&npy, "a.npy", 0, 3, 1, 7, out, &err),
                 MMOFL_E_RANGE);
    CHECK_OK(mmofl_npy_integers(&npy, "a.npy", 0, 3, 0, 7, out, &err));
    CHECK(out[0] == 0 && out[2] == 7);
}

static mmofl_status parse_file(const char *path, mmofl_error *err)
{
    unsigned char *data;
    size_t size;
    mmofl_npy npy = {.count = 77};
    CHECK_OK(mmofl_file_read(path, 4096, &data, &size, err));
    /* A copy of the exact size: the byte behind a file that was read is a zero. */
    unsigned char *exact = malloc(size ? size : 1);
    CHECK(exact);
    memcpy(exact, data, size);
    mmofl_status st = mmofl_npy_parse(exact, size, path, &npy, err);
    CHECK(!st || npy.count == 77); /* a failed call leaves it untouched */
    free(exact);
    free(data);
    return st;
}

static void every_bad_array_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("npy", 44, parse_file);
}

static void every_cut_of_a_file_is_refused_as_truncated(void **state)
{
    (void)state;
    const float data[6] = {0};
    struct file f = file_of(1, DICT("<f4", "(2, 3)"), data, sizeof data);
    for (size_t n = 0; n < f.size; n++) {
        mmofl_npy npy;
        mmofl_error err = {0};
        CHECK_STATUS(mmofl_npy_parse(f.bytes, n, "a.npy", &npy, &err),
                     MMOFL_E_TRUNCATED);
    }
}

CHECK_MAIN(TEST(array_written_by_hand_is_read_in_both_versions),
           TEST(every_type_is_read_as_float), TEST(part_of_an_array_is_read),
           TEST(array_of_nothing_is_read),
           TEST(nan_and_values_beyond_float_are_refused_by_place),
           TEST(only_a_run_of_nothing_but_nan_is_all_nan),
           TEST(integers_refuse_fractions_and_what_is_out_of_range),
           TEST(every_bad_array_is_refused_with_its_status),
           TEST(every_cut_of_a_file_is_refused_as_truncated))
