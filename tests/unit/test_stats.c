/* test_stats.c - statistics against printed tables and values worked by hand. */
#include "check.h"
#include "report/stats.h"

static void incomplete_beta_has_its_closed_forms(void **state)
{
    (void)state;
    CHECK_NEAR(mmofl_stats_beta(1, 1, 0.3), 0.3, 1e-14);
    CHECK_NEAR(mmofl_stats_beta(2, 1, 0.3), 0.09, 1e-14);
    CHECK_NEAR(mmofl_stats_beta(1, 3, 0.2), 1 - 0.512, 1e-14);
    CHECK_NEAR(mmofl_stats_beta(0.5, 0.5, 0.5), 0.5, 1e-14); /* 2/pi asin sqrt x */
    CHECK_NEAR(mmofl_stats_beta(5, 7, 0) + mmofl_stats_beta(5, 7, 1), 1, 0);
}

/* Student's t, two-sided 0.05, 0.01 and 0.001, as in every table. */
static void t_probabilities_are_those_of_the_tables(void **state)
{
    (void)state;
    static const double cases[][3] = {{12.706205, 1, 0.05}, {4.302653, 2, 0.05},
                                      {2.776445, 4, 0.05},  {2.262157, 9, 0.05},
                                      {4.604095, 4, 0.01},  {3.249836, 9, 0.01},
                                      {2.042272, 30, 0.05}, {3.645959, 30, 0.001}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_NEAR(mmofl_stats_t_p(cases[i][0], cases[i][1]), cases[i][2], 1e-7);
        CHECK_NEAR(mmofl_stats_t_p(-cases[i][0], cases[i][1]), cases[i][2], 1e-7);
        CHECK_NEAR(mmofl_stats_t_quantile(1 - cases[i][2], cases[i][1]), cases[i][0],
                   2e-6);
    }
    CHECK_NEAR(mmofl_stats_t_p(1, 1), 0.5, 1e-14); /* Cauchy: 1 - 2/pi atan 1 */
}

static void a_paired_test_by_hand(void **state)
{
    (void)state;
    /* Differences 1, 2, 3, 4: mean 2.5, sd sqrt(5/3), t = 2.5 / (sd / 2) = 3.8730 and
     * p = 0.0305 with 3 degrees of freedom. */
    static const double a[] = {2, 4, 6, 8}, b[] = {1, 2, 3, 4};
    mmofl_paired p = mmofl_stats_paired(a, b, 4);
    CHECK_NEAR(p.mean, 2.5, 1e-15);
    CHECK_NEAR(p.sd, sqrt(5.0 / 3), 1e-15);
    CHECK_NEAR(p.t, 3.872983346, 1e-9);
    CHECK_NEAR(p.p, 0.0304664, 1e-6);
    CHECK_INT(p.wins, 4);
    CHECK_NEAR(p.sign_p, 0.125, 1e-15); /* 2 / 2^4 */
}

static void ties_do_not_count_in_the_sign_test(void **state)
{
    (void)state;
    static const double a[] = {1, 1, 1, 0}, b[] = {1, 0, 0, 1};
    mmofl_paired p = mmofl_stats_paired(a, b, 4);
    CHECK_INT(p.wins, 2);
    CHECK_INT(p.ties, 1);
    CHECK_NEAR(p.sign_p, 1, 1e-15); /* 2 of 3: 2 * (1 + 3) / 8 = 1 */
}

static void equal_or_single_pairs_claim_nothing(void **state)
{
    (void)state;
    static const double a[] = {1, 2};
    CHECK_NEAR(mmofl_stats_paired(a, a, 2).p, 1, 0);
    CHECK(isnan(mmofl_stats_paired(a, a, 1).p));
}

static void spread_of_few_values(void **state)
{
    (void)state;
    static const double x[] = {1, 2, 4};
    double mean, sd;
    mmofl_stats_spread(x, 3, &mean, &sd);
    CHECK_NEAR(mean, 7.0 / 3, 1e-15);
    CHECK_NEAR(sd, sqrt(7.0 / 3), 1e-15);
    mmofl_stats_spread(x, 1, &mean, &sd);
    CHECK_NEAR(sd, 0, 0);
    mmofl_stats_spread(x, 0, &mean, &sd);
    CHECK(isnan(mean));
}

static void growth_of_a_power_is_its_exponent(void **state)
{
    (void)state;
    double x[20], y[20];
    for (int i = 0; i < 20; i++) {
        x[i] = i;
        y[i] = 3 * pow(i, 0.5);
    }
    CHECK_NEAR(mmofl_stats_growth(x, y, 20), 0.5, 1e-12);
    CHECK(isnan(mmofl_stats_growth(x, y, 3))); /* 0 has no logarithm: two are left */
}

CHECK_MAIN(TEST(incomplete_beta_has_its_closed_forms),
           TEST(t_probabilities_are_those_of_the_tables), TEST(a_paired_test_by_hand),
           TEST(ties_do_not_count_in_the_sign_test),
           TEST(equal_or_single_pairs_claim_nothing), TEST(spread_of_few_values),
           TEST(growth_of_a_power_is_its_exponent))
