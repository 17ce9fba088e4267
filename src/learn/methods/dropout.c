/* dropout.c - in training whole modalities are dropped at random, so that the head
 * learns to do without any of them.  A sample keeps at least one. */
#include "base/rng.h"
#include "learn/methods/methods.h"

typedef struct dropout_options {
    double p;
} dropout_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(dropout_options, p, 0, 0.99, "0.2",
                      "probability that a recorded modality is dropped"),
};

typedef struct dropout_state {
    const mmofl_model *model;
    double p;
    uint32_t *mask; /* (batch) */
    mmofl_rng rng;  /* of the round */
} dropout_state;

static void *make(const mmofl_method_setup *setup)
{
    dropout_state *s = MMOFL_ARENA_NEW(setup->arena, 1, dropout_state);
    uint32_t *mask = MMOFL_ARENA_NEW(setup->arena, (size_t)setup->batch, uint32_t);
    if (!s || !mask)
        return NULL;
    s->model = setup->model;
    s->p = ((const dropout_options *)setup->options)->p;
    s->mask = mask;
    return s;
}

static void begin_round(void *state, const mmofl_method_round *round)
{
    dropout_state *s = state;
    s->rng = mmofl_rng_open(round->seed, round->device, round->round,
                            MMOFL_USE_MODALITY_DROPOUT);
}

/* Drop each recorded modality with probability p; a sample that would lose the last one
 * keeps one of those it had, drawn uniformly. */
static uint32_t drop(dropout_state *s, uint32_t mask)
{
    uint32_t kept = mask, recorded[32], used = 0;
    int n = 0;
    for (int e = 0; e < s->model->n_encoders; e++) {
        uint32_t bit = UINT32_C(1) << s->model->encoder[e].modality;
        if (!(mask & bit))
            continue;
        recorded[n++] = bit;
        used |= bit;
        if (mmofl_rng_uniform(&s->rng) < s->p)
            kept &= ~bit;
    }
    if ((kept & used) == 0 && n > 0)
        kept |= recorded[mmofl_rng_below(&s->rng, (uint64_t)n)];
    return kept;
}

static void begin_batch(void *state, mmofl_batch *batch)
{
    dropout_state *s = state;
    for (int i = 0; i < batch->n; i++)
        s->mask[i] = drop(s, batch->mask[i]);
    batch->mask = s->mask;
}

const mmofl_method_kind mmofl_method_dropout = {
    .kind = {.name = "dropout",
             .help = "pm, and whole modalities dropped at random in training",
             .source = "ModDrop, Neverova et al. 2015",
             .options = options,
             .n_options = MMOFL_METHOD_COUNT_OF(options),
             .options_size = sizeof(dropout_options)},
    .make = make,
    .begin_round = begin_round,
    .begin_batch = begin_batch};
