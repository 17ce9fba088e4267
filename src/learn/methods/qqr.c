/* qqr.c - QQR: modality quantity and quality rebalanced by prototypes; our
 * reconstruction of arXiv 2508.11159 (METHOD.md section 6 gives its definition and what
 * to expect of it).
 *
 *   L = CE + alpha PCE + lambda Pull + gamma (1/n) sum_j w_j CE(head(z~_j), y~_j)
 *
 * Quantity.  (A1) The gradient of encoder m is multiplied by r = min(N / N^m, r_cap), N
 * and N^m the samples held and those of them that have m.  (A2) Prototype replay: each
 * batch of n is joined by n pseudo samples (replay.h); only the head gets their
 * gradient.  Quality.  (B1) PCE and (B2) pull of every recorded feature
 * (prototype_terms.h).
 *
 * No label and no prototype enters the forward pass, in training or at test, but for
 * `substitute`, an ablation: PMM's substitution by the label, in training. */
#include <string.h>

#include "learn/methods/methods.h"
#include "learn/prototype_terms.h"
#include "learn/replay.h"

typedef struct qqr_options {
    mmofl_prototype_options prototypes;
    double alpha, kappa, lambda, gamma, p_mask, r_cap;
    bool substitute;
} qqr_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(qqr_options, alpha, 0, 1000, "1.0",
                      "weight of the prototypical cross-entropy; 0 = off"),
    MMOFL_REAL_OPTION(qqr_options, kappa, MMOFL_POSITIVE, 1000, "0.2",
                      "its temperature: cosines are divided by it"),
    MMOFL_REAL_OPTION(qqr_options, lambda, 0, 1000, "1.0",
                      "weight of the pull to the prototype; 0 = off"),
    MMOFL_REAL_OPTION(qqr_options, gamma, 0, 1000, "1.0",
                      "weight of prototype replay in the head; 0 = off"),
    MMOFL_REAL_OPTION(qqr_options, p_mask, 0, 1, "0.5",
                      "probability that a replayed sample lacks one modality"),
    MMOFL_REAL_OPTION(qqr_options, r_cap, 1, 1000, "4",
                      "largest factor on the gradient of a rare modality; 1 = off"),
    MMOFL_BOOL_OPTION(qqr_options, substitute, "false",
                      "ablation: missing slots hold the label's prototype, as in pmm"),
    MMOFL_PROTOTYPE_OPTIONS("exponential", "samples"),
};

typedef struct qqr_state {
    const mmofl_model *model;
    qqr_options o;
    mmofl_prototype_terms terms;
    mmofl_head_pass *head; /* NULL at test time */
    float *rarity;         /* (M) r */
    int32_t *label;        /* (batch) of the pseudo samples */
    float *weight;         /* (batch) */
    int *row;              /* (K, M + 1) see replay */
    const mmofl_prototypes *prototypes;
    mmofl_rng replay; /* of the round */
} qqr_state;

/* Pseudo samples that differ: of each class, complete or without one modality. */
static size_t kinds_of_samples(const mmofl_model *model)
{
    return (size_t)model->classes * ((size_t)model->n_encoders + 1);
}

static void *make(const mmofl_method_setup *setup)
{
    qqr_state *s = MMOFL_ARENA_NEW(setup->arena, 1, qqr_state);
    if (!s)
        return NULL;
    s->model = setup->model;
    s->o = *(const qqr_options *)setup->options;
    s->rarity = MMOFL_ARENA_NEW(setup->arena, (size_t)setup->model->n_encoders, float);
    s->label = MMOFL_ARENA_NEW(setup->arena, (size_t)setup->batch, int32_t);
    s->weight = MMOFL_ARENA_NEW(setup->arena, (size_t)setup->batch, float);
    s->row = MMOFL_ARENA_NEW(setup->arena, kinds_of_samples(setup->model), int);
    if (!s->rarity || !s->label || !s->weight || !s->row ||
        mmofl_prototype_terms_init(&s->terms, setup->model, setup->batch, setup->arena))
        return NULL;
    if (setup->batch > 0 && s->o.gamma > 0 &&
        mmofl_head_pass_new(setup->model, setup->batch, 0, &s->head))
        return NULL;
    return s;
}

