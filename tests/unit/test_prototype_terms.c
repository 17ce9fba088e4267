/* Pull and prototypical cross-entropy: values, gradients, what takes no part. */
#define _GNU_SOURCE
#include "learn/prototype_terms.h"
#include "method_fixture.h"

static const double KAPPA = 0.2, WEIGHT = 1.7;

/* ---------------------------------------------------------------- by the formula */

static bool exists(const toy *t, int m, int c)
{
    return t->seen[m * TOY_K + c] > 0;
}

static const float *prototype(const toy *t, int m, int c)
{
    return t->mean + (size_t)c * TOY_D + toy_at(m);
}

/* z: (N, D) features. */
static double pull(const toy *t, void *context, const double *z)
{
    (void)context;
    double sum = 0;
    for (int i = 0; i < TOY_N; i++)
        for (int m = 0; m < TOY_M; m++) {
            if (!toy_has(t, i, m) || !exists(t, m, t->label[i]))
                continue;
            const float *p = prototype(t, m, t->label[i]);
            for (int k = 0; k < toy_width[m]; k++) {
                double off =
                    z[(size_t)i * TOY_D + toy_at(m) + (size_t)k] - (double)p[k];
                sum += off * off / toy_width[m];
            }
        }
    return WEIGHT * sum / TOY_N;
}

static double cosine(const double *z, const float *p, int n)
{
    double zz = 0, pp = 0, zp = 0;
    for (int k = 0; k < n; k++) {
        zz += z[k] * z[k];
        pp += (double)p[k] * (double)p[k];
        zp += z[k] * (double)p[k];
    }
    return zp / fmax(sqrt(zz), 1e-12) / fmax(sqrt(pp), 1e-12);
}

static double pce(const toy *t, void *context, const double *z)
{
    (void)context;
    double sum = 0;
    for (int m = 0; m < TOY_M; m++) {
        bool there[TOY_K];
        int classes = 0;
        for (int c = 0; c < TOY_K; c++)
            classes += there[c] = exists(t, m, c);
        for (int i = 0; i < TOY_N && classes >= 2; i++) {
            if (!toy_has(t, i, m) || !there[t->label[i]])
                continue;
            double score[TOY_K];
            for (int c = 0; c < TOY_K; c++)
                score[c] = cosine(z + (size_t)i * TOY_D + toy_at(m), prototype(t, m, c),
                                  toy_width[m]) /
                           KAPPA;
            sum -= log(toy_softmax(score, there, TOY_K, t->label[i]));
        }
    }
    return WEIGHT * sum / TOY_N;
}

/* ---------------------------------------------------------------- comparison */

enum { FEATURES = TOY_N * TOY_D };

typedef struct outcome {
    double value;
    float dz[FEATURES];
} outcome;

/* Both terms of z in pieces of at most `piece` samples. */
static outcome run(const toy *t, bool is_pce, float *z, int piece)
{
    outcome out = {0};
    mmofl_arena arena = {0};
    mmofl_prototype_terms terms;
    CHECK_OK(mmofl_prototype_terms_init(&terms, t->model, TOY_N, &arena));
    mmofl_prototype_terms_begin(&terms, &t->prototypes);
    for (int from = 0; from < TOY_N; from += piece) {
        int n = TOY_N - from < piece ? TOY_N - from : piece;
        mmofl_span zs = {.at = z + from * TOY_D, .stride = TOY_D};
        mmofl_span dzs = {.at = out.dz + from * TOY_D, .stride = TOY_D};
        out.value +=
            is_pce ? mmofl_prototype_pce(&terms, &t->batch, from, n, WEIGHT, KAPPA, zs,
                                         dzs)
                   : mmofl_prototype_pull(&terms, &t->batch, from, n, WEIGHT, zs, dzs);
    }
    mmofl_arena_free(&arena);
    return out;
}

/* The slots of what a sample lacks may hold anything: it counts nothing. */
static void check_terms(const toy *t, float *z)
{
    for (int is_pce = 0; is_pce < 2; is_pce++) {
        double wide[FEATURES], wanted[FEATURES];
        fixture_widen(z, wide, FEATURES);
        toy_loss *loss = is_pce ? pce : pull;
        outcome out = run(t, is_pce, z, TOY_N), cut = run(t, is_pce, z, 3);
        double value = loss(t, NULL, wide);
        CHECK_NEAR(out.value, value, 1e-5 * (1 + value));
        CHECK_NEAR(cut.value, out.value, 1e-12 * (1 + value));
        toy_differences(t, loss, NULL, wide, FEATURES, wanted);
        fixture_check_close(is_pce ? "pce" : "pull", out.dz, wanted, FEATURES, 2e-5);
        CHECK(fixture_same_bits(out.dz, cut.dz, FEATURES));
    }
}

static void gradients_equal_finite_differences(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    float z[FEATURES];
    fixture_fill(z, FEATURES, 30);
    check_terms(&t, z);
    toy_delete(&t);
}

