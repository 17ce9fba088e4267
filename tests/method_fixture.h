/* method_fixture.h - a toy problem for methods: linear encoders and a linear head, so
 * that features, logits and losses are a few lines of double precision. */
#ifndef MMOFL_TESTS_METHOD_FIXTURE_H
#define MMOFL_TESTS_METHOD_FIXTURE_H

#include "learn/method_instance.h"
#include "nn_fixture.h"

enum {
    TOY_M = 3,    /* modalities */
    TOY_WIDE = 4, /* values of each */
    TOY_K = 4,    /* classes */
    TOY_D = 10,   /* features: 3 + 2 + 5 */
    TOY_N = 14,   /* samples */
    TOY_W = TOY_D * (TOY_WIDE + 1) + TOY_K * (TOY_D + 1),
    TOY_HEAD = TOY_D * (TOY_WIDE + 1) /* first parameter of the head */
};

static const int toy_width[TOY_M] = {3, 2, 5};

typedef struct toy {
    fixture_spec spec;
    mmofl_model *model;
    mmofl_workspace *ws;
    float w[TOY_W], g[TOY_W];
    float x[TOY_N][TOY_M][TOY_WIDE];
    uint32_t mask[TOY_N];
    int32_t label[TOY_N];
    float mean[TOY_K * TOY_D];
    uint32_t seen[TOY_M * TOY_K];
    mmofl_prototypes prototypes;
    mmofl_batch batch;
} toy;

static inline void toy_fetch(void *context, int i, int modality, float *values)
{
    const toy *t = context;
    memcpy(values, t->x[i][modality], sizeof t->x[i][modality]);
}

/** Samples with every combination of modalities; all prototypes exist but that of
 * modality 1 and class 3; capacity: how many samples go through in one piece. */
static inline void toy_new(toy *t, int capacity)
{
    *t = (toy){0};
    static const char *const names[TOY_M] = {"a", "b", "c"};
    for (int m = 0; m < TOY_M; m++) {
        char layers[32];
        snprintf(layers, sizeof layers, "linear out=%d", toy_width[m]);
        fixture_add(&t->spec, names[m], (mmofl_shape){1, {TOY_WIDE}}, layers);
    }
    fixture_head(&t->spec, "linear out=4");
    t->model = fixture_model(&t->spec, TOY_K, NULL);
    CHECK_INT(t->model->n_parameters, TOY_W);
    CHECK_OK(mmofl_workspace_new(t->model, capacity, true, 0, &t->ws));
    mmofl_model_init(t->model, 9, t->w);
    fixture_fill(&t->x[0][0][0], sizeof t->x / sizeof(float), 21);
    fixture_fill(t->mean, TOY_K * TOY_D, 22);
    for (int i = 0; i < TOY_N; i++) {
        t->mask[i] = 1 + (uint32_t)i % 7;
        t->label[i] = i * 5 % TOY_K;
    }
    for (int p = 0; p < TOY_M * TOY_K; p++)
        t->seen[p] = p != TOY_K + 3;
    t->prototypes = (mmofl_prototypes){t->mean, t->seen};
    t->batch = (mmofl_batch){.n = TOY_N,
                             .mask = t->mask,
                             .label = t->label,
                             .fetch = toy_fetch,
                             .context = t};
}

static inline void toy_delete(toy *t)
{
    mmofl_workspace_delete(t->ws);
    mmofl_model_delete(t->model);
}

static inline bool toy_has(const toy *t, int i, int m)
{
    return t->mask[i] >> m & 1;
}

static inline size_t toy_at(int m)
{
    size_t at = 0;
    while (m-- > 0)
        at += (size_t)toy_width[m];
    return at;
}

/* y = x W + b, W (n_in, n_out) and b behind it. */
static inline void toy_linear(const double *w, const double *x, int n_in, int n_out,
                              double *y)
{
    for (int o = 0; o < n_out; o++) {
        y[o] = w[n_in * n_out + o];
        for (int j = 0; j < n_in; j++)
            y[o] += x[j] * w[j * n_out + o];
    }
}

