/* test_fourier.c - the fast transform against sums written out, and by hand. */
#include "base/rng.h"
#include "check.h"
#include "data/fourier.h"

#define PI 3.14159265358979323846

/* x = 1 2 3 4: the sums are 10, -2 + 2i, -2. */
static void four_values_by_hand(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_fourier f;
    double power[3];
    CHECK_STATUS(mmofl_fourier_init(&f, 4, &arena), MMOFL_OK);
    mmofl_fourier_power(&f, (const double[]){1, 2, 3, 4}, power);
    CHECK(power[0] == 100 && power[1] == 8 && power[2] == 4);
    mmofl_arena_free(&arena);
}

static double power_of(const double *x, size_t n, size_t k)
{
    double re = 0, im = 0;
    for (size_t i = 0; i < n; i++) {
        re += x[i] * cos(2 * PI * (double)(k * i % n) / (double)n);
        im += x[i] * sin(2 * PI * (double)(k * i % n) / (double)n);
    }
    return re * re + im * im;
}

static void every_length_is_the_sum_written_out(void **state)
{
    (void)state;
    enum { MOST = 512 };
    static double x[MOST], power[MOST / 2 + 1];
    mmofl_rng rng = mmofl_rng_open(1, 0, 0, MMOFL_USE_TEST);
    for (size_t n = 4; n <= MOST; n *= 2) {
        mmofl_arena arena = MMOFL_ARENA_INIT;
        mmofl_fourier f;
        CHECK_STATUS(mmofl_fourier_init(&f, n, &arena), MMOFL_OK);
        for (size_t i = 0; i < n; i++)
            x[i] = mmofl_rng_normal(&rng);
        mmofl_fourier_power(&f, x, power);
        for (size_t k = 0; k <= n / 2; k++)
            CHECK_NEAR(power[k], power_of(x, n, k), 1e-11 * (double)n);
        mmofl_arena_free(&arena);
    }
}

/* Parseval: the longest that sounds need, where sums written out would take minutes. */
static void the_longest_keeps_the_energy(void **state)
{
    (void)state;
    enum { N = 65536 };
    static double x[N], power[N / 2 + 1];
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_rng rng = mmofl_rng_open(1, 0, 1, MMOFL_USE_TEST);
    mmofl_fourier f;
    double squares = 0, total = 0;
    for (size_t i = 0; i < N; i++) {
        x[i] = mmofl_rng_normal(&rng);
        squares += x[i] * x[i];
    }
    CHECK_STATUS(mmofl_fourier_init(&f, N, &arena), MMOFL_OK);
    mmofl_fourier_power(&f, x, power);
    for (size_t k = 0; k <= N / 2; k++)
        total += (k % (N / 2) ? 2 : 1) * power[k] / N;
    CHECK_NEAR(total / squares, 1, 1e-12);
    mmofl_arena_free(&arena);
}

static void each_failing_allocation_is_told(void **state)
{
    (void)state;
    mmofl_status st = MMOFL_E_MEMORY;
    for (long n = 1; st; n++) {
        mmofl_arena arena = {.fail_after = n};
        mmofl_fourier f;
        st = mmofl_fourier_init(&f, 64, &arena);
        CHECK_STATUS(st, arena.allocations < n ? MMOFL_OK : MMOFL_E_MEMORY);
        mmofl_arena_free(&arena);
    }
}

CHECK_MAIN(TEST(four_values_by_hand), TEST(every_length_is_the_sum_written_out),
           TEST(the_longest_keeps_the_energy), TEST(each_failing_allocation_is_told))
