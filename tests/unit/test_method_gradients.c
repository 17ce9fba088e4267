/* What methods add to the gradient of one batch, against formulas in double precision
 * and their finite differences. */
#define _GNU_SOURCE
#include "learn/replay.h"
#include "method_fixture.h"

/* ---------------------------------------------------------------- comparison */

static double plain_loss(const toy *t, const double *w)
{
    double sum = 0, z[TOY_D];
    for (int i = 0; i < TOY_N; i++) {
        toy_features(t, w, i, z);
        sum += toy_head_loss(w, z, t->label[i]);
    }
    return sum / TOY_N;
}

/* The method's gradient and loss against finite differences of `loss`, after
 * multiplying what arrives at encoder m by factor[m]. */
static void check_gradient(toy *t, const char *method, uint64_t round, toy_loss *loss,
                           void *context, const double *factor)
{
    double w[TOY_W], wanted[TOY_W];
    fixture_widen(t->w, w, TOY_W);
    double value = toy_gradient(t, method, round);
    CHECK_NEAR(value, loss(t, context, w), 1e-5);
    toy_differences(t, loss, context, w, TOY_W, wanted);
    for (int m = 0; m < TOY_M && factor; m++)
        for (size_t k = 0; k < (size_t)toy_width[m] * (TOY_WIDE + 1); k++)
            wanted[toy_at(m) * (TOY_WIDE + 1) + k] *= factor[m];
    fixture_check_close(method, t->g, wanted, TOY_W, 2e-5);
}

/* ---------------------------------------------------------------- qqr */

static double length(const double *z, int n)
{
    double squares = 0;
    for (int k = 0; k < n; k++)
        squares += z[k] * z[k];
    return sqrt(squares);
}

/* PCE of one sample and modality with scores score(z, p_c). */
static double pce_of(const toy *t, int m, int label, const double *z,
                     double (*score)(const double *z, const double *p, int n))
{
    double scores[TOY_K], p[TOY_D];
    bool there[TOY_K];
    for (int c = 0; c < TOY_K; c++) {
        there[c] = t->seen[m * TOY_K + c] > 0;
        fixture_widen(t->mean + (size_t)c * TOY_D + toy_at(m), p, (size_t)toy_width[m]);
        scores[c] = score(z, p, toy_width[m]);
    }
    return there[label] ? -log(toy_softmax(scores, there, TOY_K, label)) : 0;
}

static double cosine_over_kappa(const double *z, const double *p, int n)
{
    double product = 0;
    for (int k = 0; k < n; k++)
        product += z[k] * p[k];
    return product / length(z, n) / length(p, n) / 0.2;
}

static double pull_of(const toy *t, int m, int label, const double *z)
{
    double sum = 0;
    const float *p = t->mean + (size_t)label * TOY_D + toy_at(m);
    for (int k = 0; k < toy_width[m] && t->seen[m * TOY_K + label]; k++)
        sum += (z[k] - (double)p[k]) * (z[k] - (double)p[k]);
    return sum / toy_width[m];
}

/* METHOD.md section 6 with the defaults, replay included. */
static double qqr_loss(const toy *t, void *context, const double *w)
{
    uint64_t round = *(const uint64_t *)context;
    double sum = plain_loss(t, w) * TOY_N, z[TOY_D];
    mmofl_rng rng = mmofl_replay_open(3, 4, round);
    for (int i = 0; i < TOY_N; i++) {
        toy_features(t, w, i, z);
        for (int m = 0; m < TOY_M; m++)
            if (toy_has(t, i, m))
                sum += pce_of(t, m, t->label[i], z + toy_at(m), cosine_over_kappa) +
                       pull_of(t, m, t->label[i], z + toy_at(m));
        mmofl_replayed drawn = mmofl_replay_draw(&rng, t->model, &t->prototypes, 0.5);
        fixture_widen(t->mean + (size_t)drawn.label * TOY_D, z, TOY_D);
        for (int k = 0; drawn.lost >= 0 && k < toy_width[drawn.lost]; k++)
            z[toy_at(drawn.lost) + (size_t)k] = 0;
        sum += (double)drawn.weight * toy_head_loss(w, z, drawn.label);
    }
    return sum / TOY_N;
}

