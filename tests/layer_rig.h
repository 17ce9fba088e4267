/* layer_rig.h - one layer with everything around it that a pass needs, for tests.
 *
 *   room:  | canaries | margin | sample | margin | canaries | margin | sample | ...
 *
 * Margins are zero and canaries are NaN, so that whoever reads past what it was
 * promised spoils its own result, and whoever writes there is caught by room_check. */
#ifndef MMOFL_TESTS_LAYER_RIG_H
#define MMOFL_TESTS_LAYER_RIG_H

#include "nn/reference.h"
#include "nn_fixture.h"

enum { RIG_CANARIES = 5 };

typedef struct room {
    mmofl_span span;
    size_t count;        /* floats of a sample */
    size_t floats;       /* of the whole room */
    float *memory, *was; /* as it is; as it was made */
    int n;
} room;

static inline room room_new(size_t count, mmofl_margin margin, int n)
{
    room r = {.count = count, .n = n};
    r.span.stride = margin.before + count + margin.after + RIG_CANARIES;
    r.floats = RIG_CANARIES + r.span.stride * (size_t)n;
    r.memory = malloc(r.floats * sizeof(float));
    r.was = malloc(r.floats * sizeof(float));
    CHECK(r.memory && r.was);
    for (size_t i = 0; i < r.floats; i++)
        r.memory[i] = NAN;
    for (int s = 0; s < n; s++)
        memset(r.memory + RIG_CANARIES + (size_t)s * r.span.stride, 0,
               (margin.before + count + margin.after) * sizeof(float));
    memcpy(r.was, r.memory, r.floats * sizeof(float));
    r.span.at = r.memory + RIG_CANARIES + margin.before;
    return r;
}

static inline void room_delete(room *r)
{
    free(r->memory);
    free(r->was);
}

static inline float *room_sample(const room *r, int s)
{
    return r->span.at + (size_t)s * r->span.stride;
}

static inline void room_fill(room *r, uint64_t which)
{
    for (int s = 0; s < r->n; s++)
        fixture_fill(room_sample(r, s), r->count, 1000 * which + (uint64_t)s);
}

static inline void room_copy(const room *from, room *to)
{
    for (int s = 0; s < from->n; s++)
        memcpy(room_sample(to, s), room_sample(from, s), from->count * sizeof(float));
}

static inline bool room_same_values(const room *a, const room *b)
{
    for (int s = 0; s < a->n; s++)
        if (!fixture_same_bits(room_sample(a, s), room_sample(b, s), a->count))
            return false;
    return true;
}

/** Nothing but the samples changed. */
static inline void room_check(const char *what, const room *r)
{
    size_t first = (size_t)(r->span.at - r->memory), stride = r->span.stride;
    for (size_t i = 0; i < r->floats; i++) {
        bool in_sample = i >= first && (i - first) % stride < r->count;
        if (!in_sample && !fixture_same_bits(&r->memory[i], &r->was[i], 1))
            fail_msg("%s: float %zu beside the samples was written", what, i);
    }
}

/* ---------------------------------------------------------------- rows left out */

/** Which rows of the samples are zeros: none, the ends of shorter samples, or some here
 * and there; with one sample that has no other row. */
typedef enum rig_rows { RIG_WHOLE, RIG_ENDS, RIG_GAPS } rig_rows;

static inline bool rig_row_absent(rig_rows which, int s, size_t t, size_t rows)
{
    if (which == RIG_WHOLE || s % 4 == 3)
        return false;
    if (s % 4 == 1)
        return true;
    if (which == RIG_ENDS)
        return t >= (s % 4 == 0 ? (rows + 1) / 2 : rows - 1);
    return s % 4 == 0 ? t % 2 == 1 : t == 0 || t == rows - 1;
}

static inline void rig_leave_out(room *x, mmofl_shape shape, rig_rows which)
{
    size_t rows = mmofl_shape_rows(shape), channels = mmofl_shape_channels(shape);
    for (int s = 0; s < x->n; s++)
        for (size_t t = 0; t < rows; t++)
            if (rig_row_absent(which, s, t, rows))
                memset(room_sample(x, s) + t * channels, 0, channels * sizeof(float));
}

/* ---------------------------------------------------------------- the rig */

enum { RIG_VOCABULARY = 7 };

/** Values in [-1, 1) become token ids, 0 among them. */
static inline void rig_tokens(room *x)
{
    for (int s = 0; s < x->n; s++)
        for (size_t i = 0; i < x->count; i++)
            room_sample(x, s)[i] =
                floorf((room_sample(x, s)[i] + 1) / 2 * (float)RIG_VOCABULARY);
}

