/* Our exp, log, tanh, erf and sigmoid against the C library's in double precision.
 *
 * Bounds are in units in the last place (ulp) of the float nearest to the true value:
 * exp 1.1, log 1, tanh 2, erf 3, sigmoid 2.5.
 * MMOFL_SWEEP_STEP=1 looks at every float in range instead of every 97th. */
#define _GNU_SOURCE
#include <float.h>

#include "nn_fixture.h"

enum { BLOCK = 4096 };

typedef void map_function(float *y, const float *x, size_t n);

/* One function on the floats from `low` to `high`, both > 0; negative: on -x. */
typedef struct sweep {
    const char *name;
    size_t function; /* offset of the map function in mmofl_ops */
    double (*truth)(double);
    float low, high;
    bool negative;
    double ulps; /* largest error allowed */
} sweep;

static map_function *function_of(const mmofl_isa *isa, size_t offset)
{
    map_function *function;
    memcpy(&function, (const char *)isa->ops + offset, sizeof function);
    return function;
}

static float float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t bits_of(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static double ulp_of(double value)
{
    int e;
    frexp(fabs(value), &e);
    return ldexp(1, e - 24 < -149 ? -149 : e - 24);
}

static uint32_t step_of_sweeps(void)
{
    const char *text = getenv("MMOFL_SWEEP_STEP");
    uint32_t step = text ? (uint32_t)strtoul(text, NULL, 10) : 0;
    return step ? step : 97;
}

static void check_block(const sweep *s, const float *x, const double *truth, size_t n)
{
    float y[BLOCK];
    FOR_EACH_ISA(isa)
    {
        function_of(isa, s->function)(y, x, n);
        for (size_t i = 0; i < n; i++) {
            double error = fabs((double)y[i] - truth[i]);
            if (!(error <= s->ulps * ulp_of(truth[i])))
                fail_msg("%s: %s(%.9g) is %.9g, wanted %.12g: %.2f ulp", isa->name,
                         s->name, (double)x[i], (double)y[i], truth[i],
                         error / ulp_of(truth[i]));
        }
    }
}

static void check_sweep(const sweep *s)
{
    static float x[BLOCK];
    static double truth[BLOCK];
    uint32_t step = step_of_sweeps(), last = bits_of(s->high);
    uint64_t at = bits_of(s->low);
    while (at <= last) {
        size_t n = 0;
        for (; n < BLOCK && at <= last; at += step, n++) {
            x[n] = float_of((uint32_t)at);
            if (s->negative)
                x[n] = -x[n];
            truth[n] = s->truth((double)x[n]);
        }
        check_block(s, x, truth, n);
    }
}

#define FUNCTION(f) #f, offsetof(mmofl_ops, map_##f), f

static void exponentials_stay_within_their_bound(void **state)
{
    (void)state;
    const sweep up = {FUNCTION(exp), 1e-9f, 88.3f, false, 1.1};
    const sweep down = {FUNCTION(exp), 1e-9f, 87.3f, true, 1.1};
    check_sweep(&up);
    check_sweep(&down);
}

static void logarithms_stay_within_their_bound(void **state)
{
    (void)state;
    const sweep all = {FUNCTION(log), FLT_MIN, FLT_MAX, false, 1};
    check_sweep(&all);
}

static void hyperbolic_tangents_stay_within_their_bound(void **state)
{
    (void)state;
    const sweep up = {FUNCTION(tanh), 1e-9f, 100, false, 2};
    const sweep down = {FUNCTION(tanh), 1e-9f, 100, true, 2};
    check_sweep(&up);
    check_sweep(&down);
}

static void error_functions_stay_within_their_bound(void **state)
{
    (void)state;
    const sweep up = {FUNCTION(erf), 1e-9f, 20, false, 3};
    const sweep down = {FUNCTION(erf), 1e-9f, 20, true, 3};
    check_sweep(&up);
    check_sweep(&down);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void sigmoids_stay_within_their_bound(void **state)
{
    (void)state;
    const sweep up = {FUNCTION(sigmoid), 1e-9f, 100, false, 2.5};
    const sweep down = {FUNCTION(sigmoid), 1e-9f, 87.3f, true, 2.5};
    check_sweep(&up);
    check_sweep(&down);
}

/* ---------------------------------------------------------------- edges */

static float value_of(map_function *function, float x)
{
    float y, many[33], out[33];
    function(&y, &x, 1);
    for (int i = 0; i < 33; i++)
        many[i] = x;
    function(out, many, 33); /* vector lanes and the rest say the same */
    for (int i = 0; i < 33; i++)
        CHECK(isnan(y) ? isnan(out[i]) : fixture_same_bits(&out[i], &y, 1));
    return y;
}

static void zeros_give_exact_values(void **state)
{
    (void)state;
    const float zeros[] = {0.0f, -0.0f};
    FOR_EACH_ISA(isa)
    {
        for (int i = 0; i < 2; i++) {
            CHECK(value_of(isa->ops->map_exp, zeros[i]) == 1.0f);
            CHECK(value_of(isa->ops->map_tanh, zeros[i]) == 0.0f);
            CHECK(value_of(isa->ops->map_erf, zeros[i]) == 0.0f);
            CHECK(value_of(isa->ops->map_sigmoid, zeros[i]) == 0.5f);
        }
        CHECK(value_of(isa->ops->map_log, 1.0f) == 0.0f);
    }
}

static void far_values_are_clamped(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        const mmofl_ops *ops = isa->ops;
        float least = value_of(ops->map_exp, -87.3f);
        float most = value_of(ops->map_exp, 88.3f);
        CHECK(least > 0 && isfinite(most));
        const float far[] = {100, 1e10f, FLT_MAX, INFINITY};
        for (int i = 0; i < 4; i++) {
            CHECK(value_of(ops->map_exp, -far[i]) == least);
            CHECK(value_of(ops->map_exp, far[i]) == most);
            CHECK(value_of(ops->map_tanh, -far[i]) == -1.0f);
            CHECK(value_of(ops->map_tanh, far[i]) == 1.0f);
            CHECK(value_of(ops->map_erf, -far[i]) == -1.0f);
            CHECK(value_of(ops->map_erf, far[i]) == 1.0f);
            CHECK(value_of(ops->map_sigmoid, -far[i]) < 1e-38f);
            CHECK(value_of(ops->map_sigmoid, far[i]) == 1.0f);
        }
        CHECK(value_of(ops->map_log, INFINITY) == INFINITY);
    }
}

static void nan_stays_nan(void **state)
{
    (void)state;
    const float nans[] = {float_of(0x7fc00000), float_of(0xffc00000),
                          float_of(0x7fffffff)};
    FOR_EACH_ISA(isa)
    {
        for (int i = 0; i < 3; i++) {
            CHECK(isnan(value_of(isa->ops->map_exp, nans[i])));
            CHECK(isnan(value_of(isa->ops->map_log, nans[i])));
            CHECK(isnan(value_of(isa->ops->map_tanh, nans[i])));
            CHECK(isnan(value_of(isa->ops->map_erf, nans[i])));
            CHECK(isnan(value_of(isa->ops->map_sigmoid, nans[i])));
        }
    }
}

/* Where two polynomials meet, neighbours must not cross by more than the bounds above.
 */
static void seams_do_not_step_back(void **state)
{
    (void)state;
    const struct {
        size_t function;
        float at;
    } seams[] = {{offsetof(mmofl_ops, map_tanh), 0.625f},
                 {offsetof(mmofl_ops, map_tanh), -0.625f},
                 {offsetof(mmofl_ops, map_erf), 1.0f},
                 {offsetof(mmofl_ops, map_erf), 2.0f},
                 {offsetof(mmofl_ops, map_exp), 0.34657359f},
                 {offsetof(mmofl_ops, map_log), 0.70710678f}};
    FOR_EACH_ISA(isa)
    {
        for (size_t i = 0; i < sizeof seams / sizeof *seams; i++) {
            map_function *f = function_of(isa, seams[i].function);
            float below = value_of(f, nextafterf(seams[i].at, -FLT_MAX));
            float above = value_of(f, nextafterf(seams[i].at, FLT_MAX));
            CHECK((double)above >= (double)below - 4 * ulp_of((double)below));
        }
    }
}

static void sets_that_round_alike_agree_to_the_bit(void **state)
{
    (void)state;
    enum { N = 1009 };
    enum { FUNCTIONS = 5, LOG = 3 };
    float x[N], first[2][FUNCTIONS][N], y[N];
    bool seen[2] = {false, false};
    fixture_fill(x, N, 5);
    for (int i = 0; i < N; i++)
        x[i] *= i % 2 ? 10.0f : 0.9f;
    FOR_EACH_ISA(isa)
    {
        map_function *const f[] = {isa->ops->map_exp, isa->ops->map_tanh,
                                   isa->ops->map_erf, isa->ops->map_log,
                                   isa->ops->map_sigmoid};
        for (int k = 0; k < FUNCTIONS; k++) {
            float in[N];
            for (int i = 0; i < N; i++)
                in[i] = k == LOG ? fabsf(x[i]) + 1e-6f : x[i];
            f[k](y, in, N);
            if (seen[isa->fused])
                CHECK(fixture_same_bits(y, first[isa->fused][k], N));
            memcpy(first[isa->fused][k], y, sizeof y);
        }
        seen[isa->fused] = true;
    }
}

/* ---------------------------------------------------------------- what is built on it
 */

static void cross_entropy_by_hand(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        /* Softmax of (0, ln 3) is (1/4, 3/4). */
        float logits[] = {0, 1.0986123f};
        float loss = isa->ops->softmax_cross_entropy(logits, 2, 0, 0.5f, true);
        CHECK_NEAR(loss, 1.3862944, 1e-6);
        CHECK_NEAR(logits[0], 0.5 * (0.25 - 1), 1e-6);
        CHECK_NEAR(logits[1], 0.5 * 0.75, 1e-6);
        float same[] = {7, 7, 7, 7};
        loss = isa->ops->softmax_cross_entropy(same, 4, 2, 1, false);
        CHECK_NEAR(loss, 1.3862944, 1e-6);
        for (int c = 0; c < 4; c++)
            CHECK_NEAR(same[c], 0.25, 1e-7);
    }
}

