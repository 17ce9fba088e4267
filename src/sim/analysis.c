/* analysis.c - gradients of a mini-batch's twins, and how far the used one is off.
 *
 * A twin differs in two sets of modalities: those whose losses count, and those whose
 * disturbances do.  What is not lost or not disturbed in the batch at all is taken out
 * of these sets first, so that equal twins are computed once and their difference is an
 * exact zero.
 *
 * Sums of a device stand in a row of their own, and rows are added in the order of the
 * participants: the same numbers at any thread count. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/analysis.h"

/* Numbers of a row; three blocks of one number for each encoder follow. */
enum {
    ERROR,
    QUANTITY,
    QUALITY,
    METHOD,
    HEAD,
    DIRECTION,
    TWIN,
    LARGEST,
    FIXED_TERMS,
    QUANTITY_OF = 0, /* blocks */
    QUALITY_OF,
    ENCODER_OF,
    BLOCKS
};

static const char *const fixed_name[FIXED_TERMS] = {[ERROR] = "error",
                                                    [QUANTITY] = "error_quantity",
                                                    [QUALITY] = "error_quality",
                                                    [METHOD] = "error_method",
                                                    [HEAD] = "error_head",
                                                    [DIRECTION] = "direction",
                                                    [TWIN] = "twin",
                                                    [LARGEST] = "direction_largest"};
static const char *const block_name[BLOCKS] = {[QUANTITY_OF] = "error_quantity",
                                               [QUALITY_OF] = "error_quality",
                                               [ENCODER_OF] = "error_encoder"};

/* One thread's share, and its current device. */
typedef struct side {
    const mmofl_analysis *analysis;
    mmofl_workspace *workspace;
    const mmofl_holding *holding;
    double *row; /* of the device */
    int *steps;
    float *twin, *masked, *used, *alone; /* (n_parameters) gradients */
    uint32_t *mask;                      /* (batch) */
} side;

struct mmofl_analysis {
    mmofl_arena arena;
    const mmofl_model *model;
    int n_threads;
    size_t width; /* numbers of a row */
    side *side;   /* (n_threads) */
    double *row;  /* (participants, width) sums over steps; LARGEST: the maximum */
    int *steps;   /* (participants) */
    double *mean; /* (width) of the last round */
};

static mmofl_status make(mmofl_analysis *a, const mmofl_analysis_setup *setup)
{
    size_t n = a->model->n_parameters, threads = (size_t)setup->threads,
           participants = setup->participants;
    a->width = FIXED_TERMS + BLOCKS * (size_t)a->model->n_encoders;
    if (participants > SIZE_MAX / a->width)
        return MMOFL_E_MEMORY;
    a->side = MMOFL_ARENA_NEW(&a->arena, threads, side);
    a->row = MMOFL_ARENA_NEW(&a->arena, participants * a->width, double);
    a->steps = MMOFL_ARENA_NEW(&a->arena, participants, int);
    a->mean = MMOFL_ARENA_NEW(&a->arena, a->width, double);
    if (!a->side || !a->row || !a->steps || !a->mean)
        return MMOFL_E_MEMORY;
    for (; a->n_threads < setup->threads; a->n_threads++) {
        side *s = &a->side[a->n_threads];
        s->analysis = a;
        s->twin = MMOFL_ARENA_NEW(&a->arena, n, float);
        s->masked = MMOFL_ARENA_NEW(&a->arena, n, float);
        s->used = MMOFL_ARENA_NEW(&a->arena, n, float);
        s->alone = MMOFL_ARENA_NEW(&a->arena, n, float);
        s->mask = MMOFL_ARENA_NEW(&a->arena, (size_t)setup->batch, uint32_t);
        if (!s->twin || !s->masked || !s->used || !s->alone || !s->mask)
            return MMOFL_E_MEMORY;
        mmofl_status st =
            mmofl_workspace_new(a->model, mmofl_model_piece(a->model, setup->batch),
                                true, setup->fail_after, &s->workspace);
        if (st)
            return st;
    }
    return MMOFL_OK;
}

