/* test_noise.c - standard normal numbers: against a plain reference, and as a law. */
#include "check.h"

#include "base/noise.h"

/* ---- the reference: one word, one number at a time ---- */

/* Philox4x32-10 as in the paper. */
static void plain_philox(const uint32_t counter[4], const uint32_t key[2],
                         uint32_t word[4])
{
    uint32_t k0 = key[0], k1 = key[1];
    memcpy(word, counter, 4 * sizeof *word);
    for (int round = 0; round < 10; round++) {
        uint64_t a = UINT64_C(0xd2511f53) * word[0], b = UINT64_C(0xcd9e8d57) * word[2];
        const uint32_t next[4] = {(uint32_t)(b >> 32) ^ word[1] ^ k0, (uint32_t)b,
                                  (uint32_t)(a >> 32) ^ word[3] ^ k1, (uint32_t)a};
        memcpy(word, next, sizeof next);
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
}

static void the_reference_gives_the_known_answer_of_random123(void **state)
{
    (void)state;
    const uint32_t zero[4] = {0};
    uint32_t word[4];
    plain_philox(zero, zero, word);
    CHECK(word[0] == 0x6627e8d5u && word[1] == 0xe169c58du && word[2] == 0xbc57ac4cu &&
          word[3] == 0x9b00dbd8u);
}

/* The angle: its two top bits choose a quarter turn, the others lie around it. */
static void plain_box_muller(uint32_t radius, uint32_t angle, double *one,
                             double *other)
{
    double u = ((double)(radius >> 1) + 0.5) / 2147483648.0;
    double r = sqrt(-2 * log(u < 1 ? u : 1));
    double x = (double)(int32_t)(angle << 2) * 0.785398163397448 / 2147483648.0;
    double c = r * cos(x), s = r * sin(x), sign = angle >> 31 ? -1 : 1;
    bool turned = angle >> 30 & 1;
    *one = sign * (turned ? s : c);
    *other = sign * (turned ? -c : s);
}

static void every_number_is_box_muller_of_philox(void **state)
{
    (void)state;
    mmofl_noise noise = {.key = {3, 0x80000001u}, .counter = {0xfffffff8u, 7, 9, 11}};
    mmofl_noise plain = noise;
    float out[4 * MMOFL_NOISE_LANES];
    enum { LANES = MMOFL_NOISE_LANES / 4 };
    mmofl_noise_fill(&noise, out, 4 * MMOFL_NOISE_LANES);
    for (int block = 0; block < 4 * LANES; block++) {
        /* The counter's lowest word wraps within a block of lanes, and carries after
         * it. */
        uint32_t counter[4] = {plain.counter[0] + (uint32_t)block,
                               plain.counter[1] + (block >= LANES), plain.counter[2],
                               plain.counter[3]};
        uint32_t word[4];
        double wanted[4];
        plain_philox(counter, plain.key, word);
        plain_box_muller(word[0], word[1], &wanted[0], &wanted[1]);
        plain_box_muller(word[2], word[3], &wanted[2], &wanted[3]);
        const float *lanes = out + block / LANES * MMOFL_NOISE_LANES + block % LANES;
        for (int i = 0; i < 4; i++)
            CHECK_NEAR(lanes[i * LANES], wanted[i], 2e-6 * (1 + fabs(wanted[i])));
    }
}

/* ---- the law ---- */

enum { MANY = 200000 };

static mmofl_noise stream(uint64_t device, uint64_t round)
{
    mmofl_rng rng = mmofl_rng_open(1, device, round, MMOFL_USE_TEST);
    return mmofl_noise_open(&rng);
}

static float *many(uint64_t device, uint64_t round)
{
    float *x = malloc(MANY * sizeof *x);
    CHECK(x != NULL);
    mmofl_noise noise = stream(device, round);
    mmofl_noise_fill(&noise, x, MANY);
    return x;
}

static void moments_are_those_of_the_normal(void **state)
{
    (void)state;
    float *x = many(1, 1);
    double sum[5] = {0};
    for (int i = 0; i < MANY; i++)
        for (int k = 1; k <= 4; k++)
            sum[k] += pow((double)x[i], k);
    /* Five standard deviations of each sample moment: 1, 2, 15, 96 over n. */
    CHECK_NEAR(sum[1] / MANY, 0, 5 * sqrt(1.0 / MANY));
    CHECK_NEAR(sum[2] / MANY, 1, 5 * sqrt(2.0 / MANY));
    CHECK_NEAR(sum[3] / MANY, 0, 5 * sqrt(15.0 / MANY));
    CHECK_NEAR(sum[4] / MANY, 3, 5 * sqrt(96.0 / MANY));
    free(x);
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void the_distribution_function_is_that_of_the_normal(void **state)
{
    (void)state;
    float *x = many(2, 1);
    qsort(x, MANY, sizeof *x, compare);
    double largest = 0;
    for (int i = 0; i < MANY; i++) {
        double f = 0.5 * erfc(-(double)x[i] / sqrt(2));
        largest = fmax(largest, fmax(f - (double)i / MANY, (i + 1.0) / MANY - f));
    }
    CHECK(largest < 1.95 / sqrt(MANY)); /* Kolmogorov-Smirnov, p = 0.001 */
    free(x);
}

static void tails_are_as_heavy_as_they_should_be(void **state)
{
    (void)state;
    float *x = many(3, 1);
    for (int t = 2; t <= 4; t++) {
        int beyond = 0;
        for (int i = 0; i < MANY; i++)
            beyond += fabsf(x[i]) > (float)t;
        double p = erfc(t / sqrt(2));
        CHECK_NEAR(beyond, MANY * p, 5 * sqrt(MANY * p));
    }
    free(x);
}

static void check_uncorrelated(const float *a, const float *b, int n)
{
    double product = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        product += (double)a[i] * (double)b[i];
        squares += (double)a[i] * (double)a[i] * (double)b[i] * (double)b[i];
    }
    CHECK_NEAR(product / n, 0, 5 / sqrt(n));
    CHECK_NEAR(squares / n, 1, 5 * sqrt(8.0 / n));
}

static void streams_and_neighbours_are_independent(void **state)
{
    (void)state;
    float *x = many(4, 1), *device = many(5, 1), *round = many(4, 2);
    check_uncorrelated(x, device, MANY);
    check_uncorrelated(x, round, MANY);
    static const int lags[] = {1, 16, 32, 48, 64}; /* within a block, across lanes */
    for (size_t i = 0; i < sizeof lags / sizeof *lags; i++)
        check_uncorrelated(x, x + lags[i], MANY - lags[i]);
    free(x);
    free(device);
    free(round);
}

/* ---- bytes ---- */

static void pieces_of_whole_lanes_give_the_numbers_of_one_call(void **state)
{
    (void)state;
    float whole[3 * MMOFL_NOISE_LANES + 5], pieces[3 * MMOFL_NOISE_LANES + 5];
    mmofl_noise a = stream(6, 1), b = a;
    mmofl_noise_fill(&a, whole, 3 * MMOFL_NOISE_LANES + 5);
    mmofl_noise_fill(&b, pieces, MMOFL_NOISE_LANES);
    mmofl_noise_fill(&b, pieces + MMOFL_NOISE_LANES, 2 * MMOFL_NOISE_LANES);
    mmofl_noise_fill(&b, pieces + 3 * MMOFL_NOISE_LANES, 5);
    CHECK(memcmp(whole, pieces, sizeof whole) == 0);
    mmofl_noise_fill(&a, whole, 0); /* nothing asked, nothing touched */
}

static void every_compiler_and_machine_gives_these_bytes(void **state)
{
    (void)state;
    float *x = many(7, 1);
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a over the bits */
    for (int i = 0; i < MANY; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        hash = (hash ^ bits) * UINT64_C(1099511628211);
    }
    free(x);
    if (hash != UINT64_C(0x8eac1991777f2766))
        fail_msg("hash is 0x%llx", (unsigned long long)hash);
}

CHECK_MAIN(TEST(the_reference_gives_the_known_answer_of_random123),
           TEST(every_number_is_box_muller_of_philox),
           TEST(moments_are_those_of_the_normal),
           TEST(the_distribution_function_is_that_of_the_normal),
           TEST(tails_are_as_heavy_as_they_should_be),
           TEST(streams_and_neighbours_are_independent),
           TEST(pieces_of_whole_lanes_give_the_numbers_of_one_call),
           TEST(every_compiler_and_machine_gives_these_bytes))
