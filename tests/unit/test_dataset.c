/* test_dataset.c - data sets in memory and as cache files, and what is refused. */
#include "scratch.h"

#include "base/file.h"
#include "data/builder.h"
#include "data/data_cache.h"

enum { N = 7, N_TRAIN = 4 };

static const mmofl_modality modalities[2] = {
    {.name = "motion",
     .unit = "g",
     .rate_hz = 50,
     .dtype = MMOFL_F32,
     .shape = {2, {2, 2}}},
    {.name = "words", .dtype = MMOFL_TOKENS, .vocabulary = 10, .shape = {1, {3}}}};

static const char *const classes[2] = {"calm", "lively"};

static mmofl_builder_plan small_plan(void)
{
    return (mmofl_builder_plan){.name = "small",
                                .citation = "nobody",
                                .n_modalities = 2,
                                .modality = modalities,
                                .n_classes = 2,
                                .class_name = classes,
                                .n_samples = N,
                                .n_train = N_TRAIN};
}

/* Sample i: motion = (i, 5.5) in both steps, words = (i, 1, 2); the last training
 * sample has no motion. */
static void fill(mmofl_builder *b)
{
    float *motion = b->values[0];
    int32_t *words = b->values[1];
    for (int i = 0; i < N; i++) {
        for (int t = 0; t < 2; t++) {
            motion[i * 4 + t * 2] = (float)i;
            motion[i * 4 + t * 2 + 1] = 5.5f;
        }
        words[i * 3] = i;
        words[i * 3 + 1] = 1;
        words[i * 3 + 2] = 2;
        b->label[i] = i % 2;
        b->owner[i] = 10 + i / 3;
        b->time[i] = i;
    }
    b->mask[N_TRAIN - 1] = 2;
    for (int v = 0; v < 4; v++)
        motion[(N_TRAIN - 1) * 4 + v] = 0;
}

static mmofl_dataset *small_set(void)
{
    mmofl_builder_plan plan = small_plan();
    mmofl_builder builder;
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    CHECK_OK(mmofl_builder_begin(&plan, &builder, &err));
    fill(&builder);
    CHECK_OK(mmofl_builder_finish(&builder, &set, &err));
    return set;
}

/* --- building --------------------------------------------------------------------- */

static void statistics_are_those_of_recorded_training_samples(void **state)
{
    (void)state;
    mmofl_dataset *set = small_set();
    /* Channel 0 over samples 0, 1, 2: mean 1, sd sqrt(2/3); channel 1 is constant. */
    CHECK_NEAR(set->mean[0][0], 1, 0);
    CHECK_NEAR(set->sd[0][0], sqrt(2.0 / 3.0), 1e-7);
    CHECK_NEAR(set->mean[0][1], 5.5, 0);
    CHECK_NEAR(set->sd[0][1], 1, 0);
    CHECK(!set->mean[1] && !set->sd[1] && !set->scale[1]);
    mmofl_dataset_close(set);
}

static void values_come_raw_or_standardised(void **state)
{
    (void)state;
    mmofl_dataset *set = small_set();
    float out[4];
    mmofl_dataset_values(set, 2, 0, out);
    CHECK_NEAR(out[0], 2, 0);
    CHECK_NEAR(out[1], 5.5, 0);
    set->standardize = MMOFL_STANDARDIZE_CHANNEL;
    mmofl_dataset_values(set, 2, 0, out);
    CHECK_NEAR(out[2], 1 / sqrt(2.0 / 3.0), 1e-6);
    CHECK_NEAR(out[3], 0, 1e-6);
    float words[3];
    mmofl_dataset_values(set, 6, 1, words);
    CHECK_NEAR(words[0], 6, 0);
    CHECK_NEAR(words[2], 2, 0);
    mmofl_dataset_close(set);
}

static void shapes_print_and_compare(void **state)
{
    (void)state;
    mmofl_shape a = {2, {128, 3}}, b = {1, {128}};
    char text[32];
    mmofl_shape_text(a, text, sizeof text);
    CHECK_TEXT(text, "(128, 3)");
    mmofl_shape_text(b, text, sizeof text);
    CHECK_TEXT(text, "(128)");
    CHECK(mmofl_shape_equal(a, a) && !mmofl_shape_equal(a, b));
    CHECK_INT(mmofl_shape_count(a), 384);
}