static void drop(void *state)
{
    mmofl_head_pass_delete(((qqr_state *)state)->head);
}

/* (A1) how rare is each modality among the samples held? */
static void measure_rarity(qqr_state *s, const mmofl_method_round *round)
{
    for (int e = 0; e < s->model->n_encoders; e++) {
        int recorded = 0;
        for (int i = 0; i < round->n; i++)
            recorded += mmofl_recorded(s->model, round->mask[i], e);
        double r = recorded ? (double)round->n / recorded : 1;
        s->rarity[e] = (float)(r < s->o.r_cap ? r : s->o.r_cap);
    }
}

static void begin_round(void *state, const mmofl_method_round *round)
{
    qqr_state *s = state;
    s->prototypes = round->prototypes;
    if (!round->mask)
        return; /* a test */
    mmofl_prototype_terms_begin(&s->terms, round->prototypes);
    measure_rarity(s, round);
    s->replay = mmofl_replay_open(round->seed, round->device, round->round);
}

static void fuse(void *state, const mmofl_batch *batch, int from, int n, mmofl_span z)
{
    const qqr_state *s = state;
    if (s->o.substitute)
        mmofl_prototypes_substitute(s->prototypes, s->model, batch, from, n, z);
}

static void add_gradient(void *state, const mmofl_batch *batch, int from, int n,
                         mmofl_span z, mmofl_span dz, mmofl_method_loss *loss)
{
    const qqr_state *s = state;
    if (s->o.alpha > 0)
        loss->terms += mmofl_prototype_pce(&s->terms, batch, from, n, s->o.alpha,
                                           s->o.kappa, z, dz);
    if (s->o.lambda > 0)
        loss->terms +=
            mmofl_prototype_pull(&s->terms, batch, from, n, s->o.lambda, z, dz);
}

/* (A2) as many pseudo samples as the batch has; returns their part of the loss.  Of
 * equal ones the head sees one, which weighs as much as all of them. */
static double replay(qqr_state *s, int n, const float *w, float *g)
{
    const mmofl_model *model = s->model;
    mmofl_span z = mmofl_head_pass_features(s->head);
    int rows = 0;
    memset(s->row, 0, kinds_of_samples(model) * sizeof *s->row);
    for (int i = 0; i < n; i++) {
        mmofl_replayed sample =
            mmofl_replay_draw(&s->replay, model, s->prototypes, s->o.p_mask);
        if (sample.weight == 0)
            continue;
        int *row = &s->row[sample.label * (model->n_encoders + 1) + sample.lost + 1];
        if (*row == 0) { /* rows count from 1 here */
            mmofl_replay_features(&sample, model, s->prototypes,
                                  z.at + (size_t)rows * z.stride);
            s->label[rows] = sample.label;
            s->weight[rows] = 0;
            *row = ++rows;
        }
        s->weight[*row - 1] += (float)(s->o.gamma / n);
    }
    return rows ? mmofl_head_pass_run(s->head, w, rows, s->label, s->weight, NULL, g)
                : 0;
}

static void end_batch(void *state, const mmofl_batch *batch, const float *w,
                      mmofl_gradient *g, mmofl_method_loss *loss)
{
    qqr_state *s = state;
    for (int e = 0; e < s->model->n_encoders; e++) {
        const mmofl_encoder *encoder = &s->model->encoder[e];
        if (s->rarity[e] != 1)
            mmofl_gradient_scale(g, encoder->first_parameter, encoder->n_parameters,
                                 s->rarity[e]);
    }
    if (s->head && s->prototypes)
        loss->terms += replay(s, batch->n, w, g->at);
}

const mmofl_method_kind mmofl_method_qqr = {
    .kind = {.name = "qqr",
             .help = "quantity and quality of modalities rebalanced by prototypes",
             .source = "QQR, arXiv 2508.11159; our reconstruction",
             .options = options,
             .n_options = MMOFL_METHOD_COUNT_OF(options),
             .options_size = sizeof(qqr_options)},
    .prototypes = true,
    .make = make,
    .drop = drop,
    .begin_round = begin_round,
    .fuse = fuse,
    .add_gradient = add_gradient,
    .end_batch = end_batch};
