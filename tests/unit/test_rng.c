/* Random numbers: the generator word for word, the distributions by their moments. */
#include "base/rng.h"
#include "check.h"

static mmofl_rng stream(uint64_t round)
{
    return mmofl_rng_open(1, 2, round, MMOFL_USE_TEST);
}

/* ---------------------------------------------------------------- the generator */

/* From NumPy 1.24.2: numpy.random.Philox(counter=c - 1, key=k).random_raw(n) with
 * c = round * 2^64 + use * 2^128 and k = seed + device * 2^64; NumPy counts up first.
 */
static void words_are_philox4x64_as_in_numpy(void **state)
{
    (void)state;
    const struct {
        uint64_t seed, device, round;
        mmofl_use use;
        uint64_t word[6];
    } known[] = {
        {0,
         0,
         0,
         MMOFL_USE_TEST,
         {0x4a6f2ba71bbdabce, 0xdcc850be38b6d95, 0x7f99b416b7cfc21c, 0xf26aa076c12fb43f,
          0x5e3bfcfb7ffdab91, 0x947666065f19ed8a}},
        {42,
         3,
         17,
         MMOFL_USE_BATCH_ORDER,
         {0x43b8f553f8790aaf, 0x9542440243a3b30e, 0x8c5eeb8c69732bb9,
          0xc3ac9acd74a245d6, 0x6f81553cf38bcdb0, 0x2e6b48bfb2319993}},
        {UINT64_MAX,
         UINT64_MAX,
         UINT64_MAX,
         MMOFL_USE_DROPOUT,
         {0xf3983189fdca34a0, 0xd10b00dcd1c6f505, 0xaa6d78f1f90c51b0,
          0x927e60a093716ad7, 0xf085c1af5e974b94, 0x3efd8851982d0f9e}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        mmofl_rng rng = mmofl_rng_open(known[i].seed, known[i].device, known[i].round,
                                       known[i].use);
        for (int k = 0; k < 6; k++)
            CHECK(mmofl_rng_bits(&rng) == known[i].word[k]);
    }
}

/* The first vector of Random123's kat_vectors for philox4x64-10: all zero. */
static void the_zero_vector_of_random123(void **state)
{
    (void)state;
    const uint64_t wanted[] = {0x16554d9eca36314c, 0xdb20fe9d672d0fdc,
                               0xd7e772cee186176b, 0x7e68b68aec7ba23b};
    mmofl_rng rng = {.next = 4};
    for (int i = 0; i < 4; i++)
        CHECK(mmofl_rng_bits(&rng) == wanted[i]);
}

static void the_same_name_is_the_same_stream_and_others_differ(void **state)
{
    (void)state;
    const mmofl_rng names[] = {mmofl_rng_open(1, 2, 3, MMOFL_USE_TEST),
                               mmofl_rng_open(2, 2, 3, MMOFL_USE_TEST),
                               mmofl_rng_open(1, 3, 3, MMOFL_USE_TEST),
                               mmofl_rng_open(1, 2, 4, MMOFL_USE_TEST),
                               mmofl_rng_open(1, 2, 3, MMOFL_USE_INIT),
                               mmofl_rng_open(2, 1, 3, MMOFL_USE_TEST)};
    enum { N = sizeof names / sizeof *names };
    uint64_t first[N];
    for (int i = 0; i < N; i++) {
        mmofl_rng rng = names[i], again = names[i];
        first[i] = mmofl_rng_bits(&rng);
        CHECK(mmofl_rng_bits(&again) == first[i]);
        for (int k = 0; k < i; k++)
            CHECK(first[k] != first[i]);
    }
}

/* ---------------------------------------------------------------- distributions */

enum { DRAWS = 100000 };

typedef struct moments {
    double mean, variance, skew, least, most;
} moments;

static moments moments_of(double (*draw)(mmofl_rng *, double), double parameter)
{
    static double x[DRAWS];
    mmofl_rng rng = stream(5);
    moments m = {.least = HUGE_VAL, .most = -HUGE_VAL};
    for (int i = 0; i < DRAWS; i++) {
        x[i] = draw(&rng, parameter);
        m.mean += x[i] / DRAWS;
        m.least = fmin(m.least, x[i]);
        m.most = fmax(m.most, x[i]);
    }
    for (int i = 0; i < DRAWS; i++)
        m.variance += (x[i] - m.mean) * (x[i] - m.mean) / DRAWS;
    for (int i = 0; i < DRAWS; i++)
        m.skew += pow((x[i] - m.mean) / sqrt(m.variance), 3) / DRAWS;
    return m;
}

static double draw_uniform(mmofl_rng *rng, double unused)
{
    (void)unused;
    return mmofl_rng_uniform(rng);
}

static double draw_normal(mmofl_rng *rng, double unused)
{
    (void)unused;
    return mmofl_rng_normal(rng);
}

static void uniform_has_its_moments_and_stays_below_one(void **state)
{
    (void)state;
    moments m = moments_of(draw_uniform, 0);
    CHECK(m.least >= 0 && m.most < 1);
    CHECK_NEAR(m.mean, 0.5, 4 * sqrt(1.0 / 12 / DRAWS));
    CHECK_NEAR(m.variance, 1.0 / 12, 1e-3);
    CHECK_NEAR(m.skew, 0, 0.02);
}

static void normal_has_its_moments(void **state)
{
    (void)state;
    moments m = moments_of(draw_normal, 0);
    CHECK_NEAR(m.mean, 0, 4 / sqrt(DRAWS));
    CHECK_NEAR(m.variance, 1, 4 * sqrt(2.0 / DRAWS));
    CHECK_NEAR(m.skew, 0, 4 * sqrt(6.0 / DRAWS));
    CHECK(m.least < -3.5 && m.most > 3.5);
}

/* The share of draws below each quantile is what the distribution says. */
static void normal_has_its_quantiles(void **state)
{
    (void)state;
    const double at[] = {-2.5, -1, 0, 0.3, 1, 2, 3};
    for (size_t q = 0; q < sizeof at / sizeof *at; q++) {
        mmofl_rng rng = stream(6);
        double below = 0;
        for (int i = 0; i < DRAWS; i++)
            below += mmofl_rng_normal(&rng) < at[q];
        double p = 0.5 * erfc(-at[q] / sqrt(2));
        CHECK_NEAR(below / DRAWS, p, 4 * sqrt(p * (1 - p) / DRAWS));
    }
}

static void gamma_has_its_moments_for_small_and_large_shapes(void **state)
{
    (void)state;
    const double shapes[] = {0.1, 0.5, 1, 2.5, 50};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        double a = shapes[i];
        moments m = moments_of(mmofl_rng_gamma, a);
        CHECK(m.least >= 0);
        CHECK_NEAR(m.mean, a, 4 * sqrt(a / DRAWS));
        /* The variance of the sample variance is about (2 + 6/a) a^2 / n. */
        CHECK_NEAR(m.variance, a, 5 * a * sqrt((2 + 6 / a) / DRAWS));
        CHECK_NEAR(m.skew, 2 / sqrt(a), 0.15 * (1 + 2 / sqrt(a)));
    }
}