static void each_failing_allocation_is_reported(void **state)
{
    (void)state;
    int failed = 0;
    for (long n = 1; n < 100; n++) {
        mmofl_builder_plan plan = small_plan();
        mmofl_builder builder;
        mmofl_dataset *set = NULL;
        mmofl_error err = {0};
        plan.fail_after = n;
        mmofl_status st = mmofl_builder_begin(&plan, &builder, &err);
        if (!st) {
            fill(&builder);
            st = mmofl_builder_finish(&builder, &set, &err);
        }
        if (!st) {
            mmofl_dataset_close(set);
            CHECK(failed >= 10);
            return;
        }
        CHECK_STATUS(st, MMOFL_E_MEMORY);
        CHECK(!set);
        failed++;
    }
    fail_msg("never succeeded");
}

static void impossible_plans_are_refused(void **state)
{
    (void)state;
    mmofl_modality bad[2] = {modalities[0], modalities[1]};
    mmofl_builder builder = {0};
    mmofl_error err = {0};
    mmofl_builder_plan plan = small_plan();
    plan.n_train = N + 1;
    CHECK_STATUS(mmofl_builder_begin(&plan, &builder, &err), MMOFL_E_RANGE);
    plan = small_plan(), plan.n_train = 0;
    CHECK_STATUS(mmofl_builder_begin(&plan, &builder, &err), MMOFL_E_RANGE);
    plan = small_plan(), plan.n_classes = 1;
    CHECK_STATUS(mmofl_builder_begin(&plan, &builder, &err), MMOFL_E_RANGE);
    plan = small_plan(), plan.n_modalities = 17;
    CHECK_STATUS(mmofl_builder_begin(&plan, &builder, &err), MMOFL_E_RANGE);
    plan = small_plan(), plan.modality = bad;
    bad[0].shape.dim[1] = 0;
    CHECK_STATUS(mmofl_builder_begin(&plan, &builder, &err), MMOFL_E_SHAPE);
    bad[0].shape = (mmofl_shape){4, {70000, 70000, 70000, 70000}};
    CHECK_STATUS(mmofl_builder_begin(&plan, &builder, &err), MMOFL_E_SHAPE);
    bad[0] = modalities[0];
    strcpy(bad[1].name, "motion");
    CHECK_STATUS(mmofl_builder_begin(&plan, &builder, &err), MMOFL_E_DUPLICATE);
    bad[1] = modalities[1], bad[1].vocabulary = 0;
    CHECK_STATUS(mmofl_builder_begin(&plan, &builder, &err), MMOFL_E_RANGE);
    bad[1] = modalities[1], bad[0].rate_hz = (double)NAN;
    CHECK_STATUS(mmofl_builder_begin(&plan, &builder, &err), MMOFL_E_NONFINITE);
    CHECK(!builder.set);
}

/* --- test stride ------------------------------------------------------------------ */

static void check_strided(mmofl_dataset *set)
{
    CHECK_INT(set->n_samples, N_TRAIN + 2);
    CHECK_INT(set->time[N_TRAIN - 1], N_TRAIN - 1);
    CHECK_INT(set->time[N_TRAIN], 4);
    CHECK_INT(set->time[N_TRAIN + 1], 6);
    float out[4];
    mmofl_dataset_values(set, N_TRAIN + 1, 0, out);
    CHECK_NEAR(out[0], 6, 0);
    float words[3];
    mmofl_dataset_values(set, N_TRAIN + 1, 1, words);
    CHECK_NEAR(words[0], 6, 0);
    CHECK_INT(set->owner[N_TRAIN + 1], 12);
}

static void stride_keeps_the_first_and_every_nth_test_sample(void **state)
{
    (void)state;
    mmofl_error err = {0};
    mmofl_dataset *set = small_set();
    CHECK_STATUS(mmofl_dataset_stride_test(set, 0, &err), MMOFL_E_RANGE);
    CHECK_OK(mmofl_dataset_stride_test(set, 1, &err));
    CHECK_INT(set->n_samples, N);
    CHECK_OK(mmofl_dataset_stride_test(set, 2, &err));
    check_strided(set);
    CHECK_OK(mmofl_dataset_stride_test(set, 1000, &err));
    CHECK_INT(set->n_samples, N_TRAIN + 1);
    mmofl_dataset_close(set);
}

/* --- cache files ------------------------------------------------------------------ */

