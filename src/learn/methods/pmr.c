/* pmr.c - prototypical modality rebalance.
 *
 * pi_i^m(c) = softmax_c(-dist(z_i^m, p^(m,c)) / kappa), score s_m = mean_i pi_i^m(y_i).
 * The weak modality is helped by a prototypical cross-entropy, the strong one is held
 * back early by the entropy of pi:
 *
 *   L = CE + alpha sum_m b_m PCE_m - mu sum_m g_m H_m (rounds up to `early`)
 *   soft: b_m = clip(s_max/s_m - 1, 0, 1), g_m = clip(s_m/s_min - 1, 0, 1)
 *   hard: b is 1 for the weakest modality, g is 1 for the strongest, else 0
 *
 * Gradients, with D_c = d dist_c / dz (weights and prototypes are constants):
 *   dPCE/dz = (1/kappa) sum_c ([c = y] - pi(c)) D_c
 *   dH/dz   = (1/kappa) sum_c pi(c) (log pi(c) + H) D_c
 * The scores are means over the mini-batch, which therefore goes through in one piece.
 */
#include <math.h>
#include <string.h>

#include "base/elementary.h"
#include "learn/methods/methods.h"

typedef struct pmr_options {
    mmofl_prototype_options prototypes;
    double alpha, mu, kappa;
    int weights, distance, early;
} pmr_options;

enum { WEIGHTS_SOFT, WEIGHTS_HARD };
enum { DISTANCE_EUCLIDEAN, DISTANCE_SQUARED };

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(pmr_options, alpha, 0, 1000, "1.0",
                      "weight of the prototypical cross-entropy of weak modalities"),
    MMOFL_REAL_OPTION(pmr_options, mu, 0, 1000, "0.1",
                      "weight of the entropy of strong modalities"),
    MMOFL_REAL_OPTION(pmr_options, kappa, MMOFL_POSITIVE, 1000, "1.0",
                      "temperature: distances are divided by it"),
    MMOFL_CHOICE_OPTION(pmr_options, weights, "soft|hard", "soft",
                        "by how far a modality is behind, or the extremes only"),
    MMOFL_CHOICE_OPTION(pmr_options, distance, "euclidean|squared", "euclidean",
                        "distance to a prototype"),
    MMOFL_INT_OPTION(pmr_options, early, 0, 1000000, "10",
                     "rounds with the entropy term"),
    MMOFL_PROTOTYPE_OPTIONS("exponential", "samples"),
};

typedef struct pmr_state {
    const mmofl_model *model;
    pmr_options o;
    const mmofl_prototypes *prototypes;
    uint64_t round;
    float *pi;       /* (M, batch, K) */
    float *distance; /* (M, batch, K) */
    int capacity;
    double *score;          /* (M) NaN: cannot be told */
    double *behind, *ahead; /* (M) b, g */
} pmr_state;

static void *make(const mmofl_method_setup *setup)
{
    pmr_state *s = MMOFL_ARENA_NEW(setup->arena, 1, pmr_state);
    if (!s)
        return NULL;
    size_t encoders = (size_t)setup->model->n_encoders;
    size_t numbers = encoders * (size_t)setup->batch * (size_t)setup->model->classes;
    *s = (pmr_state){.model = setup->model,
                     .o = *(const pmr_options *)setup->options,
                     .capacity = setup->batch,
                     .pi = MMOFL_ARENA_NEW(setup->arena, numbers, float),
                     .distance = MMOFL_ARENA_NEW(setup->arena, numbers, float),
                     .score = MMOFL_ARENA_NEW(setup->arena, encoders, double),
                     .behind = MMOFL_ARENA_NEW(setup->arena, encoders, double),
                     .ahead = MMOFL_ARENA_NEW(setup->arena, encoders, double)};
    return s->pi && s->distance && s->score && s->behind && s->ahead ? s : NULL;
}

static void begin_round(void *state, const mmofl_method_round *round)
{
    pmr_state *s = state;
    s->prototypes = round->prototypes;
    s->round = round->round;
}

static float *row_of(const pmr_state *s, float *rows, int e, int i)
{
    return rows +
           ((size_t)e * (size_t)s->capacity + (size_t)i) * (size_t)s->model->classes;
}

static bool takes_part(const pmr_state *s, const mmofl_batch *batch, int e, int i)
{
    return mmofl_recorded(s->model, batch->mask[i], e) &&
           mmofl_prototype_exists(s->prototypes, s->model, e, batch->label[i]);
}

/* Distances and probabilities of one sample; classes without a prototype get none. */
static void measure_sample(const pmr_state *s, int e, int i, const float *z)
{
    const mmofl_model *model = s->model;
    const mmofl_encoder *encoder = &model->encoder[e];
    float *pi = row_of(s, s->pi, e, i), *distance = row_of(s, s->distance, e, i);
    for (int c = 0; c < model->classes; c++) {
        const float *p =
            s->prototypes->mean + (size_t)c * model->features + encoder->at;
        double squares = 0;
        for (size_t k = 0; k < encoder->features; k++)
            squares += ((double)z[k] - (double)p[k]) * ((double)z[k] - (double)p[k]);
        distance[c] =
            (float)(s->o.distance == DISTANCE_SQUARED ? squares : sqrt(squares));
        pi[c] = mmofl_prototype_exists(s->prototypes, model, e, c)
                    ? -distance[c] / (float)s->o.kappa
                    : -1e30f;
    }
    model->isa->ops->softmax_cross_entropy(pi, model->classes, 0, 1, false);
}