static void qqr_s_whole_gradient_equals_finite_differences(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    double factor[TOY_M]; /* 14 samples, 8, 8 and 8 of which have each */
    for (int m = 0; m < TOY_M; m++) {
        int recorded = 0;
        for (int i = 0; i < TOY_N; i++)
            recorded += toy_has(&t, i, m);
        factor[m] = (double)TOY_N / recorded;
    }
    for (uint64_t round = 1; round <= 3; round++)
        check_gradient(&t, "qqr", round, qqr_loss, &round, factor);
    toy_delete(&t);
}

static void the_gradient_of_a_rare_modality_is_scaled_up_to_the_cap(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    for (int i = 0; i < TOY_N; i++) /* 14 have a, 7 have b, 2 have c */
        t.mask[i] = 1 | (i % 2 ? 2u : 0) | (i % 7 ? 0 : 4u);
    static const char *const caps[] = {"4", "1", "100"};
    static const float factor[][TOY_M] = {{1, 2, 4}, {1, 1, 1}, {1, 2, 7}};
    toy_gradient(&t, "pm", 1);
    float plain[TOY_W];
    memcpy(plain, t.g, sizeof plain);
    for (int c = 0; c < 3; c++) {
        char method[64];
        snprintf(method, sizeof method, "qqr alpha=0 lambda=0 gamma=0 r_cap=%s",
                 caps[c]);
        toy_gradient(&t, method, 1);
        for (int m = 0; m < TOY_M; m++) {
            size_t from = toy_at(m) * (TOY_WIDE + 1);
            for (size_t k = 0; k < (size_t)toy_width[m] * (TOY_WIDE + 1); k++)
                CHECK(t.g[from + k] == factor[c][m] * plain[from + k]);
        }
        CHECK(fixture_same_bits(t.g + TOY_HEAD, plain + TOY_HEAD, TOY_W - TOY_HEAD));
    }
    toy_delete(&t);
}

static void replay_teaches_only_the_head(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    toy_gradient(&t, "pm", 2);
    float plain[TOY_W];
    memcpy(plain, t.g, sizeof plain);
    toy_gradient(&t, "qqr alpha=0 lambda=0 r_cap=1", 2);
    CHECK(fixture_same_bits(t.g, plain, TOY_HEAD));
    for (int k = TOY_HEAD; k < TOY_W; k++)
        CHECK(t.g[k] != plain[k]);
    toy_delete(&t);
}

static void replay_draws_classes_and_gaps_uniformly(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    enum { DRAWS = 40000 };
    int by_class[TOY_K] = {0}, by_gap[TOY_M + 1] = {0};
    mmofl_rng rng = mmofl_replay_open(1, 2, 3);
    for (int i = 0; i < DRAWS; i++) {
        mmofl_replayed drawn = mmofl_replay_draw(&rng, t.model, &t.prototypes, 0.3);
        by_class[drawn.label]++;
        by_gap[drawn.lost + 1]++;
        CHECK(drawn.weight == (drawn.label != 3)); /* b's class 3 does not exist */
        float z[TOY_D];
        mmofl_replay_features(&drawn, t.model, &t.prototypes, z);
        for (int m = 0; m < TOY_M; m++)
            for (size_t k = toy_at(m); k < toy_at(m + 1); k++)
                CHECK(z[k] ==
                      (m == drawn.lost ? 0 : t.mean[(size_t)drawn.label * TOY_D + k]));
    }
    for (int c = 0; c < TOY_K; c++) /* five standard deviations */
        CHECK_NEAR(by_class[c], DRAWS / TOY_K, 5 * sqrt(DRAWS * 0.25 * 0.75));
    CHECK_NEAR(by_gap[0], DRAWS * 0.7, 5 * sqrt(DRAWS * 0.7 * 0.3));
    for (int m = 0; m < TOY_M; m++)
        CHECK_NEAR(by_gap[m + 1], DRAWS * 0.1, 5 * sqrt(DRAWS * 0.1 * 0.9));
    toy_delete(&t);
}

