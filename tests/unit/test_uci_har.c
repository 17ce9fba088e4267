/* test_uci_har.c - the importer, on the real archives where they are at hand, and on a
 * folder of archives that are wrong in one place each.
 *
 * The digests and values below were computed with NumPy from the same archives:
 * float32 of the texts, train then test, axes last. */
#include "scratch.h"

#include <sodium.h>

#include "bad_files.h"
#include "base/file.h"
#include "data/text_table.h"
#include "data/uci_har.h"
#include "zip_maker.h"

#define FULL MMOFL_SHARED_DIR "/data/uci-har/UCI HAR Dataset.zip"
#define MINI MMOFL_SHARED_DIR "/data/uci-har/uci-har-mini.zip"

static mmofl_status import(const char *path, int accelerometer, mmofl_dataset **set,
                           mmofl_error *err)
{
    mmofl_pick pick = mmofl_pick_default(&mmofl_uci_har.kind);
    ((mmofl_uci_har_options *)(void *)pick.options.bytes)->accelerometer =
        accelerometer;
    return mmofl_uci_har.import(&pick, path, NULL, set, err);
}

static void check_digest(const mmofl_dataset *set, int m, const char *wanted)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char hex[2 * crypto_hash_sha256_BYTES + 1];
    size_t bytes = set->n_samples * mmofl_shape_count(set->modality[m].shape) * 4;
    crypto_hash_sha256(digest, set->values[m], bytes);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    CHECK_TEXT(hex, wanted);
}

static void check_class_counts(const mmofl_dataset *set, const size_t train[6],
                               const size_t test[6])
{
    size_t counts[2][6] = {{0}};
    for (size_t i = 0; i < set->n_samples; i++)
        counts[i >= set->n_train][set->label[i]]++;
    for (int k = 0; k < 6; k++) {
        CHECK_INT(counts[0][k], train[k]);
        CHECK_INT(counts[1][k], test[k]);
    }
}

static float value_at(const mmofl_dataset *set, int m, size_t i, int step, int axis)
{
    return ((const float *)set->values[m])[i * 384 + (size_t)(step * 3 + axis)];
}

static void full_archive_is_imported_to_the_bit(void **state)
{
    (void)state;
    if (!mmofl_file_exists(FULL))
        CHECK_SKIP("no ../shared/data/uci-har");
    const size_t train[6] = {1226, 1073, 986, 1286, 1374, 1407};
    const size_t test[6] = {496, 471, 420, 491, 532, 537};
    mmofl_dataset *set;
    mmofl_error err = {0};
    CHECK_OK(import(FULL, MMOFL_UCI_HAR_TOTAL_ACC, &set, &err));
    CHECK_INT(set->n_samples, 10299);
    CHECK_INT(set->n_train, 7352);
    check_class_counts(set, train, test);
    check_digest(set, 0,
                 "0ba24a08054304cf62aeae8a0c64b24523d143450627e395db76f62149ff5f3f");
    check_digest(set, 1,
                 "2e43472e5ddca01d3c579367f222e23bdc14bed9eb010f67ea17b64a6a75ab01");
    CHECK_NEAR(value_at(set, 0, 0, 0, 0), 1.01281703, 5e-9);
    CHECK_NEAR(value_at(set, 0, 7351, 127, 2), -0.0835715905, 5e-11);
    CHECK_NEAR(value_at(set, 1, 10298, 64, 1), 0.120515399, 5e-10);
    CHECK_NEAR(set->mean[0][0], 0.80474928, 5e-7);
    CHECK_NEAR(set->sd[0][0], 0.41411195, 5e-7);
    CHECK_NEAR(set->mean[1][1], -0.00082378, 5e-8);
    CHECK_NEAR(set->sd[1][2], 0.25574314, 5e-7);
    mmofl_dataset_close(set);
}

static void mini_archive_is_imported_to_the_bit(void **state)
{
    (void)state;
    if (!mmofl_file_exists(MINI))
        CHECK_SKIP("no ../shared/data/uci-har");
    const size_t train[6] = {42, 42, 42, 42, 42, 42},
                 test[6] = {18, 18, 18, 18, 18, 18};
    mmofl_dataset *set;
    mmofl_error err = {0};
    CHECK_OK(import(MINI, MMOFL_UCI_HAR_TOTAL_ACC, &set, &err));
    CHECK_INT(set->n_samples, 360);
    CHECK_INT(set->n_train, 252);
    check_class_counts(set, train, test);
    check_digest(set, 0,
                 "69224b456351a8da02de75af2deac4b82fc4e7caeedc85aa58d4024d30ce2df3");
    check_digest(set, 1,
                 "881b54f41392c1c2fd18ac050680cee160ae2282233086d6a7d33358b0e6fe0b");
    CHECK_INT(set->owner[0], 1);
    CHECK_INT(set->owner[252], 2);
    CHECK_INT(set->time[251], 251);
    CHECK_INT(set->time[252], 0);
    CHECK_TEXT(set->class_name[5], "laying");
    mmofl_dataset_close(set);

    CHECK_OK(import(MINI, MMOFL_UCI_HAR_BODY_ACC, &set, &err));
    check_digest(set, 0,
                 "354d31c18f5e35805de9435117a82618629bb1aed1faaf2816641697dca780d5");
    mmofl_dataset_close(set);
}