/** A layer, n samples, its buffers and its run. */
typedef struct rig {
    mmofl_pick pick;
    mmofl_layer layer;
    mmofl_layer_run run;
    mmofl_rng random;
    int n;
    uint64_t *sample;
    float *w, *dw;
    room x, y, dy, dx;
} rig;

static inline float *rig_floats(size_t n)
{
    float *x = calloc(n + 1, sizeof *x);
    CHECK(x != NULL);
    return x;
}

/** Values, parameters and the gradient from above are random, the same for each call.
 */
static inline rig *rig_new(const char *text, mmofl_shape in, const mmofl_isa *isa,
                           int n)
{
    rig *r = calloc(1, sizeof *r);
    mmofl_error err = {0};
    CHECK(r != NULL);
    r->pick = fixture_pick(isa->layers, text);
    bool tokens = ((const mmofl_layer_kind *)(const void *)r->pick.kind)->takes_tokens;
    int vocabulary = tokens ? RIG_VOCABULARY : 0;
    if (mmofl_layer_plan(&r->pick, in, vocabulary, &r->layer, &err) != MMOFL_OK)
        fail_msg("%s: %s", text, err.text);
    r->layer.number = 3;
    const mmofl_layer *l = &r->layer;
    const mmofl_margin none = {0, 0};
    size_t in_count = mmofl_shape_count(l->in), out_count = mmofl_shape_count(l->out);
    r->n = n;
    r->x = room_new(in_count, l->x_margin, n);
    r->y = room_new(out_count, none, n);
    r->dy = room_new(out_count, l->dy_margin, n);
    r->dx = room_new(in_count, none, n);
    room_fill(&r->x, 1);
    if (tokens)
        rig_tokens(&r->x);
    room_fill(&r->dy, 2);
    r->w = rig_floats(l->n_parameters);
    r->dw = rig_floats(l->n_parameters);
    fixture_fill(r->w, l->n_parameters, 3);
    r->sample = calloc((size_t)n, sizeof *r->sample);
    CHECK(r->sample != NULL);
    for (int s = 0; s < n; s++)
        r->sample[s] = 40 + (uint64_t)s;
    r->random = mmofl_rng_open(9, 8, 7, MMOFL_USE_DROPOUT);
    size_t scratch = l->fixed_scratch + (size_t)n * l->sample_scratch;
    r->run = (mmofl_layer_run){.ops = isa->ops,
                               .scratch = rig_floats(scratch),
                               .capacity = n,
                               .training = true,
                               .wants_dx = true,
                               .random = &r->random,
                               .sample = r->sample};
    return r;
}

static inline void rig_delete(rig *r)
{
    room_delete(&r->x), room_delete(&r->y);
    room_delete(&r->dy), room_delete(&r->dx);
    free(r->w), free(r->dw);
    free(r->sample), free(r->run.scratch);
    free(r);
}

/** Forward on samples from, from + 1, ... of the rig. */
static inline void rig_forward(rig *r, int from, int n)
{
    const mmofl_layer_kind *kind = r->layer.kind;
    mmofl_layer_run run = r->run;
    run.sample += from;
    if (kind->prepare)
        kind->prepare(&r->layer, &run, r->w);
    kind->forward(&r->layer, &run, n, r->w,
                  (mmofl_span){room_sample(&r->x, from), r->x.span.stride},
                  (mmofl_span){room_sample(&r->y, from), r->y.span.stride});
}

static inline void rig_backward(rig *r, int from, int n, bool wants_dx)
{
    mmofl_layer_run run = r->run;
    run.sample += from;
    mmofl_span dx = {room_sample(&r->dx, from), r->dx.span.stride};
    r->layer.kind->backward(&r->layer, &run, n, r->w,
                            (mmofl_span){room_sample(&r->x, from), r->x.span.stride},
                            (mmofl_span){room_sample(&r->y, from), r->y.span.stride},
                            (mmofl_span){room_sample(&r->dy, from), r->dy.span.stride},
                            wants_dx ? dx : (mmofl_span){0}, r->dw);
}

/** The dropout multipliers of sample s, or NULL. */
static inline const float *rig_multiplier(const rig *r, int s)
{
    return r->layer.kind->draws_masks
               ? r->run.scratch + (size_t)s * r->layer.sample_scratch
               : NULL;
}

#endif
