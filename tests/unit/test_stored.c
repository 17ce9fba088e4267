/* test_stored.c - fewer bytes, the very floats. */
#include "scratch.h"

#include "base/file.h"
#include "data/builder.h"
#include "data/data_cache.h"
#include "data/stored.h"

enum { BYTES = 256, PAIRS = 65536 };

static mmofl_stored smallest_of(float x)
{
    return mmofl_stored_smallest(1, &x);
}

/* Pack n floats, look whether they need so many bytes, and take them out again: all at
 * once, and from each of the first places to the end. */
static void there_and_back(mmofl_stored stored, size_t n, const float *x)
{
    size_t size = n * mmofl_stored_bytes(stored);
    void *packed = malloc(size);
    float *room = malloc(n * sizeof *room);
    CHECK(packed && room);
    CHECK_INT(mmofl_stored_smallest(n, x), stored);
    mmofl_stored_pack(stored, n, x, packed);
    for (size_t first = 0; first < n && first < 70; first++) {
        const float *back = mmofl_stored_floats(stored, packed, first, n - first, room);
        CHECK(memcmp(back, x + first, (n - first) * sizeof *x) == 0);
    }
    free(packed);
    free(room);
}

static void every_byte_comes_back_as_its_float(void **state)
{
    (void)state;
    float x[BYTES];
    for (int i = 0; i < BYTES; i++)
        x[i] = (float)i;
    there_and_back(MMOFL_STORED_U8, BYTES, x);
    for (int i = 0; i < BYTES; i++)
        CHECK_INT(smallest_of((float)i), MMOFL_STORED_U8);
}

static void every_pair_of_bytes_comes_back_as_its_float(void **state)
{
    (void)state;
    static float x[PAIRS];
    for (int i = 0; i < PAIRS; i++)
        x[i] = (float)(i - PAIRS / 2);
    there_and_back(MMOFL_STORED_I16, PAIRS, x);
    for (int i = INT16_MIN; i < 0; i++)
        CHECK_INT(smallest_of((float)i), MMOFL_STORED_I16);
    for (int i = BYTES; i <= INT16_MAX; i++)
        CHECK_INT(smallest_of((float)i), MMOFL_STORED_I16);
}

static void whatever_would_lose_a_bit_stays_a_float(void **state)
{
    (void)state;
    static const float fractions[] = {
        0.5f,      255.5f, 254.99998f,    1e-45f,         -0.0f, 256.0001f, -32769,
        32768,     65535,  2147483648.0f, -2147483648.0f, 3e38f, -3e38f,    INFINITY,
        -INFINITY, NAN,    -NAN};
    size_t n = sizeof fractions / sizeof *fractions;
    for (size_t i = 0; i < n; i++)
        CHECK_INT(smallest_of(fractions[i]), MMOFL_STORED_F32);
    there_and_back(MMOFL_STORED_F32, n, fractions);
}

/* Also the last one of many blocks, wherever the vectors end. */
static void one_value_decides_for_all(void **state)
{
    (void)state;
    enum { MOST = 3 * 4096 + 5 };
    static float x[MOST];
    for (size_t n = MOST - 70; n <= MOST; n++) {
        x[n - 1] = 300;
        CHECK_INT(mmofl_stored_smallest(n, x), MMOFL_STORED_I16);
        x[n - 1] = -0.0f;
        CHECK_INT(mmofl_stored_smallest(n, x), MMOFL_STORED_F32);
        x[n - 1] = 0;
        CHECK_INT(mmofl_stored_smallest(n, x), MMOFL_STORED_U8);
    }
}

static void ids_come_as_whole_floats(void **state)
{
    (void)state;
    static const int32_t ids[] = {0, 1, 255, 65536, (1 << 24) - 1};
    float room[4];
    const float *out = mmofl_stored_floats(MMOFL_STORED_I32, ids, 1, 4, room);
    CHECK(out == room);
    CHECK(out[0] == 1 && out[1] == 255 && out[2] == 65536 && out[3] == 16777215);
    CHECK_INT(mmofl_stored_bytes(MMOFL_STORED_I32), 4);
}

/* --- in data sets ----------------------------------------------------------------- */

enum { N = 7, N_TRAIN = 4, M = 4, PIXELS = 6, STEPS = 5 };

static const mmofl_modality modalities[M] = {
    {.name = "picture", .shape = {3, {3, 2, 1}}},
    {.name = "counts", .shape = {2, {STEPS, 2}}},
    {.name = "motion", .shape = {1, {3}}},
    {.name = "words", .dtype = MMOFL_TOKENS, .vocabulary = 90, .shape = {1, {2}}}};

