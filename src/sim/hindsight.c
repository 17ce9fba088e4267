/* hindsight.c - the list of all arrivals, and passes over it.
 *
 * An arrival is what one device gets in one round.  Losses are kept by arrival and
 * added in their order; gradients are added within a block of arrivals and then block
 * by block, because one vector for each arrival would be too much memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fed/participation.h"
#include "sim/fleet_parts.h"
#include "sim/hindsight.h"
#include "sim/sample_cache.h"

enum { BLOCKS = 16 };
static const size_t cache_bytes = (size_t)256 << 20; /* more samples are made anew */

typedef struct arrival {
    uint32_t round, device;
    double weight; /* 1 / devices that get something in the round */
    size_t first;  /* number of its first sample, over all arrivals */
} arrival;

/* Working memory of one thread. */
typedef struct side {
    mmofl_holding holding;
    mmofl_sample_view view;
    mmofl_workspace *workspace;
    float *gradient; /* (n_parameters) of one arrival */
    size_t features; /* of z */
    double norms;    /* sum of |(z, 1)| over its samples */
} side;

struct mmofl_hindsight {
    mmofl_arena arena;
    mmofl_hindsight_setup setup;
    const mmofl_model *model;
    mmofl_holding_source source;
    size_t n;
    arrival *arrival; /* (n) by round, then device */
    size_t *start;    /* (T + 1) first arrival of round t at [t - 1] */
    size_t samples;   /* of all arrivals */
    mmofl_sample_cache cache;
    double *loss;  /* (n) of the current pass */
    double *block; /* (BLOCKS, n_parameters) sums of gradients */
    int n_threads;
    side *side;
};

/* ---- making the list ---- */

static int fresh_of(const mmofl_holding_source *source, uint32_t device, int round)
{
    const size_t *start = source->partition->start;
    size_t n = start[device + 1] - start[device];
    return n ? mmofl_stream_window(source->stream, n, (uint64_t)round).fresh : 0;
}

/* The arrivals of one round behind those there are. */
static void list_round(mmofl_hindsight *h, int round, const uint32_t *participants,
                       uint32_t n)
{
    size_t first = h->n;
    for (uint32_t i = 0; i < n; i++) {
        int fresh = fresh_of(&h->source, participants[i], round);
        if (fresh == 0)
            continue;
        h->arrival[h->n++] = (arrival){(uint32_t)round, participants[i], 0, h->samples};
        h->samples += (size_t)fresh;
    }
    for (size_t i = first; i < h->n; i++)
        h->arrival[i].weight = 1 / (double)(h->n - first);
}

static mmofl_status list_arrivals(mmofl_hindsight *h)
{
    const mmofl_simulation_setup *u = &h->setup.fleet->setup;
    uint32_t devices = (uint32_t)u->devices,
             n = mmofl_participants_wanted(u->participation, devices);
    size_t rounds = (size_t)h->setup.rounds;
    if (n > 0 && rounds > SIZE_MAX / n)
        return MMOFL_E_MEMORY;
    h->arrival = MMOFL_ARENA_NEW(&h->arena, rounds * n, arrival);
    h->start = MMOFL_ARENA_NEW(&h->arena, rounds + 1, size_t);
    mmofl_participation who;
    if (!h->arrival || !h->start ||
        mmofl_participation_init(&who, u->seed, devices, n, &h->arena))
        return MMOFL_E_MEMORY;
    for (size_t t = 1; t <= rounds; t++) {
        mmofl_participation_draw(&who, t);
        list_round(h, (int)t, who.device, n);
        h->start[t] = h->n;
    }
    return MMOFL_OK;
}

/* One arrival's samples into the cache. */
static void keep_arrival(void *context, size_t item, int thread)
{
    mmofl_hindsight *h = context;
    const arrival *a = &h->arrival[item];
    mmofl_holding *holding = &h->side[thread].holding;
    mmofl_holding_look(holding, a->device, a->round);
    mmofl_sample_cache_fill(&h->cache, a->first, holding);
}

static mmofl_status keep_samples(mmofl_hindsight *h)
{
    size_t limit = h->setup.cache_limit ? h->setup.cache_limit : cache_bytes;
    mmofl_status st =
        mmofl_sample_cache_init(&h->cache, h->model, h->samples, limit, &h->arena);
    if (!st && h->cache.values)
        mmofl_pool_run(h->setup.fleet->setup.pool, h->n, keep_arrival, h);
    return st;
}

