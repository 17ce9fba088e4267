/* curves.c - rows of the store to series.
 *
 * Measures come in the same order every round, so the series of a row is nearly always
 * the one behind that of the row before: looking there first makes the walk linear. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "report/curves.h"
#include "store/run_store.h"

enum { PATH_BYTES = 4096, MOST_CLASSES = 100 };

typedef struct loading {
    mmofl_curves *c;
    mmofl_series *series;
    size_t room, last; /* last: series of the row before */
    int seed;          /* number of the seed being read */
    int confusion_round;
    double *confusion; /* (MOST_CLASSES, MOST_CLASSES), counts of this seed */
    double *total;     /* of all seeds */
    mmofl_error *err;
} loading;

static mmofl_status no_memory(loading *l)
{
    return mmofl_fail(l->err, MMOFL_E_MEMORY, "no memory for the curves");
}

static bool is_series(const mmofl_series *s, const char *name, const char *modality,
                      int device)
{
    return s->device == device && strcmp(s->name, name) == 0 &&
           strcmp(s->modality, modality) == 0;
}

static bool add_series(loading *l, const char *name, const char *modality, int device)
{
    mmofl_curves *c = l->c;
    if (c->n_series == l->room) {
        size_t room = l->room ? 2 * l->room : 32;
        mmofl_series *more = MMOFL_ARENA_NEW(&c->arena, room, mmofl_series);
        if (!more)
            return false;
        if (c->n_series)
            memcpy(more, l->series, c->n_series * sizeof *more);
        l->series = more;
        l->room = room;
    }
    size_t cells = (size_t)c->n_seeds * c->n;
    mmofl_series s = {.name = mmofl_arena_text(&c->arena, name),
                      .modality = mmofl_arena_text(&c->arena, modality),
                      .device = device,
                      .value = MMOFL_ARENA_NEW(&c->arena, cells, double)};
    if (!s.name || !s.modality || !s.value)
        return false;
    for (size_t i = 0; i < cells; i++)
        s.value[i] = (double)NAN;
    l->series[c->n_series++] = s;
    return true;
}

static mmofl_status put(loading *l, int round, const char *name, const char *modality,
                        int device, double value)
{
    mmofl_curves *c = l->c;
    if (round < 0 || (size_t)round >= c->n)
        return MMOFL_OK; /* beyond what the summary counts */
    size_t i = l->last + 1;
    for (size_t tried = 0; tried < c->n_series; tried++, i++)
        if (is_series(&l->series[i % c->n_series], name, modality, device))
            break;
    bool known = c->n_series > 0 &&
                 is_series(&l->series[i % c->n_series], name, modality, device);
    l->last = known ? i % c->n_series : c->n_series;
    if (!known && !add_series(l, name, modality, device))
        return no_memory(l);
    l->series[l->last].value[(size_t)l->seed * c->n + (size_t)round] = value;
    return MMOFL_OK;
}

static mmofl_status take_round(void *context, const mmofl_round_record *r)
{
    loading *l = context;
    mmofl_status st =
        put(l, r->round, "prequential_accuracy", "", -1, r->prequential_accuracy);
    if (!st)
        st = put(l, r->round, "train_loss", "", -1, r->train_loss);
    if (!st)
        st = put(l, r->round, "cumulative_loss", "", -1, r->cumulative_loss);
    for (int i = 0; !st && i < r->n_evaluations; i++) {
        char name[MMOFL_PART_BYTES + 16];
        snprintf(name, sizeof name, "%s_accuracy", r->evaluations[i].part);
        st = put(l, r->round, name, "", -1, r->evaluations[i].accuracy);
    }
    return st;
}

static mmofl_status take_measure(void *context, int round, const mmofl_measure *m)
{
    return put(context, round, m->name, m->modality, m->device, m->value);
}

/* Shares of what arrived; a device at which nothing arrived has none. */
static mmofl_status take_injected(void *context, int round,
                                  const mmofl_injected_record *r)
{
    mmofl_status st = MMOFL_OK;
    int64_t left = r->samples - r->missing;
    if (r->samples > 0)
        st = put(context, round, "missing", r->modality, r->device,
                 (double)r->missing / (double)r->samples);
    if (!st && left > 0)
        st = put(context, round, "disturbed", r->modality, r->device,
                 (double)r->disturbed / (double)left);
    return st;
}

/* The cells of the last round are what is left. */
static mmofl_status take_confusion(void *context, const mmofl_confusion_cell *cell)
{
    loading *l = context;
    int y = cell->true_class, p = cell->predicted_class;
    if (strcmp(cell->part, "test") != 0 || y < 0 || p < 0 || y >= MOST_CLASSES ||
        p >= MOST_CLASSES)
        return MMOFL_OK;
    if (cell->round != l->confusion_round)
        memset(l->confusion, 0, sizeof(double) * MOST_CLASSES * MOST_CLASSES);
    l->confusion_round = cell->round;
    l->confusion[y * MOST_CLASSES + p] = (double)cell->count;
    size_t most = (size_t)(y > p ? y : p) + 1;
    l->c->n_classes = most > l->c->n_classes ? most : l->c->n_classes;
    return MMOFL_OK;
}