/* The picture of sample 2 and the counts of sample 5 were not recorded. */
static mmofl_dataset *mixed_set(void)
{
    static const char *const classes[] = {"calm", "lively"};
    const mmofl_builder_plan plan = {.name = "mixed",
                                     .citation = "nobody",
                                     .n_modalities = M,
                                     .modality = modalities,
                                     .n_classes = 2,
                                     .class_name = classes,
                                     .n_samples = N,
                                     .n_train = N_TRAIN};
    mmofl_builder b;
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    CHECK_OK(mmofl_builder_begin(&plan, &b, &err));
    float *picture = b.values[0], *counts = b.values[1], *motion = b.values[2];
    int32_t *words = b.values[3];
    for (int i = 0; i < N * PIXELS; i++)
        picture[i] = (float)(i * 37 % 256);
    for (int i = 0; i < N * STEPS * 2; i++)
        counts[i] = (float)(i * 1009 % 65536 - 32768);
    for (int i = 0; i < N * 3; i++)
        motion[i] = (float)i / 8;
    for (int i = 0; i < N * 2; i++)
        words[i] = i * 6;
    memset(picture + 2 * PIXELS, 0, PIXELS * sizeof *picture);
    memset(counts + 5 * STEPS * 2, 0, STEPS * 2 * sizeof *counts);
    b.mask[2] &= ~UINT32_C(1);
    b.mask[5] &= ~UINT32_C(2);
    for (int i = 0; i < N; i++)
        b.time[i] = i;
    CHECK_OK(mmofl_builder_finish(&b, &set, &err));
    return set;
}

static mmofl_dataset *reopened(const mmofl_dataset *set, scratch *s)
{
    mmofl_dataset *read = NULL;
    mmofl_error err = {0};
    scratch_new(s);
    CHECK_OK(mmofl_dataset_save(set, scratch_path(s, "x"), &err));
    CHECK_OK(mmofl_dataset_open(s->path, &read, &err));
    return read;
}

/* Everything that a and b hand out, and what they would for sample j of b. */
static void same_values(mmofl_dataset *a, mmofl_dataset *b)
{
    CHECK_INT(a->n_samples, b->n_samples);
    for (int s = MMOFL_STANDARDIZE_NONE; s <= MMOFL_STANDARDIZE_WINDOW; s++) {
        a->standardize = b->standardize = (mmofl_standardize)s;
        for (size_t i = 0; i < a->n_samples; i++)
            for (int m = 0; m < M; m++) {
                float x[STEPS * 2], y[STEPS * 2];
                size_t bytes = mmofl_shape_count(a->modality[m].shape) * sizeof *x;
                if (!(a->mask[i] >> m & 1))
                    continue;
                mmofl_dataset_values(a, i, m, x);
                mmofl_dataset_values(b, i, m, y);
                CHECK(memcmp(x, y, bytes) == 0);
                mmofl_dataset_recorded(a, i, m, x);
                mmofl_dataset_recorded(b, i, m, y);
                CHECK(memcmp(x, y, bytes) == 0);
            }
    }
}

static void a_file_keeps_each_modality_in_as_few_bytes_as_it_needs(void **state)
{
    (void)state;
    scratch s;
    mmofl_dataset *set = mixed_set(), *read = reopened(set, &s);
    static const mmofl_stored built[M] = {MMOFL_STORED_F32, MMOFL_STORED_F32,
                                          MMOFL_STORED_F32, MMOFL_STORED_I32},
                              wanted[M] = {MMOFL_STORED_U8, MMOFL_STORED_I16,
                                           MMOFL_STORED_F32, MMOFL_STORED_I32};
    for (int m = 0; m < M; m++) {
        CHECK_INT(set->stored[m], built[m]);
        CHECK_INT(read->stored[m], wanted[m]);
        CHECK_INT(read->modality[m].dtype, modalities[m].dtype);
    }
    mmofl_dataset_close(set);
    mmofl_dataset_close(read);
    scratch_delete(&s);
}

static void a_reopened_set_hands_out_the_same_bits(void **state)
{
    (void)state;
    scratch s, again;
    mmofl_error err = {0};
    mmofl_dataset *set = mixed_set(), *read = reopened(set, &s);
    same_values(set, read);
    mmofl_dataset *copy = reopened(read, &again); /* of a set that is packed already */
    same_values(set, copy);
    for (int m = 0; m < M; m++)
        CHECK_INT(copy->stored[m], read->stored[m]);
    CHECK_OK(mmofl_dataset_stride_test(set, 2, &err));
    CHECK_OK(mmofl_dataset_stride_test(read, 2, &err));
    CHECK_INT(read->time[N_TRAIN + 1], N - 1);
    same_values(set, read);
    mmofl_dataset_close(set);
    mmofl_dataset_close(read);
    mmofl_dataset_close(copy);
    scratch_delete(&s);
    scratch_delete(&again);
}

static void window_standardising_leaves_what_was_recorded_alone(void **state)
{
    (void)state;
    scratch s;
    mmofl_dataset *set = mixed_set(), *read = reopened(set, &s);
    float before[PIXELS], after[PIXELS], out[PIXELS];
    read->standardize = MMOFL_STANDARDIZE_WINDOW;
    mmofl_dataset_recorded(read, 0, 0, before);
    mmofl_dataset_values(read, 0, 0, out);
    mmofl_dataset_recorded(read, 0, 0, after);
    CHECK(before[1] == 37 && memcmp(before, after, sizeof before) == 0);
    CHECK(out[1] != 37);
    mmofl_dataset_close(set);
    mmofl_dataset_close(read);
    scratch_delete(&s);
}

CHECK_MAIN(TEST(every_byte_comes_back_as_its_float),
           TEST(every_pair_of_bytes_comes_back_as_its_float),
           TEST(whatever_would_lose_a_bit_stays_a_float),
           TEST(one_value_decides_for_all), TEST(ids_come_as_whole_floats),
           TEST(a_file_keeps_each_modality_in_as_few_bytes_as_it_needs),
           TEST(a_reopened_set_hands_out_the_same_bits),
           TEST(window_standardising_leaves_what_was_recorded_alone))