mmofl_status mmofl_analysis_new(const mmofl_analysis_setup *setup, mmofl_analysis **out)
{
    mmofl_analysis *a = calloc(1, sizeof *a);
    if (!a)
        return MMOFL_E_MEMORY;
    a->arena.fail_after = setup->fail_after;
    a->model = setup->model;
    mmofl_status st = make(a, setup);
    if (st)
        mmofl_analysis_delete(a);
    else
        *out = a;
    return st;
}

void mmofl_analysis_delete(mmofl_analysis *a)
{
    if (!a)
        return;
    for (int t = 0; t < a->n_threads; t++)
        mmofl_workspace_delete(a->side[t].workspace);
    mmofl_arena_free(&a->arena);
    free(a);
}

size_t mmofl_analysis_bytes(const mmofl_analysis *a)
{
    if (!a)
        return 0;
    size_t bytes = a->arena.bytes;
    for (int t = 0; t < a->n_threads; t++)
        bytes += mmofl_workspace_bytes(a->side[t].workspace);
    return bytes;
}

/* ---- one mini-batch ---- */

/* Sets of modalities, as bits: whose losses count, whose disturbances count. */
typedef struct causes {
    uint32_t lost, noisy;
} causes;

typedef struct twin_batch {
    const mmofl_holding *holding;
    const uint32_t *position;
    uint32_t noisy;
} twin_batch;

static void fetch_twin(void *context, int i, int m, float *values)
{
    const twin_batch *twin = context;
    mmofl_holding_values(twin->holding, (int)twin->position[i], m, twin->noisy, values);
}

/* What is lost or disturbed anywhere in the batch. */
static causes causes_in(const mmofl_holding *h, const mmofl_step_view *view)
{
    causes c = {0};
    for (int i = 0; i < view->batch->n; i++) {
        uint32_t at = view->position[i];
        c.lost |= h->source->data->mask[h->index[at]] & ~h->mask[at];
        c.noisy |= h->disturbed[at];
    }
    return c;
}

/* gradient(what c.lost lost, what c.noisy disturbed) */
static void gradient_of(side *s, const mmofl_step_view *view, causes c, float *g)
{
    const mmofl_holding *h = s->holding;
    for (int i = 0; i < view->batch->n; i++) {
        uint32_t at = view->position[i];
        uint32_t recorded = h->source->data->mask[h->index[at]];
        s->mask[i] = recorded & ~(c.lost & ~h->mask[at]);
    }
    twin_batch twin = {h, view->position, c.noisy};
    mmofl_batch batch = {.n = view->batch->n,
                         .mask = s->mask,
                         .label = view->batch->label,
                         .fetch = fetch_twin,
                         .context = &twin,
                         .first_sample = view->batch->first_sample};
    mmofl_model_gradient(s->analysis->model, s->workspace, view->parameters, &batch,
                         view->dropout, g);
}

/* ||a - b|| over n numbers; b NULL: ||a||. */
static double distance(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - (b ? (double)b[i] : 0);
        sum += d * d;
    }
    return sqrt(sum);
}

/* Where block b of the row has encoder e's number. */
static double *of_encoder(const side *s, int b, int e)
{
    return s->row + FIXED_TERMS + b * s->analysis->model->n_encoders + e;
}

static void add_parts(side *s, const float *h)
{
    const mmofl_model *model = s->analysis->model;
    for (int e = 0; e < model->n_encoders; e++) {
        size_t at = model->encoder[e].first_parameter;
        *of_encoder(s, ENCODER_OF, e) +=
            distance(h + at, s->twin + at, model->encoder[e].n_parameters);
    }
    size_t head = model->head_parameters;
    s->row[HEAD] += distance(h + head, s->twin + head, model->n_parameters - head);
}

