/* workspace.c - one arena for all activations, gradients and scratch of a thread.
 *
 * A buffer of n samples is laid out as  margin | sample | margin | sample | ...  with
 * one zero margin between neighbours wide enough for both, and zeros at the end.
 * Samples begin on cache lines: a vector that lies across two costs two loads. */
#include <stdlib.h>

#include "nn/workspace.h"

/* Where buffers are made, and for how many samples. */
typedef struct room {
    mmofl_arena *arena;
    int capacity;
    bool training; /* with gradients */
    const mmofl_isa *isa;
} room;

/* Floats rounded up to whole cache lines. */
static size_t whole_lines(size_t floats)
{
    enum { LINE = 64 / sizeof(float) };
    return (floats + LINE - 1) / LINE * LINE;
}

/* Capacity samples of a buffer; false when memory is short. */
static bool make_span(const room *in, const mmofl_buffer_plan *plan, mmofl_span *span)
{
    size_t before = whole_lines(plan->margin.before), after = plan->margin.after;
    size_t between = before > after ? before : after;
    size_t stride = whole_lines(plan->count + between);
    float *memory = MMOFL_ARENA_NEW(
        in->arena, before + stride * (size_t)in->capacity + after, float);
    if (!memory)
        return false;
    *span = (mmofl_span){memory + before, stride};
    return true;
}

static bool make_spans(const room *in, int n, const int *number,
                       const mmofl_buffer_plan *plans, int n_plans, mmofl_span *spans)
{
    mmofl_span *made = MMOFL_ARENA_NEW(in->arena, (size_t)n_plans, mmofl_span);
    if (!made)
        return false;
    for (int i = 0; i < n_plans; i++)
        if (!make_span(in, &plans[i], &made[i]))
            return false;
    for (int i = 0; i <= n; i++)
        spans[i] = made[number[i]];
    return true;
}

/* values: where all values lie, or NULL: they get buffers of their own. */
static bool make_chain(const room *in, const mmofl_chain *chain, const uint64_t *sample,
                       const mmofl_span *values, mmofl_chain_space *space)
{
    size_t n = (size_t)chain->n;
    space->value = MMOFL_ARENA_NEW(in->arena, n + 1, mmofl_span);
    space->gradient = MMOFL_ARENA_NEW(in->arena, n + 1, mmofl_span);
    space->run = MMOFL_ARENA_NEW(in->arena, n, mmofl_layer_run);
    if (!space->value || !space->gradient || !space->run)
        return false;
    for (size_t i = 0; i <= n && values; i++)
        space->value[i] = *values;
    if (!values && !make_spans(in, chain->n, chain->value, chain->values,
                               chain->n_values, space->value))
        return false;
    if (in->training && !make_spans(in, chain->n, chain->gradient, chain->gradients,
                                    chain->n_gradients, space->gradient))
        return false;
    for (int i = 0; i < chain->n; i++) {
        const mmofl_layer *layer = &chain->layer[i];
        size_t scratch =
            layer->fixed_scratch + (size_t)in->capacity * layer->sample_scratch;
        space->run[i] =
            (mmofl_layer_run){.ops = in->isa->ops,
                              .capacity = in->capacity,
                              .training = in->training,
                              .sample = sample,
                              .wants_dx = mmofl_chain_wants_dx(chain, i),
                              .scratch = MMOFL_ARENA_NEW(in->arena, scratch, float)};
        if (!space->run[i].scratch)
            return false;
    }
    return true;
}

static bool make_all(mmofl_workspace *ws, const mmofl_model *model)
{
    size_t capacity = (size_t)ws->capacity, encoders = (size_t)model->n_encoders;
    room in = {&ws->arena, ws->capacity, ws->training, model->isa};
    ws->encoder = MMOFL_ARENA_NEW(&ws->arena, encoders, mmofl_chain_space);
    ws->row = MMOFL_ARENA_NEW(&ws->arena, capacity, int);
    ws->sample = MMOFL_ARENA_NEW(&ws->arena, (encoders + 1) * capacity, uint64_t);
    if (!ws->encoder || !ws->row || !ws->sample)
        return false;
    if (!make_chain(&in, &model->head, ws->sample + encoders * capacity, NULL,
                    &ws->head))
        return false;
    for (size_t e = 0; e < encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        mmofl_span slot = ws->head.value[0]; /* of the encoder's features */
        slot.at += encoder->at;
        if (!make_chain(&in, &encoder->chain, ws->sample + e * capacity,
                        mmofl_encoder_passes_on(encoder) ? &slot : NULL,
                        &ws->encoder[e]))
            return false;
    }
    return true;
}

