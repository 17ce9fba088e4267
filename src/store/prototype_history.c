/* prototype_history.c - rows of prototypes to arrays.
 *
 * The first round's rows tell the shape and a count of rows the number of rounds; the
 * second walk then fills arrays, and every row must be the one that its place asks
 * for. */
#include <string.h>

#include "store/prototype_history.h"

/* Both walks. */
typedef struct loading {
    mmofl_prototype_history *h;
    size_t rows;
    int first_round;
    const char *last; /* modality of the last row of the first round; ours */
    mmofl_error *err;
} loading;

static mmofl_status no_memory(loading *l)
{
    return mmofl_fail(l->err, MMOFL_E_MEMORY, "no memory for prototypes");
}

static mmofl_status count_row(void *context, int round, const mmofl_prototype_record *p)
{
    loading *l = context;
    mmofl_prototype_history *h = l->h;
    if (l->rows++ == 0)
        l->first_round = round;
    if (round != l->first_round)
        return MMOFL_OK;
    if (!l->last || strcmp(l->last, p->modality) != 0) {
        l->last = mmofl_arena_text(&h->arena, p->modality);
        if (!l->last)
            return no_memory(l);
        h->n_modalities++;
        h->n_features += p->n;
    }
    if ((size_t)p->class_number >= h->n_classes)
        h->n_classes = (size_t)p->class_number + 1;
    return MMOFL_OK;
}

static bool make_arrays(mmofl_prototype_history *h)
{
    mmofl_arena *a = &h->arena;
    size_t pairs = h->n_modalities * h->n_classes;
    h->round = MMOFL_ARENA_NEW(a, h->n_rounds, int64_t);
    h->modality = MMOFL_ARENA_NEW(a, h->n_modalities, const char *);
    h->at = MMOFL_ARENA_NEW(a, h->n_modalities + 1, int64_t);
    h->mean = MMOFL_ARENA_NEW(a, h->n_rounds * h->n_classes * h->n_features, float);
    h->seen = MMOFL_ARENA_NEW(a, h->n_rounds * pairs, int64_t);
    return h->round && h->modality && h->at && h->mean && h->seen;
}

/* Name modality m, whose first row this is. */
static bool begin_modality(mmofl_prototype_history *h, size_t m,
                           const mmofl_prototype_record *p)
{
    h->modality[m] = mmofl_arena_text(&h->arena, p->modality);
    h->at[m + 1] = h->at[m] + (int64_t)p->n;
    return h->modality[m] != NULL;
}

static mmofl_status take_row(void *context, int round, const mmofl_prototype_record *p)
{
    loading *l = context;
    mmofl_prototype_history *h = l->h;
    size_t pair = l->rows % (h->n_modalities * h->n_classes);
    size_t r = l->rows / (h->n_modalities * h->n_classes);
    size_t m = pair / h->n_classes, c = pair % h->n_classes;
    if (pair == 0)
        h->round[r] = round;
    if (r == 0 && c == 0 && !begin_modality(h, m, p))
        return no_memory(l);
    if (h->round[r] != round || strcmp(h->modality[m], p->modality) != 0 ||
        (size_t)p->class_number != c || (int64_t)p->n != h->at[m + 1] - h->at[m])
        return mmofl_fail(l->err, MMOFL_E_CORRUPT,
                          "prototypes: round %d, %s, class %d: not as in round %d",
                          round, p->modality, p->class_number, l->first_round);
    memcpy(h->mean + (r * h->n_classes + c) * h->n_features + h->at[m], p->mean,
           p->n * sizeof *p->mean);
    h->seen[r * h->n_modalities * h->n_classes + pair] = p->seen;
    l->rows++;
    return MMOFL_OK;
}

mmofl_status mmofl_prototype_history_load(mmofl_run_store *store, int64_t run,
                                          mmofl_prototype_history *history,
                                          mmofl_error *err)
{
    mmofl_prototype_history h = {.arena = MMOFL_ARENA_INIT};
    loading l = {.h = &h, .err = err};
    mmofl_status st = mmofl_run_store_each_prototype(store, run, count_row, &l, err);
    if (!st && l.rows > 0) {
        size_t pairs = h.n_modalities * h.n_classes;
        h.n_rounds = l.rows / pairs;
        if (l.rows % pairs != 0)
            st = mmofl_fail(err, MMOFL_E_CORRUPT,
                            "prototypes: %zu rows, wanted a multiple of %zu", l.rows,
                            pairs);
        else if (!make_arrays(&h))
            st = no_memory(&l);
        l.rows = 0;
        if (!st)
            st = mmofl_run_store_each_prototype(store, run, take_row, &l, err);
    }
    if (st)
        mmofl_arena_free(&h.arena);
    else
        *history = h;
    return st;
}

void mmofl_prototype_history_free(mmofl_prototype_history *history)
{
    if (!history)
        return;
    mmofl_arena_free(&history->arena);
    *history = (mmofl_prototype_history){.arena = MMOFL_ARENA_INIT};
}