static mmofl_status take_seed(loading *l, mmofl_run_store *store,
                              const mmofl_result_cell *cell)
{
    int64_t run;
    mmofl_run_status status;
    bool same;
    mmofl_status st = mmofl_run_store_find_run(store, cell->seed[l->seed], cell->config,
                                               &run, &status, &same, l->err);
    if (!st)
        st = mmofl_run_store_each_round(store, run, take_round, l, l->err);
    if (!st)
        st = mmofl_run_store_each_measure(store, run, take_measure, l, l->err);
    if (!st)
        st = mmofl_run_store_each_injected(store, run, take_injected, l, l->err);
    l->confusion_round = -1;
    memset(l->confusion, 0, sizeof(double) * MOST_CLASSES * MOST_CLASSES);
    if (!st)
        st = mmofl_run_store_each_confusion(store, run, take_confusion, l, l->err);
    for (int i = 0; i < MOST_CLASSES * MOST_CLASSES; i++)
        l->total[i] += l->confusion[i];
    return st;
}

/* ---- over seeds ---- */

static bool summarize_series(mmofl_curves *c, mmofl_series *s)
{
    s->mean = MMOFL_ARENA_NEW(&c->arena, c->n, double);
    s->sd = MMOFL_ARENA_NEW(&c->arena, c->n, double);
    for (size_t t = 0; s->mean && s->sd && t < c->n; t++) {
        double sum = 0, squares = 0, n = 0;
        for (int i = 0; i < c->n_seeds; i++)
            if (isfinite(s->value[(size_t)i * c->n + t])) {
                sum += s->value[(size_t)i * c->n + t];
                n++;
            }
        s->mean[t] = n > 0 ? sum / n : (double)NAN;
        for (int i = 0; i < c->n_seeds; i++)
            if (isfinite(s->value[(size_t)i * c->n + t]))
                squares += pow(s->value[(size_t)i * c->n + t] - s->mean[t], 2);
        s->sd[t] = n > 1 ? sqrt(squares / (n - 1)) : n > 0 ? 0 : (double)NAN;
    }
    return s->mean && s->sd;
}

static bool summarize(loading *l)
{
    mmofl_curves *c = l->c;
    double *share = MMOFL_ARENA_NEW(&c->arena, c->n_classes * c->n_classes, double);
    if (!share)
        return false;
    for (size_t y = 0; y < c->n_classes; y++) {
        double sum = 0;
        for (size_t p = 0; p < c->n_classes; p++)
            sum += l->total[y * MOST_CLASSES + p];
        for (size_t p = 0; p < c->n_classes; p++)
            share[y * c->n_classes + p] =
                sum > 0 ? l->total[y * MOST_CLASSES + p] / sum : (double)NAN;
    }
    c->confusion = share;
    c->series = l->series;
    assert(l->series || c->n_series == 0);
    for (size_t i = 0; i < c->n_series; i++)
        if (!summarize_series(c, &l->series[i]))
            return false;
    return true;
}

mmofl_status mmofl_curves_load(const mmofl_result_cell *cell, mmofl_curves *curves,
                               mmofl_error *err)
{
    mmofl_curves c = {.arena = MMOFL_ARENA_INIT,
                      .n = (size_t)cell->rounds + 1,
                      .n_seeds = cell->n_seeds};
    enum { CONFUSION = MOST_CLASSES * MOST_CLASSES };
    double *round = MMOFL_ARENA_NEW(&c.arena, c.n, double);
    loading l = {.c = &c,
                 .confusion = MMOFL_ARENA_NEW(&c.arena, CONFUSION, double),
                 .total = MMOFL_ARENA_NEW(&c.arena, CONFUSION, double),
                 .err = err};
    char path[PATH_BYTES];
    mmofl_run_store *store = NULL;
    mmofl_status st = round && l.confusion && l.total ? MMOFL_OK : no_memory(&l);
    for (size_t t = 0; !st && t < c.n; t++)
        round[t] = (double)t;
    c.round = round;
    if (!st)
        st = mmofl_file_join(path, sizeof path, cell->folder, "run.sqlite", err);
    if (!st)
        st = mmofl_run_store_open(path, MMOFL_RUN_STORE_READ, &store, err);
    for (l.seed = 0; !st && l.seed < cell->n_seeds; l.seed++)
        st = take_seed(&l, store, cell);
    mmofl_run_store_close(store);
    if (!st && !summarize(&l))
        st = no_memory(&l);
    if (st)
        mmofl_arena_free(&c.arena);
    else
        *curves = c;
    return st;
}

void mmofl_curves_free(mmofl_curves *curves)
{
    if (!curves)
        return;
    mmofl_arena_free(&curves->arena);
    *curves = (mmofl_curves){.arena = MMOFL_ARENA_INIT};
}

const mmofl_series *mmofl_curves_find(const mmofl_curves *c, const char *name,
                                      const char *modality, int device)
{
    for (size_t i = 0; i < c->n_series; i++)
        if (is_series(&c->series[i], name, modality, device))
            return &c->series[i];
    return NULL;
}