mmofl_status mmofl_workspace_new(const mmofl_model *model, int capacity, bool training,
                                 long fail_after, mmofl_workspace **out)
{
    mmofl_workspace *ws = calloc(1, sizeof *ws);
    if (!ws)
        return MMOFL_E_MEMORY;
    ws->capacity = capacity;
    ws->training = training;
    ws->arena.fail_after = fail_after;
    if (!make_all(ws, model)) {
        mmofl_workspace_delete(ws);
        return MMOFL_E_MEMORY;
    }
    *out = ws;
    return MMOFL_OK;
}

size_t mmofl_workspace_bytes(const mmofl_workspace *ws)
{
    return ws->arena.bytes;
}

void mmofl_workspace_watch(mmofl_workspace *ws, const mmofl_model *model,
                           mmofl_layer_time *times)
{
    for (int e = 0; e < model->n_encoders; e++)
        ws->encoder[e].times = times;
    ws->head.times = times;
}

void mmofl_workspace_delete(mmofl_workspace *ws)
{
    if (!ws)
        return;
    mmofl_arena_free(&ws->arena);
    free(ws);
}

/* ---------------------------------------------------------------- the head alone */

mmofl_status mmofl_head_pass_new(const mmofl_model *model, int capacity,
                                 long fail_after, mmofl_head_pass **out)
{
    mmofl_head_pass *pass = calloc(1, sizeof *pass);
    if (!pass)
        return MMOFL_E_MEMORY;
    pass->model = model;
    pass->capacity = capacity;
    pass->head = model->head;
    pass->head.wants_dx = false;
    pass->arena.fail_after = fail_after;
    room in = {&pass->arena, capacity, true, model->isa};
    if (!make_chain(&in, &pass->head, NULL, NULL, &pass->space)) {
        mmofl_head_pass_delete(pass);
        return MMOFL_E_MEMORY;
    }
    *out = pass;
    return MMOFL_OK;
}

void mmofl_head_pass_delete(mmofl_head_pass *pass)
{
    if (!pass)
        return;
    mmofl_arena_free(&pass->arena);
    free(pass);
}

size_t mmofl_head_pass_bytes(const mmofl_head_pass *pass)
{
    return pass->arena.bytes;
}

mmofl_span mmofl_head_pass_features(const mmofl_head_pass *pass)
{
    return pass->space.value[0];
}

/* ---------------------------------------------------------------- pieces */

static double chain_bytes(const mmofl_chain *chain)
{
    double floats = 0;
    for (int i = 0; i < chain->n_values; i++)
        floats += (double)(chain->values[i].count + chain->values[i].margin.after);
    for (int i = 0; i < chain->n_gradients; i++)
        floats +=
            (double)(chain->gradients[i].count + chain->gradients[i].margin.after);
    return sizeof(float) * floats;
}

int mmofl_model_piece(const mmofl_model *model, int batch)
{
    const double budget =
        384 * 1024; /* of the 512 KiB or more that a core's L2 has today */
    double bytes = chain_bytes(&model->head);
    for (int e = 0; e < model->n_encoders; e++)
        bytes += chain_bytes(&model->encoder[e].chain);
    int piece = (int)(budget / bytes) / 4 * 4;
    if (piece < 4)
        piece = 4;
    return piece < batch ? piece : batch;
}

const float *mmofl_workspace_dropout(const mmofl_workspace *ws,
                                     const mmofl_model *model, int encoder, int i,
                                     size_t *stride)
{
    const mmofl_chain *chain =
        encoder < 0 ? &model->head : &model->encoder[encoder].chain;
    const mmofl_chain_space *space = encoder < 0 ? &ws->head : &ws->encoder[encoder];
    if (!chain->layer[i].kind->draws_masks)
        return NULL;
    *stride = chain->layer[i].sample_scratch;
    return space->run[i].scratch;
}