static void cache_file_gives_back_the_same_set(void **state)
{
    (void)state;
    scratch s;
    mmofl_error err = {0};
    mmofl_dataset *set = small_set(), *read = NULL;
    scratch_new(&s);
    CHECK_OK(mmofl_dataset_save(set, scratch_path(&s, "x.mmofl-data"), &err));
    CHECK_OK(mmofl_dataset_open(scratch_path(&s, "x.mmofl-data"), &read, &err));
    CHECK_TEXT(read->name, "small");
    CHECK_TEXT(read->citation, "nobody");
    CHECK_TEXT(read->class_name[1], "lively");
    CHECK_INT(read->n_train, N_TRAIN);
    CHECK_INT(read->modality[1].vocabulary, 10);
    CHECK(memcmp(read->values[0], set->values[0], sizeof(float) * N * 4) == 0);
    CHECK(memcmp(read->values[1], set->values[1], sizeof(int32_t) * N * 3) == 0);
    CHECK(memcmp(read->sd[0], set->sd[0], sizeof(float) * 2) == 0);
    CHECK(memcmp(read->mask, set->mask, sizeof(uint32_t) * N) == 0);
    CHECK(memcmp(read->scale[0], set->scale[0], sizeof(float) * 4) == 0);
    for (int m = 0; m < 2; m++)
        CHECK((uintptr_t)read->values[m] % 64 == 0);
    mmofl_dataset_close(set);
    mmofl_dataset_close(read);
    scratch_delete(&s);
}

static void striding_a_mapped_set_leaves_its_file_alone(void **state)
{
    (void)state;
    scratch s;
    mmofl_error err = {0};
    mmofl_dataset *set = small_set();
    scratch_new(&s);
    CHECK_OK(mmofl_dataset_save(set, scratch_path(&s, "x"), &err));
    mmofl_dataset_close(set);
    for (int time = 0; time < 2; time++) {
        CHECK_OK(mmofl_dataset_open(s.path, &set, &err));
        CHECK_INT(set->n_samples, N);
        CHECK_OK(mmofl_dataset_stride_test(set, 2, &err));
        check_strided(set);
        mmofl_dataset_close(set);
    }
    scratch_delete(&s);
}

/* --- bad cache files: each is a good image with one change -------------------------
 */

/* Where things lie in the image of small_set (docs/data-cache.md). */
enum {
    AT_VERSION = 8,
    AT_HEADER_BYTES = 12,
    AT_FILE_BYTES = 16,
    AT_RESERVED = 24,
    AT_NAME = 64,
    AT_MODALITIES = AT_NAME + 48 + 512,
    AT_CLASSES = AT_MODALITIES + 4,
    AT_SAMPLES = AT_CLASSES + 4,
    AT_TRAIN = AT_SAMPLES + 8,
    AT_MODALITY = AT_TRAIN + 8,
    AT_RATE = AT_MODALITY + 96,
    AT_KIND = AT_RATE + 8,
    AT_DIMS = AT_KIND + 8,
    AT_DIM_0 = AT_DIMS + 4,
    MODALITY_BYTES = 132,
    AT_SECTIONS = AT_MODALITY + 2 * MODALITY_BYTES,
    AT_SECTION_0 = AT_SECTIONS + 4
};

/* Sections of small_set, in order. */
enum { S_CLASSES, S_MASK, S_LABEL, S_OWNER, S_TIME, S_MOTION, S_MEAN, S_SD, S_WORDS };

struct image {
    unsigned char *data; /* 64-byte aligned, free() it */
    size_t size;
};

static struct image good_image(void)
{
    scratch s;
    mmofl_error err = {0};
    unsigned char *data;
    struct image image;
    mmofl_dataset *set = small_set();
    scratch_new(&s);
    CHECK_OK(mmofl_dataset_save(set, scratch_path(&s, "x"), &err));
    CHECK_OK(mmofl_file_read(s.path, 1 << 20, &data, &image.size, &err));
    image.data = aligned_alloc(64, (image.size + 63) / 64 * 64);
    CHECK(image.data);
    memcpy(image.data, data, image.size);
    free(data);
    mmofl_dataset_close(set);
    scratch_delete(&s);
    return image;
}

static size_t section_at(const struct image *image, int section)
{
    uint64_t offset;
    memcpy(&offset, image->data + AT_SECTION_0 + 16 * section, sizeof offset);
    return (size_t)offset;
}

static void put_32(struct image *image, size_t at, uint32_t value)
{
    memcpy(image->data + at, &value, sizeof value);
}

static void put_64(struct image *image, size_t at, uint64_t value)
{
    memcpy(image->data + at, &value, sizeof value);
}

static void put_float(struct image *image, size_t at, float value)
{
    memcpy(image->data + at, &value, sizeof value);
}