static mmofl_status make(mmofl_hindsight *h)
{
    const mmofl_simulation *fleet = h->setup.fleet;
    size_t n = h->model->n_parameters;
    h->source = fleet->source;
    if (h->setup.undisturbed)
        h->source.imbalance = NULL;
    mmofl_status st = list_arrivals(h);
    if (st)
        return st;
    int threads = mmofl_pool_threads(fleet->setup.pool);
    h->loss = MMOFL_ARENA_NEW(&h->arena, h->n, double);
    h->block = MMOFL_ARENA_NEW(&h->arena, BLOCKS * n, double);
    h->side = MMOFL_ARENA_NEW(&h->arena, (size_t)threads, side);
    if (!h->loss || !h->block || !h->side)
        return MMOFL_E_MEMORY;
    int piece = mmofl_model_piece(h->model, fleet->setup.stream->buffer);
    for (; h->n_threads < threads; h->n_threads++) {
        side *s = &h->side[h->n_threads];
        s->features = h->model->features;
        s->gradient = MMOFL_ARENA_NEW(&h->arena, n, float);
        if (!s->gradient)
            return MMOFL_E_MEMORY;
        st = mmofl_holding_init(&s->holding, &h->source, &h->arena);
        if (!st)
            st = mmofl_workspace_new(h->model, piece, true, h->setup.fail_after,
                                     &s->workspace);
        if (st)
            return st;
    }
    return keep_samples(h);
}

mmofl_status mmofl_hindsight_new(const mmofl_hindsight_setup *setup,
                                 mmofl_hindsight **out, mmofl_error *err)
{
    mmofl_hindsight *h = calloc(1, sizeof *h);
    if (!h)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the hindsight");
    h->setup = *setup;
    h->arena.fail_after = setup->fail_after;
    h->model = setup->fleet->model;
    mmofl_status st = make(h);
    if (st)
        st = mmofl_fail(err, st, "no memory for the hindsight");
    else if (h->n == 0)
        st = mmofl_fail(err, MMOFL_E_MISSING,
                        "no sample arrives in %d rounds: there is no regret",
                        setup->rounds);
    if (st)
        mmofl_hindsight_delete(h);
    else
        *out = h;
    return st;
}

void mmofl_hindsight_delete(mmofl_hindsight *h)
{
    if (!h)
        return;
    for (int t = 0; t < h->n_threads; t++)
        mmofl_workspace_delete(h->side[t].workspace);
    mmofl_arena_free(&h->arena);
    free(h);
}

int mmofl_hindsight_rounds(const mmofl_hindsight *h)
{
    int rounds = 0;
    for (int t = 0; t < h->setup.rounds; t++)
        rounds += h->start[t + 1] > h->start[t];
    return rounds;
}

/* ---- passes ---- */

/* Sample i of the new ones, which are the last ones that the device holds. */
static void fetch_fresh(void *context, int i, int m, float *values)
{
    const mmofl_holding *holding = context;
    mmofl_holding_values(holding, holding->window.held - holding->window.fresh + i, m,
                         UINT32_MAX, values);
}

/* The samples of an arrival. */
static mmofl_batch look_at(const mmofl_hindsight *h, side *s, const arrival *a)
{
    mmofl_batch batch;
    if (h->cache.values) {
        size_t next = a + 1 < h->arrival + h->n ? a[1].first : h->samples;
        batch = mmofl_sample_cache_batch(&h->cache, a->first, (int)(next - a->first),
                                         &s->view);
    } else {
        mmofl_holding_look(&s->holding, a->device, a->round);
        mmofl_window window = s->holding.window;
        int old = window.held - window.fresh;
        batch = (mmofl_batch){.n = window.fresh,
                              .mask = s->holding.mask + old,
                              .label = s->holding.label + old,
                              .fetch = fetch_fresh,
                              .context = &s->holding};
    }
    batch.zeros = h->setup.zeros;
    return batch;
}

/* What the tasks of a pass share. */
typedef struct pass {
    mmofl_hindsight *h;
    const float *parameters;
    size_t first; /* arrival of item 0 */
} pass;

