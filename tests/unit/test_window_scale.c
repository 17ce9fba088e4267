/* test_window_scale.c - a sample on its own axes: worked by hand, and against the
 * formula. */
#define _GNU_SOURCE
#include "nn_fixture.h"

#include "data/builder.h"
#include "data/window_scale.h"
#include "mmofl/dataset.h"

static void each_channel_gets_mean_0_and_deviation_1(void **state)
{
    (void)state;
    /* Channel 0: mean 3, population sd 2; channel 1: mean -1, sd 1; 2 stands still. */
    static const float x[4][3] = {{1, -2, 9}, {5, 0, 9}, {1, 0, 9}, {5, -2, 9}};
    float out[4][3];
    mmofl_window_scale(4, 3, &x[0][0], &out[0][0]);
    for (int t = 0; t < 4; t++) {
        CHECK_NEAR(out[t][0], (x[t][0] - 3) / 2.00001f, 1e-7);
        CHECK_NEAR(out[t][1], (x[t][1] + 1) / 1.00001f, 1e-7);
        CHECK(out[t][2] == 0);
    }
}

static void check_formula(size_t rows, size_t channels)
{
    size_t n = rows * channels;
    float *x = malloc(n * sizeof *x);
    fixture_fenced out = fixture_fence(n);
    CHECK(x != NULL);
    fixture_fill(x, n, channels);
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] * (float)(i % channels + 1) + 100; /* a mean that dwarfs it */
    mmofl_window_scale(rows, channels, x, out.at);
    for (size_t c = 0; c < channels; c++) {
        double mean = 0, variance = 0;
        for (size_t r = 0; r < rows; r++)
            mean += (double)x[r * channels + c] / (double)rows;
        for (size_t r = 0; r < rows; r++)
            variance += pow((double)x[r * channels + c] - mean, 2) / (double)rows;
        for (size_t r = 0; r < rows; r++) {
            double wanted =
                ((double)x[r * channels + c] - mean) / (sqrt(variance) + 1e-5);
            CHECK_NEAR(out.at[r * channels + c], wanted, 1e-6);
        }
    }
    free(x);
    fixture_unfence(&out);
}

static void every_shape_follows_the_formula(void **state)
{
    (void)state;
    static const size_t rows[] = {1, 2, 9, 10, 11, 31, 32, 33, 128, 1000};
    static const size_t channels[] = {1, 2, 3, 6, 16, 17, 31, 32, 33, 64, 100};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
            check_formula(rows[r], channels[c]);
}

static void a_channel_that_hardly_moves_keeps_its_digits(void **state)
{
    (void)state;
    enum { STEPS = 64 };
    float x[STEPS], out[STEPS];
    for (int t = 0; t < STEPS; t++) /* +-2^-10 around 1000 */
        x[t] = 1000 + (t % 2 ? 0x1p-10f : -0x1p-10f);
    mmofl_window_scale(STEPS, 1, x, out);
    for (int t = 0; t < STEPS; t++)
        CHECK_NEAR(out[t], (t % 2 ? 1 : -1) * 0x1p-10 / (0x1p-10 + 1e-5), 1e-6);
}

static void the_largest_floats_stay_finite(void **state)
{
    (void)state;
    static const float x[3] = {-3e38f, 3e38f, 3e38f};
    float out[3];
    mmofl_window_scale(3, 1, x, out);
    CHECK_NEAR(out[0], -sqrt(2), 1e-6);
    CHECK_NEAR(out[1], sqrt(0.5), 1e-6);
}

static void every_compiler_and_machine_gives_these_bytes(void **state)
{
    (void)state;
    uint64_t hash = 0;
    for (size_t channels = 1; channels <= 40; channels += 3) {
        float x[50 * 40], out[50 * 40];
        fixture_fill(x, 50 * channels, channels);
        mmofl_window_scale(50, channels, x, out);
        hash = fixture_hash(hash, out, 50 * channels);
    }
    if (hash != UINT64_C(0x5f75a61f58096d4e))
        fail_msg("hash is 0x%llx", (unsigned long long)hash);
}

/* ---- in a data set ---- */

static void a_data_set_leaves_tokens_and_stored_values_alone(void **state)
{
    (void)state;
    static const char *const classes[2] = {"x", "y"};
    const mmofl_modality modality[2] = {
        {.name = "a", .shape = {2, {2, 1}}},
        {.name = "t", .shape = {1, {2}}, .dtype = MMOFL_TOKENS, .vocabulary = 9}};
    const mmofl_builder_plan plan = {.name = "two",
                                     .citation = "",
                                     .n_modalities = 2,
                                     .modality = modality,
                                     .n_classes = 2,
                                     .class_name = classes,
                                     .n_samples = 2,
                                     .n_train = 1};
    mmofl_builder builder;
    mmofl_dataset *set;
    CHECK_OK(mmofl_builder_begin(&plan, &builder, NULL));
    static const float values[4] = {1, 3, 10, 30};
    static const int32_t ids[4] = {1, 2, 3, 4};
    memcpy(builder.values[0], values, sizeof values);
    memcpy(builder.values[1], ids, sizeof ids);
    CHECK_OK(mmofl_builder_finish(&builder, &set, NULL));
    set->standardize = MMOFL_STANDARDIZE_WINDOW;
    float out[2];
    mmofl_dataset_values(set, 1, 0, out);
    CHECK_NEAR(out[0], -10 / 10.00001, 1e-6);
    CHECK_NEAR(out[1], 10 / 10.00001, 1e-6);
    mmofl_dataset_values(set, 1, 1, out);
    CHECK(out[0] == 3 && out[1] == 4);
    CHECK(memcmp(set->values[0], values, sizeof values) == 0);
    mmofl_dataset_close(set);
}

CHECK_MAIN(TEST(each_channel_gets_mean_0_and_deviation_1),
           TEST(every_shape_follows_the_formula),
           TEST(a_channel_that_hardly_moves_keeps_its_digits),
           TEST(the_largest_floats_stay_finite),
           TEST(every_compiler_and_machine_gives_these_bytes),
           TEST(a_data_set_leaves_tokens_and_stored_values_alone))
