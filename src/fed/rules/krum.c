/* krum.c - the model that has the closest neighbours, or the mean of the `multi` best.
 *
 * A model's score is the sum of its squared distances to the P - f - 2 models nearest
 * to it, of P in the round and f that may be of ill will; 2f + 2 < P is what the proof
 * needs.  When fewer answer than were asked, the formula is used as far as it goes,
 * with at least one neighbour.  Equal scores: the lower device number is taken;
 * distances are sorted before they are added, so nothing depends on the order of the
 * updates. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fed/kept_updates.h"
#include "fed/rules/rules.h"

typedef struct krum_options {
    int byzantine, multi;
} krum_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(krum_options, byzantine, 0, INT_MAX / 4, "1",
                     "f: how many devices of a round may be of ill will"),
    MMOFL_INT_OPTION(krum_options, multi, 1, INT_MAX / 4, "1",
                     "how many of the best models are averaged"),
};

typedef struct candidate {
    double score;
    uint64_t device;
    uint32_t row;
} candidate;

typedef struct krum {
    mmofl_kept_updates kept;
    krum_options options;
    double *distance;     /* squared, of the pairs (a, b < a): a (a - 1) / 2 + b */
    double *near;         /* (participants) scratch */
    candidate *candidate; /* (participants) */
} krum;

static mmofl_status check(const mmofl_aggregation_setup *setup, mmofl_error *err)
{
    const krum_options *o = setup->options;
    long long p = setup->participants, f = o->byzantine;
    if (setup->by_modality)
        return mmofl_fail(
            err, MMOFL_E_INFEASIBLE,
            "aggregation krum picks whole models, and the method averages "
            "each encoder with weights of its own: wanted another rule");
    if (p < 2 * f + 3)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "aggregation krum with byzantine %d: wanted at least %lld "
                          "participants in a round, there are %lld",
                          o->byzantine, 2 * f + 3, p);
    if (o->multi > p - f - 2)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "aggregation krum with multi %d: wanted at most %lld "
                          "(participants - byzantine - 2)",
                          o->multi, p - f - 2);
    return MMOFL_OK;
}

/* Pairs among p models. */
static size_t pairs_of(size_t p)
{
    return p > 0 ? p * (p - 1) / 2 : 0;
}

static void *make(const mmofl_aggregation_setup *setup)
{
    size_t p = setup->participants;
    krum *s = MMOFL_ARENA_NEW(setup->arena, 1, krum);
    if (!s || mmofl_kept_updates_init(&s->kept, setup))
        return NULL;
    s->options = *(const krum_options *)setup->options;
    s->distance = MMOFL_ARENA_NEW(setup->arena, pairs_of(p), double);
    s->near = MMOFL_ARENA_NEW(setup->arena, p, double);
    s->candidate = MMOFL_ARENA_NEW(setup->arena, p, candidate);
    return s->distance && s->near && s->candidate ? s : NULL;
}

static void begin(void *state, const float *parameters)
{
    (void)parameters;
    ((krum *)state)->kept.updates = 0;
}

static mmofl_status add(void *state, const mmofl_update *update)
{
    return mmofl_kept_updates_add(&((krum *)state)->kept, update);
}

static double squared_distance(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i];
        sum += d * d;
    }
    return sum;
}

/* Distances between all models; each rank does a block of the pairs. */
static void measure(krum *s)
{
    mmofl_kept_updates *kept = &s->kept;
    const mmofl_ranks *ranks = kept->ranks;
    mmofl_ranks_split(ranks, pairs_of(kept->updates), kept->start);
    size_t pair = 0, from = kept->start[ranks->rank], to = kept->start[ranks->rank + 1];
    for (uint32_t a = 0; a < kept->updates; a++)
        for (uint32_t b = 0; b < a; b++, pair++)
            if (pair >= from && pair < to)
                s->distance[pair] = squared_distance(
                    mmofl_kept_model(kept, a), mmofl_kept_model(kept, b), kept->n);
    mmofl_ranks_gather(ranks, sizeof *s->distance, kept->start, s->distance + from,
                       s->distance);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int by_score(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return (x->device > y->device) - (x->device < y->device);
}

static double score(krum *s, uint32_t row)
{
    uint32_t p = s->kept.updates, n = 0;
    int64_t wanted = (int64_t)p - s->options.byzantine - 2;
    for (uint32_t other = 0; other < p; other++)
        if (other != row)
            s->near[n++] = s->distance[other < row ? pairs_of(row) + other
                                                   : pairs_of(other) + row];
    qsort(s->near, n, sizeof *s->near, by_size);
    double sum = 0;
    for (uint32_t k = 0; k < n && (k == 0 || k < wanted); k++)
        sum += s->near[k];
    return sum;
}

/* All candidates, best first. */
static void rank(krum *s)
{
    uint32_t p = s->kept.updates;
    measure(s);
    for (uint32_t row = 0; row < p; row++)
        s->candidate[row] = (candidate){score(s, row), s->kept.device[row], row};
    qsort(s->candidate, p, sizeof *s->candidate, by_score);
}

/* The mean is taken in the order of the scores. */
static void finish(void *state, float *parameters)
{
    krum *s = state;
    uint32_t p = s->kept.updates, multi = (uint32_t)s->options.multi;
    if (p == 0)
        return;
    rank(s);
    uint32_t chosen = multi < p ? multi : p;
    for (size_t i = 0; i < s->kept.n; i++) {
        double sum = 0;
        for (uint32_t k = 0; k < chosen; k++)
            sum += (double)mmofl_kept_model(&s->kept, s->candidate[k].row)[i];
        parameters[i] = (float)(sum / chosen);
    }
}

const mmofl_aggregation_kind mmofl_rule_krum = {
    .kind = {.name = "krum",
             .help = "the model with the nearest neighbours, or the mean of the best; "
                     "keeps all models of a round",
             .source = "Blanchard et al. 2017; limit of multi: El Mhamdi et al. 2018",
             .options = options,
             .n_options = MMOFL_RULE_COUNT_OF(options),
             .options_size = sizeof(krum_options)},
    .keeps_updates = true,
    .check = check,
    .make = make,
    .begin = begin,
    .add = add,
    .merge = mmofl_kept_updates_merge,
    .finish = finish,
};
