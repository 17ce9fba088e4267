/* test_growth.c - exponents that are known. */
#include "check.h"

#include "base/rng.h"
#include "run/growth.h"

enum { T = 200 };

static void an_exact_power_has_its_exponent_and_no_spread(void **state)
{
    (void)state;
    double y[T];
    for (int t = 1; t <= T; t++)
        y[t - 1] = 3 * pow(t, 0.7);
    mmofl_growth g;
    CHECK_OK(mmofl_growth_fit(y, T, 1, &g));
    CHECK(g.fitted && g.rounds == T / 2);
    CHECK_NEAR(g.exponent, 0.7, 1e-9);
    CHECK_NEAR(g.low, 0.7, 1e-9);
    CHECK_NEAR(g.high, 0.7, 1e-9);
}

static void noise_widens_the_interval_around_the_exponent(void **state)
{
    (void)state;
    int inside = 0;
    for (uint64_t draw = 0; draw < 50; draw++) {
        double y[T];
        mmofl_rng rng = mmofl_rng_open(draw, MMOFL_NO_DEVICE, 0, MMOFL_USE_TEST);
        for (int t = 1; t <= T; t++)
            y[t - 1] = 3 * sqrt(t) * exp(0.05 * mmofl_rng_normal(&rng));
        mmofl_growth g;
        CHECK_OK(mmofl_growth_fit(y, T, 1, &g));
        CHECK(g.low < g.exponent && g.exponent < g.high);
        inside += g.low <= 0.5 && 0.5 <= g.high;
    }
    CHECK(inside >= 40); /* 95 % nominal; blocks of few rounds cover a little less */
}

static void a_curve_that_is_not_positive_has_no_exponent(void **state)
{
    (void)state;
    double y[T] = {0};
    for (int t = 150; t < 157; t++)
        y[t] = 1;
    mmofl_growth g;
    CHECK_OK(mmofl_growth_fit(y, T, 1, &g));
    CHECK(!g.fitted && g.rounds == 7);
    CHECK_OK(mmofl_growth_fit(y, 0, 1, &g));
    CHECK(!g.fitted);
}

static void the_same_seed_gives_the_same_interval(void **state)
{
    (void)state;
    double y[T];
    for (int t = 1; t <= T; t++)
        y[t - 1] = t + sin(t);
    mmofl_growth a, b;
    CHECK_OK(mmofl_growth_fit(y, T, 5, &a));
    CHECK_OK(mmofl_growth_fit(y, T, 5, &b));
    CHECK(a.low == b.low && a.high == b.high);
}

CHECK_MAIN(TEST(an_exact_power_has_its_exponent_and_no_spread),
           TEST(noise_widens_the_interval_around_the_exponent),
           TEST(a_curve_that_is_not_positive_has_no_exponent),
           TEST(the_same_seed_gives_the_same_interval))