static void tiny_gamma_shapes_stay_finite(void **state)
{
    (void)state;
    mmofl_rng rng = stream(7);
    for (int i = 0; i < 2000; i++) {
        double x = mmofl_rng_gamma(&rng, 1e-3);
        CHECK(isfinite(x) && x >= 0);
    }
}

/* ---------------------------------------------------------------- integers */

static void below_is_even_over_its_range(void **state)
{
    (void)state;
    const uint64_t ranges[] = {1, 2, 3, 7, 10, 64};
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
        uint64_t n = ranges[r];
        int count[64] = {0};
        mmofl_rng rng = stream(8);
        for (int i = 0; i < DRAWS; i++) {
            uint64_t x = mmofl_rng_below(&rng, n);
            CHECK(x < n);
            count[x]++;
        }
        double expected = (double)DRAWS / (double)n, chi2 = 0;
        for (uint64_t k = 0; k < n; k++)
            chi2 += pow(count[k] - expected, 2) / expected;
        double freedom = (double)n - 1;
        CHECK(chi2 <= freedom + 4 * sqrt(2 * freedom));
    }
}

/* With n = 3 * 2^62, reducing 64 bits modulo n would make the first third twice as
 * likely as the others: 1/2 instead of 1/3. */
static void below_does_not_favour_small_numbers(void **state)
{
    (void)state;
    const uint64_t quarter = (uint64_t)1 << 62;
    mmofl_rng rng = stream(9);
    double first = 0, draws = 20000;
    for (int i = 0; i < 20000; i++)
        first += mmofl_rng_below(&rng, 3 * quarter) < quarter;
    CHECK_NEAR(first / draws, 1.0 / 3, 4 * sqrt(2.0 / 9 / draws));
}

static void a_shuffle_is_a_permutation(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 100; n++) {
        uint32_t values[100];
        bool seen[100] = {false};
        for (uint32_t i = 0; i < n; i++)
            values[i] = i;
        mmofl_rng rng = stream(n);
        mmofl_rng_shuffle(&rng, values, n);
        for (uint32_t i = 0; i < n; i++) {
            CHECK(values[i] < n && !seen[values[i]]);
            seen[values[i]] = true;
        }
    }
}

static void all_orders_of_three_are_equally_likely(void **state)
{
    (void)state;
    int count[27] = {0};
    mmofl_rng rng = stream(10);
    for (int i = 0; i < 60000; i++) {
        uint32_t v[] = {0, 1, 2};
        mmofl_rng_shuffle(&rng, v, 3);
        count[9 * v[0] + 3 * v[1] + v[2]]++;
    }
    int orders = 0;
    for (int i = 0; i < 27; i++) {
        orders += count[i] > 0;
        if (count[i])
            CHECK_NEAR(count[i], 10000, 4 * sqrt(60000 * 5.0 / 36));
    }
    CHECK_INT(orders, 6);
}

CHECK_MAIN(TEST(words_are_philox4x64_as_in_numpy), TEST(the_zero_vector_of_random123),
           TEST(the_same_name_is_the_same_stream_and_others_differ),
           TEST(uniform_has_its_moments_and_stays_below_one),
           TEST(normal_has_its_moments), TEST(normal_has_its_quantiles),
           TEST(gamma_has_its_moments_for_small_and_large_shapes),
           TEST(tiny_gamma_shapes_stay_finite), TEST(below_is_even_over_its_range),
           TEST(below_does_not_favour_small_numbers), TEST(a_shuffle_is_a_permutation),
           TEST(all_orders_of_three_are_equally_likely))
