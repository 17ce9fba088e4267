/* test_lbfgs.c - minima that are known. */
#include "check.h"

#include "run/lbfgs.h"

/* sum_i i (x_i - i)^2: minimum 0 at x_i = i. */
static double bowl(void *context, const double *x, double *g)
{
    size_t n = *(const size_t *)context;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double k = (double)i + 1, d = x[i] - k;
        sum += k * d * d;
        g[i] = 2 * k * d;
    }
    return sum;
}

static double rosenbrock(void *context, const double *x, double *g)
{
    (void)context;
    double a = 1 - x[0], b = x[1] - x[0] * x[0];
    g[0] = -2 * a - 400 * x[0] * b;
    g[1] = 200 * b;
    return a * a + 100 * b * b;
}

static double nothing_but_nan(void *context, const double *x, double *g)
{
    (void)context;
    g[0] = x[0];
    return (double)NAN;
}

/* No minimum: goes down for ever. */
static double slope(void *context, const double *x, double *g)
{
    (void)context;
    g[0] = -exp(-x[0]);
    return exp(-x[0]);
}

static void finds_the_bottom_of_a_bowl(void **state)
{
    (void)state;
    double x[50] = {0};
    size_t n = 50;
    mmofl_lbfgs_result r;
    CHECK_OK(mmofl_lbfgs(&(mmofl_objective){n, bowl, &n}, 200, 1e-9, x, &r));
    CHECK(r.converged && r.gradient_norm <= 1e-9);
    for (int i = 0; i < 50; i++)
        CHECK_NEAR(x[i], i + 1, 1e-8);
}

static void follows_a_bent_valley(void **state)
{
    (void)state;
    double x[2] = {-1.2, 1};
    mmofl_lbfgs_result r;
    CHECK_OK(mmofl_lbfgs(&(mmofl_objective){2, rosenbrock, NULL}, 200, 1e-10, x, &r));
    CHECK(r.converged);
    CHECK_NEAR(x[0], 1, 1e-8);
    CHECK_NEAR(x[1], 1, 1e-8);
}

static void stops_after_the_steps_it_was_given(void **state)
{
    (void)state;
    double x[1] = {0};
    mmofl_lbfgs_result r;
    CHECK_OK(mmofl_lbfgs(&(mmofl_objective){1, slope, NULL}, 3, 1e-300, x, &r));
    CHECK(!r.converged && r.iterations == 3 && r.value < 1);
}

static void a_start_that_is_no_number_is_refused(void **state)
{
    (void)state;
    double x[1] = {2};
    mmofl_lbfgs_result r = {.iterations = 77};
    CHECK_STATUS(
        mmofl_lbfgs(&(mmofl_objective){1, nothing_but_nan, NULL}, 3, 1e-3, x, &r),
        MMOFL_E_NONFINITE);
    CHECK(x[0] == 2 && r.iterations == 77);
}

CHECK_MAIN(TEST(finds_the_bottom_of_a_bowl), TEST(follows_a_bent_valley),
           TEST(stops_after_the_steps_it_was_given),
           TEST(a_start_that_is_no_number_is_refused))