static void outer_zip_gives_the_same_set_as_the_inner_one(void **state)
{
    (void)state;
    if (!mmofl_file_exists(MINI))
        CHECK_SKIP("no ../shared/data/uci-har");
    scratch s;
    mmofl_error err = {0};
    mmofl_dataset *set;
    unsigned char *inner;
    size_t size;
    scratch_new(&s);
    CHECK_OK(mmofl_file_read(MINI, 1 << 24, &inner, &size, &err));
    const zip_file files[] = {{"UCI HAR Dataset.zip", inner, size},
                              {"UCI HAR Dataset.names", "names", 5}};
    zip outer = zip_make(files, 2);
    CHECK_OK(mmofl_file_write(scratch_path(&s, "outer.zip"), outer.data, outer.size,
                              false, &err));
    CHECK_OK(import(s.path, MMOFL_UCI_HAR_TOTAL_ACC, &set, &err));
    check_digest(set, 0,
                 "69224b456351a8da02de75af2deac4b82fc4e7caeedc85aa58d4024d30ce2df3");
    mmofl_dataset_close(set);
    free(outer.data);
    free(inner);
    scratch_delete(&s);
}

static mmofl_status import_total_acc(const char *path, mmofl_error *err)
{
    mmofl_dataset *set = NULL;
    mmofl_status st = import(path, MMOFL_UCI_HAR_TOTAL_ACC, &set, err);
    CHECK((st == MMOFL_OK) == (set != NULL)); /* a failed call leaves it untouched */
    mmofl_dataset_close(set);
    return st;
}

static void every_bad_archive_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("uci-har", 25, import_total_acc);
}

static void errors_name_file_line_and_column(void **state)
{
    (void)state;
    mmofl_error err = {0};
    CHECK(import_total_acc(MMOFL_TESTS_DIR "/bad/uci-har/E_RANGE--label_7.zip", &err));
    CHECK_CONTAINS(err.text, "train/y_train.txt:1:1: 7, wanted 1 to 6");
    CHECK(import_total_acc(MMOFL_TESTS_DIR "/bad/uci-har/E_COUNT--row_missing.zip",
                           &err));
    CHECK_CONTAINS(err.text, "total_acc_x_train.txt: 3 rows, wanted 4");
}

/* --- tables of numbers ------------------------------------------------------------ */

static void table_is_read_with_either_line_end_and_a_stride(void **state)
{
    (void)state;
    const char data[] = "  1 -2.5e-001\r\n3\t4 \n\n \r\n";
    mmofl_text text = {data, sizeof data - 1, "t"};
    float out[8] = {0};
    mmofl_error err = {0};
    CHECK_OK(mmofl_text_read_floats(text, 2, 2, 2, out, &err));
    const float wanted[8] = {1, 0, -0.25F, 0, 3, 0, 4, 0};
    CHECK(memcmp(out, wanted, sizeof out) == 0);
}

static void table_errors_tell_where(void **state)
{
    (void)state;
    const struct {
        const char *data, *says;
        mmofl_status status;
    } cases[] = {{"1 2\n3", "t:2:2: 1 numbers in the row, wanted 2", MMOFL_E_COUNT},
                 {"1 2\n3 4 5", "t:2:5: more than 2 numbers", MMOFL_E_COUNT},
                 {"1 2\n3 4\n5 6", "t:3:1: more than 2 rows", MMOFL_E_COUNT},
                 {"1 2\n3 x4", "t:2:3: 'x4' is not a number", MMOFL_E_SYNTAX},
                 {"1 2\n3 4x", "t:2:3: '4x' is not a number", MMOFL_E_SYNTAX},
                 {"1 2\n-NAN 4", "t:2:1: '-NAN', wanted a finite", MMOFL_E_NONFINITE},
                 {"1 2\n3 1e39", "t:2:3: beyond the range", MMOFL_E_NONFINITE},
                 {" \n ", "t: has no numbers", MMOFL_E_TRUNCATED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mmofl_text text = {cases[i].data, strlen(cases[i].data), "t"};
        float out[4];
        mmofl_error err = {0};
        CHECK_STATUS(mmofl_text_read_floats(text, 2, 2, 1, out, &err), cases[i].status);
        CHECK_CONTAINS(err.text, cases[i].says);
    }
}

static void integers_are_whole_and_in_range(void **state)
{
    (void)state;
    const struct {
        const char *data, *says;
        mmofl_status status;
    } cases[] = {{"1\n1.5\n", "t:2:1: 1.5 is not whole", MMOFL_E_TYPE},
                 {"1\n 7\n", "t:2:2: 7, wanted 1 to 6", MMOFL_E_RANGE},
                 {"-1", "t:1:1: -1, wanted", MMOFL_E_RANGE},
                 {"1e400", "t:1:1: inf, wanted", MMOFL_E_RANGE},
                 {"1\n\n2", "t:2:1: '' is not a number", MMOFL_E_SYNTAX},
                 {"1 2\n", "t:1:3: more than one", MMOFL_E_COUNT},
                 {"", "t: has no numbers", MMOFL_E_TRUNCATED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mmofl_text text = {cases[i].data, strlen(cases[i].data), "t"};
        int32_t *values = NULL;
        size_t n = 0;
        mmofl_error err = {0};
        CHECK_STATUS(mmofl_text_read_integers(text, 1, 6, &values, &n, &err),
                     cases[i].status);
        CHECK_CONTAINS(err.text, cases[i].says);
        CHECK(!values && n == 0);
    }
}

CHECK_MAIN(TEST(full_archive_is_imported_to_the_bit),
           TEST(mini_archive_is_imported_to_the_bit),
           TEST(outer_zip_gives_the_same_set_as_the_inner_one),
           TEST(every_bad_archive_is_refused_with_its_status),
           TEST(errors_name_file_line_and_column),
           TEST(table_is_read_with_either_line_end_and_a_stride),
           TEST(table_errors_tell_where), TEST(integers_are_whole_and_in_range))