/* s_m for every modality, and from them b and g. */
static void score_modalities(const pmr_state *s, const mmofl_batch *batch, mmofl_span z)
{
    double most = 0, least = HUGE_VAL;
    for (int e = 0; e < s->model->n_encoders; e++) {
        double sum = 0;
        int n = 0;
        for (int i = 0; i < batch->n; i++) {
            if (!takes_part(s, batch, e, i))
                continue;
            measure_sample(s, e, i,
                           z.at + (size_t)i * z.stride + s->model->encoder[e].at);
            sum += (double)row_of(s, s->pi, e, i)[batch->label[i]];
            n++;
        }
        s->score[e] = n ? sum / n : (double)NAN;
        most = n ? fmax(most, s->score[e]) : most;
        least = n ? fmin(least, s->score[e]) : least;
    }
    for (int e = 0; e < s->model->n_encoders; e++) {
        double score = s->score[e];
        s->behind[e] = s->ahead[e] = 0;
        if (isnan(score) || most == least)
            continue;
        if (s->o.weights == WEIGHTS_HARD) {
            s->behind[e] = score == least;
            s->ahead[e] = score == most;
        } else {
            s->behind[e] = fmin(fmax(most / fmax(score, 1e-12) - 1, 0), 1);
            s->ahead[e] = fmin(fmax(score / fmax(least, 1e-12) - 1, 0), 1);
        }
    }
}

/* Add sum_c coefficient_c D_c to dz, where D_c = (z - p_c)/dist or 2 (z - p_c). */
static void add_distances(const pmr_state *s, int e, int i, const double *coefficient,
                          const float *z, float *dz)
{
    const mmofl_model *model = s->model;
    const mmofl_encoder *encoder = &model->encoder[e];
    const float *distance = row_of(s, s->distance, e, i);
    for (int c = 0; c < model->classes; c++) {
        if (!mmofl_prototype_exists(s->prototypes, model, e, c))
            continue;
        double slope =
            s->o.distance == DISTANCE_SQUARED ? 2 : 1 / fmax((double)distance[c], 1e-8);
        const float *p =
            s->prototypes->mean + (size_t)c * model->features + encoder->at;
        float f = (float)(coefficient[c] * slope);
        for (size_t k = 0; k < encoder->features; k++)
            dz[k] += f * (z[k] - p[k]);
    }
}

/* One sample's terms: PCE with weight b, -H with weight g; returns their value. */
static double add_sample(const pmr_state *s, int e, int i, int label, double b,
                         double g, const float *z, float *dz)
{
    const float *pi = row_of(s, s->pi, e, i);
    double coefficient[MMOFL_MAX_CLASSES], entropy = 0;
    for (int c = 0; c < s->model->classes; c++)
        entropy -= pi[c] > 1e-30f ? (double)pi[c] * mmofl_ln((double)pi[c]) : 0;
    for (int c = 0; c < s->model->classes; c++) {
        double p = (double)pi[c], log_p = p > 1e-30 ? mmofl_ln(p) : 0;
        coefficient[c] =
            (b * ((c == label) - p) - g * p * (log_p + entropy)) / s->o.kappa;
    }
    add_distances(s, e, i, coefficient, z, dz);
    return b * -mmofl_ln(fmax((double)pi[label], 1e-30)) - g * entropy;
}

static void add_gradient(void *state, const mmofl_batch *batch, int from, int n,
                         mmofl_span z, mmofl_span dz, mmofl_method_loss *loss)
{
    pmr_state *s = state;
    (void)from, (void)n; /* whole batches only */
    if (!s->prototypes)
        return;
    score_modalities(s, batch, z);
    for (int e = 0; e < s->model->n_encoders; e++) {
        size_t at = s->model->encoder[e].at;
        double b = s->o.alpha * s->behind[e] / batch->n;
        double g =
            s->round <= (uint64_t)s->o.early ? s->o.mu * s->ahead[e] / batch->n : 0;
        for (int i = 0; i < batch->n && (b > 0 || g > 0); i++)
            if (takes_part(s, batch, e, i))
                loss->terms += add_sample(s, e, i, batch->label[i], b, g,
                                          z.at + (size_t)i * z.stride + at,
                                          dz.at + (size_t)i * dz.stride + at);
    }
}

const mmofl_method_kind mmofl_method_pmr = {
    .kind =
        {.name = "pmr",
         .help =
             "prototypical cross-entropy for weak modalities, early entropy for strong",
         .source = "PMR, Fan et al. 2023, arXiv 2211.07089",
         .options = options,
         .n_options = MMOFL_METHOD_COUNT_OF(options),
         .options_size = sizeof(pmr_options)},
    .prototypes = true,
    .whole_batches = true,
    .make = make,
    .begin_round = begin_round,
    .add_gradient = add_gradient};
