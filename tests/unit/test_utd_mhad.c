/* test_utd_mhad.c - both layouts worked by hand, the real data where they are at hand,
 * and a folder of archives that are wrong in one place each.
 *
 * The digests were computed with NumPy from the same arrays: rows of the subjects 1, 3,
 * 5 and 7 first, float32, the pictures of depth as last axis. */
#include "scratch.h"

#include <sodium.h>

#include "bad_files.h"
#include "base/file.h"
#include "data/utd_mhad.h"
#include "data/utd_mhad_parts.h"
#include "matlab_maker.h"
#include "zip_maker.h"

#define FOLDER MMOFL_SHARED_DIR "/data/utd-mhad"
#define MATLAB FOLDER "/UTD-MHAD-inertial-skeleton.zip"

static mmofl_status import(const char *path, const char *train_subjects,
                           mmofl_dataset **set, mmofl_error *err)
{
    mmofl_pick pick = mmofl_pick_default(&mmofl_utd_mhad.kind);
    if (train_subjects)
        ((mmofl_utd_mhad_options *)(void *)pick.options.bytes)->train_subjects =
            train_subjects;
    return mmofl_utd_mhad.import(&pick, path, NULL, set, err);
}

/* The set in a zip of these files. */
static mmofl_dataset *read_files(const zip_file *files, size_t n)
{
    zip made = zip_make(files, n);
    mmofl_archive *archive;
    mmofl_dataset *set;
    mmofl_error err = {0};
    CHECK_OK(
        mmofl_archive_open_memory(made.data, made.size, "a.zip", NULL, &archive, &err));
    CHECK_OK(mmofl_utd_mhad_read(archive, "1 3 5 7", NULL, &set, &err));
    mmofl_archive_close(archive);
    free(made.data);
    return set;
}

static float value_of(const mmofl_dataset *set, int m, size_t sample, size_t at)
{
    return ((const float *)set
                ->values[m])[sample * mmofl_shape_count(set->modality[m].shape) + at];
}

/* --- arrays ----------------------------------------------------------------------- */

/* An array file of `rows` rows of n values; value i of row r is 1000 r + i, or for
 * bytes (r + i) % 256. */
static zip_file make_array(const char *path, bool bytes, const char *shape, size_t rows,
                           size_t n)
{
    size_t size = bytes ? 1 : 4;
    unsigned char *data = calloc(1, 256 + rows * n * size);
    CHECK(data);
    int length = snprintf((char *)data + 10, 200,
                          "{'descr': '%s', 'fortran_order': False, 'shape': (%zu, %s), "
                          "}\n",
                          bytes ? "|u1" : "<f4", rows, shape);
    memcpy(data, "\x93NUMPY\x01\0", 8);
    data[8] = (unsigned char)length;
    unsigned char *to = data + 10 + length;
    for (size_t i = 0; i < rows * n; i++) {
        float value = (float)(1000 * (i / n) + i % n);
        if (bytes)
            to[i] = (unsigned char)((i / n + i % n) % 256);
        else
            memcpy(to + 4 * i, &value, 4);
    }
    return (zip_file){path, data, (size_t)(to - data) + rows * n * size};
}

static void arrays_become_samples_in_the_order_of_part_action_and_subject(void **state)
{
    (void)state;
    static const char index[] = "row\taction\tsubject\ttrial\tdepth_len\r\n"
                                "0\t27\t2\t4\t50\r\n"
                                "1\t3\t8\t1\t50\r\n"
                                "2\t5\t7\t2\t50\r\n";
    zip_file files[5] = {{"x/index.tsv", index, sizeof index - 1}};
    files[1] = make_array("x/acc_f32.npy", false, "128, 3", 3, 384);
    files[2] = make_array("x/gyro_f32.npy", false, "128, 3", 3, 384);
    files[3] = make_array("x/skeleton_f32.npy", false, "64, 60", 3, 3840);
    files[4] = make_array("x/depth_u8.npy", true, "8, 30, 40", 3, 9600);
    mmofl_dataset *set = read_files(files, 5);
    CHECK_INT(set->n_modalities, 4);
    CHECK_INT(set->n_samples, 3);
    CHECK_INT(set->n_train, 1);
    const size_t row[3] = {2, 1, 0};
    const int owner[3] = {7, 8, 2}, label[3] = {4, 2, 26}, time[3] = {0, 0, 1};
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(set->owner[i], owner[i]);
        CHECK_INT(set->label[i], label[i]);
        CHECK_INT(set->time[i], time[i]);
        CHECK_INT(set->mask[i], 15);
        CHECK(value_of(set, 0, i, 383) == (float)(1000 * row[i] + 383));
        CHECK(value_of(set, 1, i, 0) == (float)(1000 * row[i]));
        CHECK(value_of(set, 2, i, 3839) == (float)(1000 * row[i] + 3839));
        /* (height 29, width 7, picture 5), which the file has as (5, 29, 7). */
        CHECK(value_of(set, 3, i, (29 * 40 + 7) * 8 + 5) ==
              (float)((row[i] + (5 * 30 + 29) * 40 + 7) % 256));
    }
    CHECK_TEXT(set->class_name[26], "squat");
    CHECK_TEXT(set->class_name[9], "draw_circle_counter_clockwise");
    mmofl_dataset_close(set);
    for (int f = 1; f < 5; f++)
        free((void *)(uintptr_t)files[f].data);
}