/* ---------------------------------------------------------------- pmr */

typedef struct pmr {
    bool squared, hard, early;
    double behind[TOY_M], ahead[TOY_M]; /* held constant */
} pmr;

static void pmr_posterior(const toy *t, const pmr *o, int m, const double *z,
                          double *pi)
{
    double score[TOY_K];
    bool there[TOY_K];
    for (int c = 0; c < TOY_K; c++) {
        double squares = 0;
        for (int k = 0; k < toy_width[m]; k++) {
            double off =
                z[k] - (double)t->mean[(size_t)c * TOY_D + toy_at(m) + (size_t)k];
            squares += off * off;
        }
        there[c] = t->seen[m * TOY_K + c] > 0;
        score[c] = -(o->squared ? squares : sqrt(squares)) / 0.7;
    }
    for (int c = 0; c < TOY_K; c++)
        pi[c] = there[c] ? toy_softmax(score, there, TOY_K, c) : 0;
}

static bool takes_part(const toy *t, int i, int m)
{
    return toy_has(t, i, m) && t->seen[m * TOY_K + t->label[i]] > 0;
}

/* Weights from scores at parameters w. */
static void pmr_weights(const toy *t, pmr *o, const double *w)
{
    double score[TOY_M] = {0}, most = 0, least = 2, z[TOY_D], pi[TOY_K];
    for (int m = 0; m < TOY_M; m++) {
        int n = 0;
        for (int i = 0; i < TOY_N; i++) {
            if (!takes_part(t, i, m))
                continue;
            toy_features(t, w, i, z);
            pmr_posterior(t, o, m, z + toy_at(m), pi);
            score[m] += pi[t->label[i]];
            n++;
        }
        score[m] /= n;
        most = fmax(most, score[m]), least = fmin(least, score[m]);
    }
    for (int m = 0; m < TOY_M; m++) {
        o->behind[m] = o->hard ? score[m] == least : fmin(most / score[m] - 1, 1);
        o->ahead[m] = o->hard ? score[m] == most : fmin(score[m] / least - 1, 1);
    }
}

static double pmr_loss(const toy *t, void *context, const double *w)
{
    const pmr *o = context;
    double sum = plain_loss(t, w) * TOY_N, z[TOY_D], pi[TOY_K];
    for (int i = 0; i < TOY_N; i++) {
        toy_features(t, w, i, z);
        for (int m = 0; m < TOY_M; m++) {
            if (!takes_part(t, i, m))
                continue;
            pmr_posterior(t, o, m, z + toy_at(m), pi);
            sum -= 1.5 * o->behind[m] * log(pi[t->label[i]]);
            for (int c = 0; c < TOY_K && o->early; c++)
                sum += 0.8 * o->ahead[m] * (pi[c] > 0 ? pi[c] * log(pi[c]) : 0);
        }
    }
    return sum / TOY_N;
}

static void pmr_s_gradient_equals_finite_differences(void **state)
{
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        toy t;
        toy_new(&t, TOY_N);
        pmr o = {.squared = kind & 1, .hard = kind & 2, .early = kind & 4};
        double w[TOY_W];
        fixture_widen(t.w, w, TOY_W);
        pmr_weights(&t, &o, w);
        char method[128];
        snprintf(method, sizeof method,
                 "pmr alpha=1.5 mu=0.8 kappa=0.7 early=5 distance=%s weights=%s",
                 o.squared ? "squared" : "euclidean", o.hard ? "hard" : "soft");
        check_gradient(&t, method, o.early ? 5 : 6, pmr_loss, &o, NULL);
        toy_delete(&t);
    }
}

/* ---------------------------------------------------------------- ogm-ge */