/** Features of sample i at parameters w; zeros for what it lacks. */
static inline void toy_features(const toy *t, const double *w, int i, double *z)
{
    memset(z, 0, TOY_D * sizeof *z);
    for (int m = 0; m < TOY_M; m++) {
        double x[TOY_WIDE];
        fixture_widen(t->x[i][m], x, TOY_WIDE);
        if (toy_has(t, i, m))
            toy_linear(w + toy_at(m) * (TOY_WIDE + 1), x, TOY_WIDE, toy_width[m],
                       z + toy_at(m));
    }
}

/** softmax(scores)[label], over those that exist. */
static inline double toy_softmax(const double *score, const bool *exists, int n,
                                 int label)
{
    double largest = -HUGE_VAL, sum = 0;
    for (int c = 0; c < n; c++)
        if (!exists || exists[c])
            largest = fmax(largest, score[c]);
    for (int c = 0; c < n; c++)
        if (!exists || exists[c])
            sum += exp(score[c] - largest);
    return exp(score[label] - largest) / sum;
}

/** Cross-entropy of the head on features z. */
static inline double toy_head_loss(const double *w, const double *z, int label)
{
    double logit[TOY_K];
    toy_linear(w + TOY_HEAD, z, TOY_D, TOY_K, logit);
    return -log(toy_softmax(logit, NULL, TOY_K, label));
}

/** A loss at parameters (or features) v. */
typedef double toy_loss(const toy *t, void *context, const double *v);

/** wanted[i] = d loss / d v[i] by central differences. */
static inline void toy_differences(const toy *t, toy_loss *loss, void *context,
                                   double *v, size_t n, double *wanted)
{
    for (size_t i = 0; i < n; i++) {
        const double h = 1e-5, was = v[i];
        v[i] = was + h;
        double above = loss(t, context, v);
        v[i] = was - h;
        double below = loss(t, context, v);
        v[i] = was;
        wanted[i] = (above - below) / (2 * h);
    }
}

/* ---------------------------------------------------------------- a method's step */

/** A method at work on a toy. */
typedef struct toy_method {
    mmofl_pick pick;
    mmofl_arena arena;
    mmofl_method_instance instance;
} toy_method;

static inline void toy_method_new(const toy *t, const char *text, toy_method *m)
{
    *m = (toy_method){.pick = fixture_pick(mmofl_method_kinds(), text)};
    CHECK_OK(
        mmofl_method_instance_init(&m->instance, &m->pick, t->model, TOY_N, &m->arena));
}

static inline void toy_method_delete(toy_method *m)
{
    mmofl_method_instance_drop(&m->instance);
    mmofl_arena_free(&m->arena);
}

static inline mmofl_method_round toy_round(const toy *t, uint64_t round)
{
    return (mmofl_method_round){.seed = 3,
                                .device = 4,
                                .round = round,
                                .prototypes = &t->prototypes,
                                .mask = t->mask,
                                .n = TOY_N};
}

/** The gradient of one batch in t->g; returns cross-entropy and further terms. */
static inline double toy_step(toy *t, toy_method *m, uint64_t round)
{
    mmofl_method_round begin = toy_round(t, round);
    mmofl_batch batch = t->batch;
    mmofl_method_instance_begin(&m->instance, &begin);
    mmofl_method_instance_train(&m->instance, &batch);
    double loss =
        mmofl_model_gradient(t->model, t->ws, t->w, &batch, NULL, t->g).loss_sum /
        TOY_N;
    mmofl_gradient g = {.at = t->g, .n = t->model->n_parameters};
    return loss + mmofl_method_instance_end(&m->instance, &batch, t->w, &g);
}

/** The same for a method by its text, with state of its own. */
static inline double toy_gradient(toy *t, const char *method, uint64_t round)
{
    toy_method m;
    toy_method_new(t, method, &m);
    double loss = toy_step(t, &m, round);
    toy_method_delete(&m);
    return loss;
}

#endif
