/* test_data_cache.c - the digest of a cache file, worked out anew and by other means.
 */
#include "scratch.h"

#include <sodium.h>
#include <zlib.h>

#include "base/file.h"
#include "data/builder.h"
#include "data/cache_digest.h"
#include "data/data_cache.h"

enum { N = 1000, VALUES = 40, LEAF = 65536, DIGEST_AT = 32, PREAMBLE = 64 };

/* 160,000 bytes of values: three leaves. */
static mmofl_dataset *large_set(void)
{
    static const mmofl_modality modality = {.name = "motion", .shape = {1, {VALUES}}};
    static const char *const classes[] = {"calm", "lively"};
    const mmofl_builder_plan plan = {.name = "large",
                                     .citation = "nobody",
                                     .n_modalities = 1,
                                     .modality = &modality,
                                     .n_classes = 2,
                                     .class_name = classes,
                                     .n_samples = N,
                                     .n_train = N};
    mmofl_builder builder;
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    CHECK_OK(mmofl_builder_begin(&plan, &builder, &err));
    float *values = builder.values[0];
    for (int i = 0; i < N * VALUES; i++)
        values[i] = (float)i;
    CHECK_OK(mmofl_builder_finish(&builder, &set, &err));
    return set;
}

static void save(scratch *s, unsigned char **data, size_t *size)
{
    mmofl_error err = {0};
    mmofl_dataset *set = large_set();
    scratch_new(s);
    CHECK_OK(mmofl_dataset_save(set, scratch_path(s, "x"), &err));
    mmofl_dataset_close(set);
    CHECK_OK(mmofl_file_read(s->path, 1 << 20, data, size, &err));
}

static void the_digest_is_the_documented_one(void **state)
{
    (void)state;
    scratch s;
    unsigned char *data, wanted[32];
    size_t size;
    save(&s, &data, &size);
    CHECK(size > PREAMBLE + 2 * LEAF);
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, sizeof wanted);
    crypto_generichash_update(&hash, data, DIGEST_AT);
    for (size_t at = PREAMBLE; at < size; at += LEAF) {
        size_t n = size - at < LEAF ? size - at : LEAF;
        uint32_t crc = (uint32_t)crc32(0, data + at, (unsigned)n);
        unsigned char bytes[4];
        for (int i = 0; i < 4; i++)
            bytes[i] = (unsigned char)(crc >> 8 * i & 0xff);
        crypto_generichash_update(&hash, bytes, sizeof bytes);
    }
    crypto_generichash_final(&hash, wanted, sizeof wanted);
    CHECK(memcmp(data + DIGEST_AT, wanted, sizeof wanted) == 0);
    free(data);
    scratch_delete(&s);
}

static void a_flipped_bit_is_found_in_every_leaf(void **state)
{
    (void)state;
    scratch s;
    unsigned char *data;
    size_t size;
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    save(&s, &data, &size);
    CHECK_OK(mmofl_dataset_open(s.path, &set, &err));
    CHECK_INT(set->n_samples, N);
    mmofl_dataset_close(set);
    for (size_t at = PREAMBLE; at < size; at += LEAF / 2) {
        data[at] ^= 4;
        CHECK_OK(mmofl_file_write(s.path, data, size, false, &err));
        CHECK_STATUS(mmofl_dataset_open(s.path, &set, &err), MMOFL_E_CORRUPT);
        CHECK_CONTAINS(err.text, "digest");
        data[at] ^= 4;
    }
    free(data);
    scratch_delete(&s);
}

/* Large files are summed by threads, and small ones, and those on their way to the
 * disk, piece by piece. */
static void pieces_and_threads_make_the_same_digest(void **state)
{
    (void)state;
    enum { MOST = 66 * LEAF };
    static const size_t sizes[] = {0,         1,         LEAF, 63 * LEAF, 63 * LEAF + 1,
                                   64 * LEAF, 65 * LEAF, MOST};
    unsigned char *data = malloc(PREAMBLE + MOST), at_once[32], by_pieces[32];
    CHECK(data && sodium_init() >= 0);
    for (size_t i = 0; i < PREAMBLE + MOST; i++)
        data[i] = (unsigned char)(i * i >> 7);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        mmofl_cache_digest digest;
        mmofl_cache_digest_begin(&digest, data);
        for (size_t done = 0, some; done < sizes[s]; done += some) {
            some = sizes[s] - done < 100003 ? sizes[s] - done : 100003;
            mmofl_cache_digest_add(&digest, data + PREAMBLE + done, some);
        }
        mmofl_cache_digest_end(&digest, by_pieces);
        mmofl_cache_digest_image(data, PREAMBLE + sizes[s], at_once);
        CHECK(memcmp(by_pieces, at_once, sizeof at_once) == 0);
    }
    free(data);
}

/* Written by tests/fuzz/make_seeds.py, which knows docs/data-cache.md only: sample i
 * has the values 2 i and 2 i + 1 of each modality. */
static void files_of_another_program_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {"floats", "ids", "bytes", "pairs", "all"};
    for (size_t f = 0; f < sizeof names / sizeof *names; f++) {
        char path[512];
        mmofl_dataset *set = NULL;
        mmofl_error err = {0};
        snprintf(path, sizeof path, "%s/fuzz/seeds/data_cache/%s", MMOFL_TESTS_DIR,
                 names[f]);
        CHECK_OK(mmofl_dataset_open(path, &set, &err));
        CHECK_INT(set->n_modalities, strcmp(names[f], "all") == 0 ? 4 : 1);
        for (size_t i = 0; i < set->n_samples; i++)
            for (int m = 0; m < set->n_modalities; m++) {
                float out[2];
                mmofl_dataset_values(set, i, m, out);
                CHECK_NEAR(out[0], 2 * (double)i, 0);
                CHECK_NEAR(out[1], 2 * (double)i + 1, 0);
            }
        mmofl_dataset_close(set);
    }
}

CHECK_MAIN(TEST(the_digest_is_the_documented_one),
           TEST(a_flipped_bit_is_found_in_every_leaf),
           TEST(pieces_and_threads_make_the_same_digest),
           TEST(files_of_another_program_are_read))