/* --- MATLAB files ----------------------------------------------------------------- */

/* Two steps, so that sample value i of n is the line from the first to the second. */
static zip_file make_inertial(const char *path)
{
    static double values[6][2]; /* a column each */
    for (int column = 0; column < 6; column++) {
        values[column][0] = 1000 * column;
        values[column][1] = 1000 * column + 127;
    }
    matlab_file f =
        matlab_make("d_iner", (int32_t[]){2, 6}, 2, 9, values, sizeof values);
    return (zip_file){path, f.data, f.size};
}

static zip_file make_skeleton(const char *path)
{
    static double values[2][3][20]; /* joints run fastest */
    for (int xyz = 0; xyz < 3; xyz++)
        for (int joint = 0; joint < 20; joint++) {
            values[0][xyz][joint] = 10000 * xyz + 100 * joint;
            values[1][xyz][joint] = 10000 * xyz + 100 * joint + 63;
        }
    matlab_file f =
        matlab_make("d_skel", (int32_t[]){20, 3, 2}, 3, 9, values, sizeof values);
    return (zip_file){path, f.data, f.size};
}

static void matlab_files_are_stretched_along_straight_lines(void **state)
{
    (void)state;
    const zip_file files[] = {
        make_inertial("Inertial/a2_s2_t1_inertial.mat"),
        make_inertial("Inertial/a10_s1_t3_inertial.mat"),
        make_skeleton("Skeleton/a2_s2_t1_skeleton.mat"),
        make_skeleton("Skeleton/a10_s1_t3_skeleton.mat"),
        {"Skeleton/Skeleton_joint_order.txt", "1. head;", 8},
        {"Depth/a2_s2_t1_depth.mat", "not read", 8},
    };
    mmofl_dataset *set = read_files(files, sizeof files / sizeof *files);
    CHECK_INT(set->n_modalities, 3);
    CHECK_INT(set->n_samples, 2);
    CHECK_INT(set->n_train, 1);
    CHECK_INT(set->label[0], 9);
    CHECK_INT(set->owner[1], 2);
    for (size_t step = 0; step < 128; step++)
        for (size_t axis = 0; axis < 3; axis++) {
            float acc = value_of(set, 0, 1, step * 3 + axis);
            CHECK_NEAR(acc, 1000.0 * (double)axis + (double)step, 1e-3);
            float gyro = value_of(set, 1, 0, step * 3 + axis);
            CHECK_NEAR(gyro, 1000.0 * (double)(3 + axis) + (double)step, 1e-3);
        }
    for (size_t step = 0; step < 64; step++)
        for (size_t c = 0; c < 60; c++)
            CHECK_NEAR(value_of(set, 2, 0, step * 60 + c),
                       (double)(10000 * (c % 3) + 100 * (c / 3) + step), 1e-2);
    mmofl_dataset_close(set);
    for (size_t f = 0; f < 4; f++)
        free((void *)(uintptr_t)files[f].data);
}

/* --- the real data ---------------------------------------------------------------- */

static void check_digest(const mmofl_dataset *set, int m, const char *wanted)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char hex[2 * crypto_hash_sha256_BYTES + 1];
    size_t bytes = set->n_samples * mmofl_shape_count(set->modality[m].shape) * 4;
    crypto_hash_sha256(digest, set->values[m], bytes);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    CHECK_TEXT(hex, wanted);
}