/* softmax of the label by each modality alone, mean over those that have it. */
static void scores_alone(const toy *t, double *score)
{
    double w[TOY_W], z[TOY_D];
    fixture_widen(t->w, w, TOY_W);
    for (int m = 0; m < TOY_M; m++) {
        int n = 0;
        score[m] = 0;
        for (int i = 0; i < TOY_N; i++) {
            if (!toy_has(t, i, m))
                continue;
            toy_features(t, w, i, z);
            for (size_t k = 0; k < TOY_D; k++)
                if (k < toy_at(m) || k >= toy_at(m + 1))
                    z[k] = 0;
            score[m] += exp(-toy_head_loss(w, z, t->label[i]));
            n++;
        }
        score[m] /= n;
    }
}

static void the_stronger_modality_is_held_back(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, 4); /* in pieces: the score is of the whole batch all the same */
    double score[TOY_M];
    scores_alone(&t, score);
    toy_gradient(&t, "pm", 1);
    float plain[TOY_W];
    memcpy(plain, t.g, sizeof plain);
    toy_gradient(&t, "ogm-ge a=0.9 noise=false", 1);
    int held_back = 0;
    for (int m = 0; m < TOY_M; m++) {
        double ratio =
            score[m] / ((score[(m + 1) % TOY_M] + score[(m + 2) % TOY_M]) / 2);
        double factor = ratio > 1 ? 1 - tanh(0.9 * ratio) : 1;
        held_back += ratio > 1;
        for (size_t k = toy_at(m) * (TOY_WIDE + 1); k < toy_at(m + 1) * (TOY_WIDE + 1);
             k++)
            CHECK_NEAR(t.g[k], factor * (double)plain[k],
                       1e-5 * fabs((double)plain[k]) + 1e-9);
    }
    CHECK(held_back > 0 && held_back < TOY_M);
    CHECK(fixture_same_bits(t.g + TOY_HEAD, plain + TOY_HEAD, TOY_W - TOY_HEAD));
    toy_delete(&t);
}

/* The first tensor of the first encoder held back: noise of the gradient's spread. */
static void noise_has_the_gradient_s_own_spread(void **state)
{
    (void)state;
    toy t;
    toy_new(&t, TOY_N);
    double score[TOY_M];
    scores_alone(&t, score);
    int m = 0;
    for (int other = 1; other < TOY_M; other++)
        m = score[other] > score[m] ? other : m;
    size_t from = toy_at(m) * (TOY_WIDE + 1), n = (size_t)toy_width[m] * TOY_WIDE;
    toy_gradient(&t, "ogm-ge a=0.9 noise=false", 1);
    float quiet[TOY_W];
    memcpy(quiet, t.g, sizeof quiet);
    toy_gradient(&t, "pm", 1);
    double mean = 0, spread = 0, noise = 0;
    for (size_t k = from; k < from + n; k++)
        mean += (double)t.g[k] / (double)n;
    for (size_t k = from; k < from + n; k++)
        spread += pow((double)t.g[k] - mean, 2) / (double)(n - 1);
    enum { ROUNDS = 400 };
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        toy_gradient(&t, "ogm-ge a=0.9", round);
        for (size_t k = from; k < from + n; k++)
            noise += pow((double)(t.g[k] - quiet[k]), 2) / (double)(n * ROUNDS);
    }
    CHECK_NEAR(noise / spread, 1, 5 * sqrt(2.0 / (double)(n * ROUNDS)));
    toy_delete(&t);
}

CHECK_MAIN(TEST(qqr_s_whole_gradient_equals_finite_differences),
           TEST(the_gradient_of_a_rare_modality_is_scaled_up_to_the_cap),
           TEST(replay_teaches_only_the_head),
           TEST(replay_draws_classes_and_gaps_uniformly),
           TEST(pmr_s_gradient_equals_finite_differences),
           TEST(the_stronger_modality_is_held_back),
           TEST(noise_has_the_gradient_s_own_spread))