static void huge_logits_give_a_finite_loss(void **state)
{
    (void)state;
    FOR_EACH_ISA(isa)
    {
        float logits[] = {1e30f, -1e30f, 0};
        float loss = isa->ops->softmax_cross_entropy(logits, 3, 0, 1, true);
        CHECK_NEAR(loss, 0, 1e-6);
        float wrong[] = {1000, 0};
        CHECK_NEAR(isa->ops->softmax_cross_entropy(wrong, 2, 1, 1, true), 1000, 1e-3);
    }
}

static void a_nan_or_infinite_logit_never_gives_a_finite_loss(void **state)
{
    (void)state;
    const float bad[] = {NAN, -NAN, INFINITY};
    FOR_EACH_ISA(isa)
    {
        for (int kind = 0; kind < 3; kind++)
            for (int at = 0; at < 3; at++)
                for (int label = 0; label < 3; label++) {
                    float logits[] = {0.5f, -1, 2};
                    logits[at] = bad[kind];
                    float loss =
                        isa->ops->softmax_cross_entropy(logits, 3, label, 1, true);
                    CHECK(!isfinite(loss));
                }
    }
}

CHECK_MAIN(TEST(exponentials_stay_within_their_bound),
           TEST(logarithms_stay_within_their_bound),
           TEST(hyperbolic_tangents_stay_within_their_bound),
           TEST(error_functions_stay_within_their_bound),
           TEST(sigmoids_stay_within_their_bound), TEST(zeros_give_exact_values),
           TEST(far_values_are_clamped), TEST(nan_stays_nan),
           TEST(seams_do_not_step_back), TEST(sets_that_round_alike_agree_to_the_bit),
           TEST(cross_entropy_by_hand), TEST(huge_logits_give_a_finite_loss),
           TEST(a_nan_or_infinite_logit_never_gives_a_finite_loss))