/* The image, sealed again if asked, is refused so; then it is made good again. */
static void refused(struct image *image, bool seal, mmofl_status wanted, int line)
{
    mmofl_error err = {0};
    mmofl_dataset *set = NULL;
    if (seal)
        mmofl_data_cache_seal(image->data, image->size);
    mmofl_status st =
        mmofl_data_cache_parse(image->data, image->size, "file.x", &set, &err);
    if (st != wanted)
        fail_msg("line %d: %s (%s), wanted %s", line, mmofl_status_name(st), err.text,
                 mmofl_status_name(wanted));
    CHECK(!set);
    CHECK_CONTAINS(err.text, "file.x: ");
    free(image->data);
    *image = good_image();
}

#define REFUSED(image, wanted) refused(&(image), true, MMOFL_##wanted, __LINE__)
#define REFUSED_UNSEALED(image, wanted)                                                \
    refused(&(image), false, MMOFL_##wanted, __LINE__)

static void damaged_files_are_refused(void **state)
{
    (void)state;
    struct image image = good_image();
    image.data[0] = 'X';
    REFUSED_UNSEALED(image, E_CORRUPT); /* magic */
    put_32(&image, AT_VERSION, MMOFL_DATA_CACHE_VERSION - 1);
    REFUSED_UNSEALED(image, E_VERSION);
    put_32(&image, AT_VERSION, MMOFL_DATA_CACHE_VERSION + 1);
    REFUSED_UNSEALED(image, E_VERSION);
    image.data[image.size - 1] ^= 1;
    REFUSED_UNSEALED(image, E_CORRUPT); /* one bit */
    image.data[AT_NAME] ^= 1;
    REFUSED_UNSEALED(image, E_CORRUPT);
    image.size = 0;
    REFUSED_UNSEALED(image, E_TRUNCATED);
    image.size = 63;
    REFUSED_UNSEALED(image, E_TRUNCATED);
    image.size -= 1;
    REFUSED_UNSEALED(image, E_TRUNCATED);
    image.size -= 1;
    REFUSED(image, E_TRUNCATED);
    put_64(&image, AT_FILE_BYTES, image.size - 1);
    REFUSED(image, E_CORRUPT); /* goes on after its end */
    put_64(&image, AT_FILE_BYTES, UINT64_MAX);
    REFUSED(image, E_TRUNCATED);
    free(image.data);
}

static void every_cut_and_every_flipped_byte_is_refused(void **state)
{
    (void)state;
    struct image image = good_image();
    mmofl_dataset *set = NULL;
    for (size_t size = 0; size < image.size; size++)
        CHECK(mmofl_data_cache_parse(image.data, size, "x", &set, NULL));
    for (size_t i = 0; i < image.size; i++) {
        image.data[i] ^= 0x20;
        CHECK(mmofl_data_cache_parse(image.data, image.size, "x", &set, NULL));
        image.data[i] ^= 0x20;
    }
    CHECK_OK(mmofl_data_cache_parse(image.data, image.size, "x", &set, NULL));
    mmofl_dataset_close(set);
    free(image.data);
}

static void lying_headers_are_refused_even_when_sealed(void **state)
{
    (void)state;
    struct image image = good_image();
    put_64(&image, AT_RESERVED, 1);
    REFUSED(image, E_CORRUPT);
    put_32(&image, AT_HEADER_BYTES, UINT32_MAX);
    REFUSED(image, E_CORRUPT);
    put_32(&image, AT_HEADER_BYTES, 100);
    REFUSED(image, E_CORRUPT);
    put_32(&image, AT_MODALITIES, 17);
    REFUSED(image, E_CORRUPT);
    put_32(&image, AT_MODALITIES, 0);
    REFUSED(image, E_RANGE);
    put_32(&image, AT_CLASSES, 1);
    REFUSED(image, E_RANGE);
    put_32(&image, AT_CLASSES, 1025);
    REFUSED(image, E_RANGE);
    put_64(&image, AT_SAMPLES, UINT64_MAX);
    REFUSED(image, E_RANGE);
    put_64(&image, AT_SAMPLES, INT32_MAX);
    REFUSED(image, E_SHAPE); /* more than the file has */
    put_64(&image, AT_SAMPLES, N - 1);
    REFUSED(image, E_SHAPE); /* less than the file has */
    put_64(&image, AT_TRAIN, N + 1);
    REFUSED(image, E_RANGE);
    put_64(&image, AT_TRAIN, 0);
    REFUSED(image, E_RANGE);
    memset(image.data + AT_NAME, 'a', 48);
    REFUSED(image, E_CORRUPT); /* no end */
    image.data[AT_NAME] = '\n';
    REFUSED(image, E_CORRUPT);
    put_32(&image, AT_KIND, 4);
    REFUSED(image, E_CORRUPT); /* no kind */
    put_32(&image, AT_KIND, 2);
    REFUSED(image, E_SHAPE); /* bytes, where the file has floats */
    put_32(&image, AT_KIND, 3);
    REFUSED(image, E_SHAPE);
    put_32(&image, AT_KIND, 1);
    REFUSED(image, E_RANGE); /* ids, and no vocabulary */
    put_32(&image, AT_DIMS, 5);
    REFUSED(image, E_SHAPE);
    put_32(&image, AT_DIM_0, 0);
    REFUSED(image, E_SHAPE);
    put_32(&image, AT_DIM_0, INT32_MAX);
    REFUSED(image, E_SHAPE);
    put_64(&image, AT_RATE, UINT64_C(0x7ff8000000000000));
    REFUSED(image, E_NONFINITE);
    free(image.data);
}

static void misplaced_sections_are_refused_even_when_sealed(void **state)
{
    (void)state;
    struct image image = good_image();
    put_32(&image, AT_SECTIONS, 8);
    REFUSED(image, E_CORRUPT);
    put_64(&image, AT_SECTION_0, 0); /* over the preamble */
    REFUSED(image, E_CORRUPT);
    put_64(&image, AT_SECTION_0, UINT64_MAX - 63);
    REFUSED(image, E_CORRUPT);
    put_64(&image, AT_SECTION_0 + 16, section_at(&image, S_CLASSES)); /* overlap */
    REFUSED(image, E_CORRUPT);
    put_64(&image, AT_SECTION_0 + 8, UINT64_MAX);
    REFUSED(image, E_CORRUPT);
    free(image.data);
}

static void bad_arrays_are_refused_even_when_sealed(void **state)
{
    (void)state;
    struct image image = good_image();
    put_32(&image, section_at(&image, S_LABEL), 2);
    REFUSED(image, E_RANGE);
    put_32(&image, section_at(&image, S_LABEL) + 4, UINT32_MAX);
    REFUSED(image, E_RANGE);
    put_32(&image, section_at(&image, S_MASK), 0);
    REFUSED(image, E_RANGE);
    put_32(&image, section_at(&image, S_MASK), 4);
    REFUSED(image, E_RANGE);
    put_32(&image, section_at(&image, S_OWNER), UINT32_MAX);
    REFUSED(image, E_RANGE);
    put_32(&image, section_at(&image, S_WORDS), 10);
    REFUSED(image, E_RANGE);
    put_float(&image, section_at(&image, S_MOTION) + 8, (float)NAN);
    REFUSED(image, E_NONFINITE);
    put_float(&image, section_at(&image, S_MEAN), (float)INFINITY);
    REFUSED(image, E_NONFINITE);
    put_float(&image, section_at(&image, S_SD), 0);
    REFUSED(image, E_RANGE);
    put_float(&image, section_at(&image, S_SD), -1);
    REFUSED(image, E_RANGE);
    memset(image.data + section_at(&image, S_CLASSES), 'a', 48);
    REFUSED(image, E_CORRUPT);
    image.data[section_at(&image, S_CLASSES)] = '\0';
    REFUSED(image, E_CORRUPT);
    free(image.data);
}

static void missing_file_is_not_found(void **state)
{
    (void)state;
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_dataset_open("/nowhere/x", &set, &err), MMOFL_E_NOT_FOUND);
    CHECK_STATUS(mmofl_dataset_open("/", &set, &err), MMOFL_E_IO);
    CHECK(!set);
}

static void saving_where_it_cannot_be_is_told(void **state)
{
    (void)state;
    mmofl_error err = {0};
    mmofl_dataset *set = small_set();
    CHECK_STATUS(mmofl_dataset_save(set, "/nowhere/x", &err), MMOFL_E_NOT_FOUND);
    CHECK_CONTAINS(err.text, "/nowhere/x");
    mmofl_dataset_close(set);
}

CHECK_MAIN(TEST(statistics_are_those_of_recorded_training_samples),
           TEST(values_come_raw_or_standardised), TEST(shapes_print_and_compare),
           TEST(each_failing_allocation_is_reported),
           TEST(impossible_plans_are_refused),
           TEST(stride_keeps_the_first_and_every_nth_test_sample),
           TEST(cache_file_gives_back_the_same_set),
           TEST(striding_a_mapped_set_leaves_its_file_alone),
           TEST(damaged_files_are_refused),
           TEST(every_cut_and_every_flipped_byte_is_refused),
           TEST(lying_headers_are_refused_even_when_sealed),
           TEST(misplaced_sections_are_refused_even_when_sealed),
           TEST(bad_arrays_are_refused_even_when_sealed),
           TEST(missing_file_is_not_found), TEST(saving_where_it_cannot_be_is_told))
