/* ogm_ge.c - on-the-fly gradient modulation with generalisation enhancement.
 *
 * How well does each modality do alone?  s_m = mean over its recorded samples of
 * softmax(head(z with all other slots zero))[y]; ratio_m = s_m / mean of the others.
 * The encoder of a modality ahead of the others (ratio > 1) has its gradient times
 * 1 - tanh(a * ratio) = 2 / (e^(2 a ratio) + 1), and Gaussian noise of each tensor's
 * own gradient spread is added.  The original scores a linear head by its columns; zero
 * slots are the same thing for any head (our reconstruction). */
#include <math.h>
#include <string.h>

#include "base/elementary.h"
#include "base/rng.h"
#include "learn/methods/methods.h"

typedef struct ogm_options {
    double a;
    bool noise;
} ogm_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(ogm_options, a, 0, 100, "0.3", "strength of the modulation"),
    MMOFL_BOOL_OPTION(ogm_options, noise, "true",
                      "add noise of the gradient's spread (GE)"),
};

typedef struct ogm_state {
    const mmofl_model *model;
    ogm_options o;
    mmofl_head_pass *head;
    float *features;         /* (batch, D) of the current batch */
    float *softmax, *weight; /* (batch, K), (batch) */
    double *score;           /* (M) */
    mmofl_rng noise;         /* of the round */
} ogm_state;

static void *make(const mmofl_method_setup *setup)
{
    ogm_state *s = MMOFL_ARENA_NEW(setup->arena, 1, ogm_state);
    if (!s)
        return NULL;
    size_t batch = (size_t)setup->batch, encoders = (size_t)setup->model->n_encoders;
    s->model = setup->model;
    s->o = *(const ogm_options *)setup->options;
    s->features = MMOFL_ARENA_NEW(setup->arena, batch * setup->model->features, float);
    s->softmax =
        MMOFL_ARENA_NEW(setup->arena, batch * (size_t)setup->model->classes, float);
    s->weight = MMOFL_ARENA_NEW(setup->arena, batch, float);
    s->score = MMOFL_ARENA_NEW(setup->arena, encoders, double);
    if (!s->features || !s->softmax || !s->weight || !s->score)
        return NULL;
    if (setup->batch > 0 &&
        mmofl_head_pass_new(setup->model, setup->batch, 0, &s->head))
        return NULL;
    return s;
}

static void drop(void *state)
{
    mmofl_head_pass_delete(((ogm_state *)state)->head);
}

static void begin_round(void *state, const mmofl_method_round *round)
{
    ogm_state *s = state;
    s->noise = mmofl_rng_open(round->seed, round->device, round->round,
                              MMOFL_USE_GRADIENT_NOISE);
}

/* Keep the features: the whole batch is scored once all its pieces have passed. */
static void add_gradient(void *state, const mmofl_batch *batch, int from, int n,
                         mmofl_span z, mmofl_span dz, mmofl_method_loss *loss)
{
    (void)batch, (void)dz, (void)loss;
    const ogm_state *s = state;
    size_t d = s->model->features;
    for (int i = 0; i < n; i++)
        memcpy(s->features + (size_t)(from + i) * d, z.at + (size_t)i * z.stride,
               d * sizeof(float));
}

/* s_m; NaN when no sample of the batch has the modality. */
static double score_alone(ogm_state *s, int e, const mmofl_batch *batch, const float *w)
{
    const mmofl_encoder *encoder = &s->model->encoder[e];
    mmofl_span z = mmofl_head_pass_features(s->head);
    for (int i = 0; i < batch->n; i++) {
        float *zi = z.at + (size_t)i * z.stride;
        memset(zi, 0, s->model->features * sizeof *zi);
        memcpy(zi + encoder->at,
               s->features + (size_t)i * s->model->features + encoder->at,
               encoder->features * sizeof *zi);
        s->weight[i] = 0;
    }
    mmofl_head_pass_run(s->head, w, batch->n, batch->label, s->weight, s->softmax,
                        NULL);
    double sum = 0;
    int n = 0;
    for (int i = 0; i < batch->n; i++) {
        if (!mmofl_recorded(s->model, batch->mask[i], e))
            continue;
        sum += (double)s->softmax[i * s->model->classes + batch->label[i]];
        n++;
    }
    return n ? sum / n : (double)NAN;
}

/* How far ahead of the mean of the others is modality e?  1 when there is nothing to
 * compare. */
static double ratio_of(const ogm_state *s, int e)
{
    double others = 0;
    int n = 0;
    for (int j = 0; j < s->model->n_encoders; j++) {
        if (j == e || isnan(s->score[j]))
            continue;
        others += s->score[j];
        n++;
    }
    return n && others > 0 && !isnan(s->score[e]) ? s->score[e] / (others / n) : 1;
}

/* Scale one tensor's gradient and add noise of its (unscaled) spread. */
static void modulate(ogm_state *s, float *g, size_t n, float factor)
{
    double mean = 0, squares = 0;
    for (size_t k = 0; k < n; k++)
        mean += (double)g[k];
    mean /= (double)n;
    for (size_t k = 0; k < n; k++)
        squares += ((double)g[k] - mean) * ((double)g[k] - mean);
    double spread = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
    for (size_t k = 0; k < n; k++) {
        double noise = s->o.noise ? spread * mmofl_rng_normal(&s->noise) : 0;
        g[k] = factor * g[k] + (float)noise;
    }
}

/* Noise goes everywhere, into rows of an embedding that no sample touched, too. */
static void end_batch(void *state, const mmofl_batch *batch, const float *w,
                      mmofl_gradient *g, mmofl_method_loss *loss)
{
    (void)loss;
    ogm_state *s = state;
    for (int e = 0; e < s->model->n_encoders; e++)
        s->score[e] = score_alone(s, e, batch, w);
    for (int e = 0; e < s->model->n_encoders; e++) {
        double ratio = ratio_of(s, e);
        if (ratio <= 1)
            continue;
        float factor = (float)(2 / (mmofl_exp(fmin(2 * s->o.a * ratio, 700)) + 1));
        const mmofl_chain *chain = &s->model->encoder[e].chain;
        for (int l = 0; l < chain->n; l++)
            for (int t = 0; t < chain->layer[l].n_tensors; t++) {
                size_t at = chain->layer[l].tensor[t].offset;
                size_t end = t + 1 < chain->layer[l].n_tensors
                                 ? chain->layer[l].tensor[t + 1].offset
                                 : chain->layer[l].n_parameters;
                modulate(s, mmofl_gradient_all(g) + chain->parameters[l] + at, end - at,
                         factor);
            }
    }
}

const mmofl_method_kind mmofl_method_ogm_ge = {
    .kind = {.name = "ogm-ge",
             .help = "gradient of the stronger modality scaled down, plus noise",
             .source = "OGM-GE, Peng et al. 2022",
             .options = options,
             .n_options = MMOFL_METHOD_COUNT_OF(options),
             .options_size = sizeof(ogm_options)},
    .make = make,
    .drop = drop,
    .begin_round = begin_round,
    .add_gradient = add_gradient,
    .end_batch = end_batch};
