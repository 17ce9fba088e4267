/* test_clones.c - every version of a loop gives the bits of the plain one. */
#include "check.h"

#include "base/noise_loops.h"
#include "data/dataset_loops.h"
#include "fed/fixed_sum_loops.h"
#include "nn/gradient_loops.h"

enum { N = 5 * MMOFL_NOISE_LANES + 7 };

/* What all loops make of the same numbers. */
typedef struct results {
    float fill[N], add[N], affine[N], scaled[N];
    mmofl_noise noise; /* where the stream has got to */
    int64_t one[N], many[N];
    int32_t largest;
    float bytes[N], pairs[N], ids[N];
} results;

/* Numbers of all lengths and signs: the bits of a stream of noise. */
static void whole_numbers(const float *noise, uint8_t *bytes, int16_t *pairs,
                          int32_t *ids)
{
    memcpy(bytes, noise, N * sizeof *bytes);
    memcpy(pairs, noise, N * sizeof *pairs);
    memcpy(ids, noise, N * sizeof *ids);
    for (int i = 0; i < N; i++)
        ids[i] &= (1 << 24) - 1;
}

static mmofl_noise stream(void)
{
    mmofl_rng rng = mmofl_rng_open(1, 2, 3, MMOFL_USE_TEST);
    mmofl_noise noise = mmofl_noise_open(&rng);
    noise.counter[0] = 0xffffffe9u; /* wraps inside of a block of lanes */
    return noise;
}

#define RUN(version, r)                                                                \
    {                                                                                  \
        memset((r), 0, sizeof *(r));                                                   \
        (r)->noise = stream();                                                         \
        mmofl_noise_fill_##version(&(r)->noise, (r)->fill, N);                         \
        memcpy((r)->add, (r)->fill, sizeof(r)->add);                                   \
        mmofl_noise_add_##version(&(r)->noise, 1.7f, (r)->add, N);                     \
        mmofl_dataset_affine_##version(N, (r)->fill, (r)->add, (r)->fill,              \
                                       (r)->affine);                                   \
        memcpy((r)->scaled, (r)->fill, sizeof(r)->scaled);                             \
        mmofl_gradient_scale_values_##version((r)->scaled, N, 0.3f);                   \
        mmofl_fixed_sum_terms_##version((r)->one, (r)->add, N, 1);                     \
        mmofl_fixed_sum_terms_##version((r)->many, (r)->add, N, 12345);                \
        (r)->largest = mmofl_fixed_sum_largest_##version((r)->add, N);                 \
        uint8_t bytes[N];                                                              \
        int16_t pairs[N];                                                              \
        int32_t ids[N];                                                                \
        whole_numbers((r)->fill, bytes, pairs, ids);                                   \
        mmofl_dataset_from_u8_##version(N, bytes, (r)->bytes);                         \
        mmofl_dataset_from_i16_##version(N, pairs, (r)->pairs);                        \
        mmofl_dataset_from_i32_##version(N, ids, (r)->ids);                            \
    }

static void every_version_gives_the_bits_of_the_plain_one(void **state)
{
    (void)state;
    results plain;
    RUN(base, &plain)
    CHECK(plain.largest > 0);
#if defined(__x86_64__)
    results wide;
    if (mmofl_cpu_level() >= 3) {
        RUN(v3, &wide)
        CHECK(memcmp(&plain, &wide, sizeof plain) == 0);
    }
    if (mmofl_cpu_level() >= 4) {
        RUN(v4, &wide)
        CHECK(memcmp(&plain, &wide, sizeof plain) == 0);
    }
#endif
}

static void every_version_finds_what_is_not_finite(void **state)
{
    (void)state;
    bool (*const versions[])(size_t, const float *) = {
        mmofl_dataset_is_finite_base, MMOFL_BEST(mmofl_dataset_is_finite)};
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
        float x[N] = {0};
        x[3] = -3.4028235e38f;
        CHECK(versions[v](N, x) && versions[v](0, x));
        for (int i = 0; i < N; i++) {
            x[i] = bad[i % 4];
            CHECK(!versions[v](N, x));
            x[i] = 0;
        }
    }
}

static void every_version_finds_what_is_not_whole(void **state)
{
    (void)state;
    bool (*const versions[])(size_t, const float *, float, float) = {
        mmofl_dataset_is_whole_base, MMOFL_BEST(mmofl_dataset_is_whole)};
    static const float bad[] = {NAN, INFINITY, -INFINITY, -0.0f, 0.5f, 10, -4, 1e-45f};
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
        float x[N] = {9, -3, 0, 1};
        CHECK(versions[v](N, x, -3, 9) && versions[v](0, x, -3, 9));
        CHECK(!versions[v](N, x, -3, 8) && !versions[v](N, x, -2, 9));
        for (int i = 0; i < N; i++) {
            float kept = x[i];
            x[i] = bad[i % 8];
            CHECK(!versions[v](N, x, -3, 9));
            x[i] = kept;
        }
    }
}

static void what_is_called_is_one_of_them(void **state)
{
    (void)state;
    float best[N], plain[N];
    mmofl_noise a = stream(), b = stream();
    mmofl_noise_fill(&a, best, N);
    mmofl_noise_fill_base(&b, plain, N);
    CHECK(memcmp(best, plain, sizeof best) == 0);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
}

static void added_noise_is_the_noise_times_its_scale(void **state)
{
    (void)state;
    float noise[N], x[N];
    mmofl_noise a = stream(), b = stream();
    mmofl_noise_fill(&a, noise, N);
    for (int i = 0; i < N; i++)
        x[i] = (float)i;
    mmofl_noise_add(&b, 0.25f, x, N);
    for (int i = 0; i < N; i++)
        CHECK(x[i] == (float)i + 0.25f * noise[i]);
}

CHECK_MAIN(TEST(every_version_gives_the_bits_of_the_plain_one),
           TEST(every_version_finds_what_is_not_finite),
           TEST(every_version_finds_what_is_not_whole),
           TEST(what_is_called_is_one_of_them),
           TEST(added_noise_is_the_noise_times_its_scale))