static void add_block(void *context, size_t block, int thread)
{
    const pass *p = context;
    mmofl_hindsight *h = p->h;
    side *s = &h->side[thread];
    size_t n = h->model->n_parameters;
    double *sum = h->block + block * n;
    memset(sum, 0, n * sizeof *sum);
    for (size_t i = block * h->n / BLOCKS; i < (block + 1) * h->n / BLOCKS; i++) {
        const arrival *a = &h->arrival[i];
        mmofl_batch batch = look_at(h, s, a);
        mmofl_pass_result result = mmofl_model_gradient(
            h->model, s->workspace, p->parameters, &batch, NULL, s->gradient);
        h->loss[i] = result.loss_sum / batch.n;
        for (size_t j = 0; j < n; j++)
            sum[j] += a->weight * (double)s->gradient[j];
    }
}

static void predict(void *context, size_t item, int thread)
{
    const pass *p = context;
    mmofl_hindsight *h = p->h;
    side *s = &h->side[thread];
    mmofl_batch batch = look_at(h, s, &h->arrival[p->first + item]);
    mmofl_pass_result result = mmofl_model_predict(
        h->model, s->workspace, p->parameters, &batch, NULL, NULL, NULL);
    h->loss[p->first + item] = result.loss_sum / batch.n;
}

/* Adds up in the thread's side; for parameters that do not matter to z. */
static void add_norms(void *context, const mmofl_batch *batch, int from, int n,
                      mmofl_span z)
{
    side *s = context;
    (void)batch;
    (void)from;
    for (int i = 0; i < n; i++) {
        const float *zi = z.at + (size_t)i * z.stride;
        double sum = 1;
        for (size_t j = 0; j < s->features; j++)
            sum += (double)zi[j] * (double)zi[j];
        s->norms += sqrt(sum);
    }
}

static void measure_norms(void *context, size_t item, int thread)
{
    const pass *p = context;
    mmofl_hindsight *h = p->h;
    side *s = &h->side[thread];
    mmofl_batch batch = look_at(h, s, &h->arrival[item]);
    mmofl_feature_hooks hooks = {.fused = add_norms, .context = s};
    batch.hooks = &hooks;
    s->norms = 0;
    mmofl_model_predict(h->model, s->workspace, p->parameters, &batch, NULL, NULL,
                        NULL);
    h->loss[item] = s->norms / batch.n;
}

/* F_t from the losses of its arrivals. */
static double loss_of(const mmofl_hindsight *h, int round)
{
    size_t from = h->start[round - 1], to = h->start[round];
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += h->arrival[i].weight * h->loss[i];
    return from < to ? sum : (double)NAN;
}

/* J from the losses of all arrivals. */
static double sum_of(const mmofl_hindsight *h)
{
    double sum = 0;
    for (size_t i = 0; i < h->n; i++)
        sum += h->arrival[i].weight * h->loss[i];
    return sum;
}

double mmofl_hindsight_sum(mmofl_hindsight *h, const float *parameters,
                           double *gradient)
{
    mmofl_pool *pool = h->setup.fleet->setup.pool;
    pass p = {h, parameters, 0};
    if (!gradient) {
        mmofl_pool_run(pool, h->n, predict, &p);
        return sum_of(h);
    }
    mmofl_pool_run(pool, BLOCKS, add_block, &p);
    size_t n = h->model->n_parameters;
    memset(gradient, 0, n * sizeof *gradient);
    for (size_t b = 0; b < BLOCKS; b++)
        for (size_t j = 0; j < n; j++)
            gradient[j] += h->block[b * n + j];
    return sum_of(h);
}

void mmofl_hindsight_losses(mmofl_hindsight *h, const float *parameters, double *loss)
{
    pass p = {h, parameters, 0};
    mmofl_pool_run(h->setup.fleet->setup.pool, h->n, predict, &p);
    for (int t = 1; t <= h->setup.rounds; t++)
        loss[t - 1] = loss_of(h, t);
}

double mmofl_hindsight_loss(mmofl_hindsight *h, const float *parameters, int round)
{
    pass p = {h, parameters, h->start[round - 1]};
    mmofl_pool_run(h->setup.fleet->setup.pool, h->start[round] - p.first, predict, &p);
    return loss_of(h, round);
}

double mmofl_hindsight_largest_norm(mmofl_hindsight *h, const float *parameters)
{
    pass p = {h, parameters, 0};
    mmofl_pool_run(h->setup.fleet->setup.pool, h->n, measure_norms, &p);
    double largest = 0;
    for (size_t i = 0; i < h->n; i++)
        largest = fmax(largest, h->loss[i]);
    return largest;
}