static void a_class_without_a_prototype_takes_no_part(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    float z[FEATURES];
    fixture_fill(z, FEATURES, 31);
    for (int c = 1; c < TOY_K; c++)
        t.seen[c] = 0; /* modality 0 has one class left: no PCE, but a pull */
    for (int c = 0; c < TOY_K; c++)
        t.seen[2 * TOY_K + c] = 0; /* modality 2 has none */
    check_terms(&t, z);
    outcome out = run(&t, true, z, TOY_N);
    for (int i = 0; i < TOY_N; i++)
        for (size_t k = 0; k < TOY_D; k++)
            CHECK((k >= toy_at(1) && k < toy_at(2)) ||
                  out.dz[(size_t)i * TOY_D + k] == 0);
    out = run(&t, false, z, TOY_N);
    for (int i = 0; i < TOY_N; i++)
        CHECK((out.dz[i * TOY_D] != 0) == (t.label[i] == 0 && toy_has(&t, i, 0)));
    toy_delete(&t);
}

static void without_prototypes_every_term_is_zero(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    memset(t.seen, 0, sizeof t.seen);
    float z[FEATURES];
    fixture_fill(z, FEATURES, 32);
    for (int is_pce = 0; is_pce < 2; is_pce++) {
        outcome out = run(&t, is_pce, z, TOY_N);
        CHECK(out.value == 0);
        for (int k = 0; k < FEATURES; k++)
            CHECK(out.dz[k] == 0);
    }
    toy_delete(&t);
}

static void one_sample_by_hand(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    float z[FEATURES] = {0};
    memset(t.seen, 0, sizeof t.seen);
    memset(t.mask, 0, sizeof t.mask);
    t.mask[0] = 2, t.label[0] = 1; /* modality b: two features at 3 */
    t.seen[TOY_K + 0] = t.seen[TOY_K + 1] = 1;
    float *p0 = t.mean + 3, *p1 = t.mean + TOY_D + 3;
    p0[0] = 0, p0[1] = 2, p1[0] = 3, p1[1] = 0;
    z[3] = 5, z[4] = 0; /* cosines 0 and 1 */
    outcome out = run(&t, true, z, TOY_N);
    CHECK_NEAR(out.value, WEIGHT / TOY_N * log(1 + exp(-1 / KAPPA)), 1e-6);
    double pi = 1 / (1 + exp(1 / KAPPA)); /* of class 0, along p0 */
    CHECK_NEAR(out.dz[3], 0, 1e-7);
    CHECK_NEAR(out.dz[4], WEIGHT / TOY_N * pi / (KAPPA * 5), 1e-7);
    out = run(&t, false, z, TOY_N);
    CHECK_NEAR(out.value, WEIGHT / TOY_N * (2 * 2 / 2.0), 1e-6);
    CHECK_NEAR(out.dz[3], WEIGHT / TOY_N * 2, 1e-6);
    CHECK(out.dz[4] == 0);
    toy_delete(&t);
}

/* Short vectors have steep cosines, which stay finite; at zero there is no slope. */
static void norms_near_zero_stay_finite(void **state)
{
    (void)state;
    static const float lengths[] = {1e-3f, 1e-9f, 1e-13f, 0};
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        toy t;
        toy_new(&t, TOY_N);
        float z[FEATURES];
        fixture_fill(z, FEATURES, 33);
        for (int k = 0; k < FEATURES; k++)
            z[k] *= lengths[l];
        outcome out = run(&t, true, z, TOY_N);
        double wide[FEATURES];
        fixture_widen(z, wide, FEATURES);
        CHECK_NEAR(out.value, pce(&t, NULL, wide), 1e-5 * out.value);
        for (int k = 0; k < FEATURES; k++) {
            CHECK(isfinite(out.dz[k]));
            CHECK(lengths[l] > 1e-12f || out.dz[k] == 0);
        }
        for (int c = 0; c < TOY_K; c++) /* prototypes of length zero: cosine 0 */
            memset(t.mean + c * TOY_D, 0, 3 * sizeof(float));
        fixture_fill(z, FEATURES, 34);
        check_terms(&t, z);
        toy_delete(&t);
    }
}

static void any_failing_allocation_is_reported(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    mmofl_status st = MMOFL_E_MEMORY;
    long fail_after = 0;
    while (st == MMOFL_E_MEMORY) {
        mmofl_arena arena = {.fail_after = ++fail_after};
        mmofl_prototype_terms terms;
        st = mmofl_prototype_terms_init(&terms, t.model, TOY_N, &arena);
        mmofl_arena_free(&arena);
    }
    CHECK_OK(st);
    CHECK(fail_after > 4);
    toy_delete(&t);
}

CHECK_MAIN(TEST(gradients_equal_finite_differences),
           TEST(a_class_without_a_prototype_takes_no_part),
           TEST(without_prototypes_every_term_is_zero), TEST(one_sample_by_hand),
           TEST(norms_near_zero_stay_finite), TEST(any_failing_allocation_is_reported))