static void folder_of_arrays_is_imported_to_the_bit(void **state)
{
    (void)state;
    if (!mmofl_file_exists(FOLDER))
        CHECK_SKIP("no ../shared/data/utd-mhad");
    const int of_subject[9] = {0, 107, 108, 108, 108, 108, 107, 108, 107};
    int count[9] = {0};
    mmofl_dataset *set;
    mmofl_error err = {0};
    CHECK_OK(import(FOLDER, NULL, &set, &err));
    CHECK_INT(set->n_samples, 861);
    CHECK_INT(set->n_train, 431);
    for (size_t i = 0; i < 861; i++) {
        count[set->owner[i]]++;
        CHECK_INT(set->owner[i] % 2, i < 431);
    }
    assert_memory_equal(count, of_subject, sizeof count);
    check_digest(set, 0,
                 "3e9c211b1404d0cf75e8102fe959469532f69e75d8a401ee300d4d46d8c9b02b");
    check_digest(set, 1,
                 "245c3b34102a36f436d92c190c0f696b3c78597e55fc3123fa4bed9b366737c6");
    check_digest(set, 2,
                 "9dc3d841cdab3583848efb76b24f9d7871d11cfa6ce4f522152d2fc173fb856f");
    check_digest(set, 3,
                 "e0c45a1e6fc7f35023c8e8507d4d22d0fb179444bff95902dac0b58c505e1e87");
    mmofl_dataset_close(set);
}

static void matlab_files_give_what_the_arrays_hold(void **state)
{
    (void)state;
    if (!mmofl_file_exists(FOLDER))
        CHECK_SKIP("no ../shared/data/utd-mhad");
    mmofl_dataset *arrays, *matlab;
    mmofl_error err = {0};
    CHECK_OK(import(FOLDER, NULL, &arrays, &err));
    CHECK_OK(import(MATLAB, NULL, &matlab, &err));
    CHECK_INT(matlab->n_modalities, 3);
    CHECK_INT(matlab->n_samples, 861);
    CHECK_INT(matlab->n_train, 431);
    assert_memory_equal(matlab->label, arrays->label, 861 * sizeof *arrays->label);
    assert_memory_equal(matlab->owner, arrays->owner, 861 * sizeof *arrays->owner);
    for (int m = 0; m < 3; m++) {
        size_t n = 861 * mmofl_shape_count(arrays->modality[m].shape);
        for (size_t i = 0; i < n; i++) {
            float wanted = value_of(arrays, m, 0, i), got = value_of(matlab, m, 0, i);
            /* Double sums in another order: at most the last bit of a float. */
            CHECK_NEAR(got, wanted, 1.2e-7 * fabs((double)wanted) + 1e-12);
        }
    }
    mmofl_dataset_close(matlab);
    mmofl_dataset_close(arrays);
}

static void train_subjects_choose_the_parts(void **state)
{
    (void)state;
    if (!mmofl_file_exists(FOLDER))
        CHECK_SKIP("no ../shared/data/utd-mhad");
    mmofl_dataset *set;
    mmofl_error err = {0};
    CHECK_OK(import(FOLDER, "8, 2", &set, &err));
    CHECK_INT(set->n_train, 215);
    for (size_t i = 0; i < 861; i++)
        CHECK((set->owner[i] == 2 || set->owner[i] == 8) == (i < 215));
    mmofl_dataset_close(set);
}

/* --- refusals --------------------------------------------------------------------- */

static mmofl_status import_default(const char *path, mmofl_error *err)
{
    mmofl_dataset *set = NULL;
    mmofl_status st = import(path, NULL, &set, err);
    CHECK((st == MMOFL_OK) == (set != NULL)); /* a failed call leaves it untouched */
    mmofl_dataset_close(set);
    return st;
}

static void every_bad_archive_is_refused_with_its_status(void **state)
{
    (void)state;
    bad_files_are_refused("utd-mhad", 55, import_default);
}

static void errors_name_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *file, *says;
    } cases[] = {
        {"E_RANGE--action_28.zip", "action_28.zip: index.tsv:3:3: "},
        {"E_COUNT--row_fewer_in_index.zip", "acc_f32.npy: 3 rows, index.tsv has 2"},
        {"E_NONFINITE--nan.zip", "acc_f32.npy: value 767 is nan"},
        {"E_MISSING--skeleton.zip", "no a27_s8_t4_skeleton.mat"},
        {"E_MISSING--neither_layout.zip", "holds neither index.tsv nor"},
        {"E_SHAPE--25_joints.zip",
         "Skeleton/a1_s2_t1_skeleton.mat: d_skel is not (20, 3, T) with T >= 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[512];
        mmofl_error err = {0};
        snprintf(path, sizeof path, "%s/bad/utd-mhad/%s", MMOFL_TESTS_DIR,
                 cases[i].file);
        CHECK(import_default(path, &err));
        CHECK_CONTAINS(err.text, cases[i].says);
    }
}

CHECK_MAIN(TEST(arrays_become_samples_in_the_order_of_part_action_and_subject),
           TEST(matlab_files_are_stretched_along_straight_lines),
           TEST(folder_of_arrays_is_imported_to_the_bit),
           TEST(matlab_files_give_what_the_arrays_hold),
           TEST(train_subjects_choose_the_parts),
           TEST(every_bad_archive_is_refused_with_its_status),
           TEST(errors_name_the_place))