/* Each modality alone. */
static void add_alone(side *s, const mmofl_step_view *view, causes in)
{
    const mmofl_model *model = s->analysis->model;
    size_t n = model->n_parameters;
    for (int e = 0; e < model->n_encoders; e++) {
        uint32_t bit = UINT32_C(1) << model->encoder[e].modality;
        if (in.lost & bit) {
            gradient_of(s, view, (causes){.lost = bit}, s->alone);
            *of_encoder(s, QUANTITY_OF, e) += distance(s->alone, s->twin, n);
        }
        if (in.noisy & bit) {
            gradient_of(s, view, (causes){.lost = in.lost, .noisy = bit}, s->alone);
            *of_encoder(s, QUALITY_OF, e) += distance(s->alone, s->masked, n);
        }
    }
}

static void before_step(void *context, const mmofl_step_view *view)
{
    side *s = context;
    const float *h = view->gradient;
    size_t n = s->analysis->model->n_parameters;
    causes in = causes_in(s->holding, view);
    gradient_of(s, view, (causes){0}, s->twin);
    if (in.lost)
        gradient_of(s, view, (causes){.lost = in.lost}, s->masked);
    else
        memcpy(s->masked, s->twin, n * sizeof *s->twin);
    if (in.noisy)
        gradient_of(s, view, in, s->used);
    else
        memcpy(s->used, s->masked, n * sizeof *s->used);
    double length = distance(h, NULL, n);
    s->row[ERROR] += distance(h, s->twin, n);
    s->row[QUANTITY] += distance(s->masked, s->twin, n);
    s->row[QUALITY] += distance(s->used, s->masked, n);
    s->row[METHOD] += distance(h, s->used, n);
    s->row[DIRECTION] += length;
    s->row[TWIN] += distance(s->twin, NULL, n);
    s->row[LARGEST] = fmax(s->row[LARGEST], length);
    add_parts(s, h);
    add_alone(s, view, in);
    ++*s->steps;
}

/* ---- devices and rounds ---- */

void mmofl_analysis_begin(mmofl_analysis *a, size_t item, int thread,
                          const mmofl_holding *holding, mmofl_learner_watch *watch)
{
    side *s = &a->side[thread];
    s->holding = holding;
    s->row = a->row + item * a->width;
    s->steps = &a->steps[item];
    memset(s->row, 0, a->width * sizeof *s->row);
    *s->steps = 0;
    watch->before_step = before_step;
    watch->before_context = s;
}

void mmofl_analysis_merge(mmofl_analysis *a, const mmofl_ranks *ranks,
                          const size_t *start)
{
    size_t first = start[ranks->rank];
    mmofl_ranks_gather(ranks, a->width * sizeof *a->row, start,
                       a->row + first * a->width, a->row);
    mmofl_ranks_gather(ranks, sizeof *a->steps, start, a->steps + first, a->steps);
}

void mmofl_analysis_close(mmofl_analysis *a, size_t n)
{
    memset(a->mean, 0, a->width * sizeof *a->mean);
    size_t trained = 0;
    for (size_t i = 0; i < n; i++) {
        const double *row = a->row + i * a->width;
        if (a->steps[i] == 0)
            continue;
        trained++;
        for (size_t t = 0; t < a->width; t++)
            a->mean[t] = t == LARGEST ? fmax(a->mean[t], row[t])
                                      : a->mean[t] + row[t] / a->steps[i];
    }
    for (size_t t = 0; t < a->width && trained > 0; t++)
        if (t != LARGEST)
            a->mean[t] /= (double)trained;
}

int mmofl_analysis_terms(const mmofl_analysis *a, mmofl_error_term *terms, int max)
{
    int n = 0, encoders = a->model->n_encoders;
    for (int t = 0; t < FIXED_TERMS && n < max; t++)
        terms[n++] = (mmofl_error_term){fixed_name[t], "", a->mean[t]};
    for (int b = 0; b < BLOCKS; b++)
        for (int e = 0; e < encoders && n < max; e++)
            terms[n++] = (mmofl_error_term){block_name[b], a->model->encoder[e].name,
                                            a->mean[FIXED_TERMS + b * encoders + e]};
    return n;
}
