/* model.c - planning a model: shapes, parameter offsets, buffers that may be shared. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/model.h"

/* May layer i write its output over its input?  Only if no layer before it that still
 * has to see that buffer (as its own output) would miss it.  A layer that keeps the
 * values may always. */
static bool may_run_in_place(const mmofl_chain *chain, int i)
{
    const mmofl_layer_kind *kind = chain->layer[i].kind;
    if (!kind->in_place || kind->keeps_values)
        return kind->in_place;
    if (chain->keeps_input && chain->value[i] == chain->value[0])
        return false;
    for (int j = 0; j < i; j++)
        if (chain->value[j + 1] == chain->value[i] && chain->layer[j].kind->uses_y)
            return false;
    return true;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void widen(mmofl_margin *margin, mmofl_margin wanted)
{
    margin->before = larger(margin->before, wanted.before);
    margin->after = larger(margin->after, wanted.after);
}

/* Number the buffers at each boundary and give each the widest margin asked for. */
static void plan_buffers(mmofl_chain *chain)
{
    size_t in = mmofl_shape_count(chain->layer[0].in);
    chain->value[0] = 0;
    chain->values[0].count = in;
    chain->n_values = 1;
    for (int i = 0; i < chain->n; i++) {
        if (may_run_in_place(chain, i)) {
            chain->value[i + 1] = chain->value[i];
            continue;
        }
        chain->value[i + 1] = chain->n_values;
        chain->values[chain->n_values++].count = mmofl_shape_count(chain->layer[i].out);
    }
    chain->gradient[chain->n] = 0;
    chain->gradients[0].count = mmofl_shape_count(chain->layer[chain->n - 1].out);
    chain->n_gradients = 1;
    for (int i = chain->n - 1; i >= 0; i--) {
        if (chain->layer[i].kind->in_place) {
            chain->gradient[i] = chain->gradient[i + 1];
            continue;
        }
        chain->gradient[i] = chain->n_gradients;
        chain->gradients[chain->n_gradients++].count =
            mmofl_shape_count(chain->layer[i].in);
    }
    for (int i = 0; i < chain->n; i++) {
        widen(&chain->values[chain->value[i]].margin, chain->layer[i].x_margin);
        widen(&chain->gradients[chain->gradient[i + 1]].margin,
              chain->layer[i].dy_margin);
    }
}

/* A relu is one more way through the cache, forward and back.  Where it is in place,
 * the layer before can write rectified values at once; where the layer after decides
 * which values get a gradient, it can decide for both. */
static void merge_relus(mmofl_chain *chain)
{
    for (int i = 0; i < chain->n; i++) {
        mmofl_layer *relu = &chain->layer[i];
        if (!relu->kind->is_relu)
            continue;
        if (i > 0 && relu[-1].kind->does_relu_after &&
            chain->value[i] == chain->value[i + 1])
            relu[-1].relu_after = relu->forward_is_done = true;
        if (i + 1 < chain->n && relu[1].kind->does_relu_before)
            relu[1].relu_before = relu->backward_is_done = true;
    }
}

/* Remember a tensor of which passes touch few rows.  Only layers of tokens have one, so
 * there is at most one in each encoder. */
static void note_rows(mmofl_model *model, const mmofl_layer *layer, size_t at)
{
    const mmofl_tensor_plan *tensor = &layer->tensor[0];
    if (layer->n_tensors == 0 || !tensor->rows)
        return;
    assert(layer->kind->takes_tokens && model->n_row_tensors < MMOFL_MAX_MODALITIES);
    model->row_tensor[model->n_row_tensors++] =
        (mmofl_row_tensor){.offset = at,
                           .rows = tensor->dim[0],
                           .width = tensor->dim[1],
                           .first_word = model->row_words};
    model->row_words += mmofl_row_words(tensor->dim[0]);
}

static mmofl_status plan_chain(mmofl_model *model, const mmofl_chain_spec *spec,
                               const char *where, mmofl_shape in, int vocabulary,
                               mmofl_chain *chain, mmofl_error *err)
{
    size_t n = (size_t)spec->n;
    if (n == 0)
        return mmofl_fail(err, MMOFL_E_MISSING,
                          "%s: a list of layers is wanted, it is empty", where);
    chain->n = spec->n;
    chain->layer = MMOFL_ARENA_NEW(&model->arena, n, mmofl_layer);
    chain->parameters = MMOFL_ARENA_NEW(&model->arena, n, size_t);
    chain->value = MMOFL_ARENA_NEW(&model->arena, n + 1, int);
    chain->gradient = MMOFL_ARENA_NEW(&model->arena, n + 1, int);
    chain->values = MMOFL_ARENA_NEW(&model->arena, n + 1, mmofl_buffer_plan);
    chain->gradients = MMOFL_ARENA_NEW(&model->arena, n + 1, mmofl_buffer_plan);
    mmofl_pick *pick = MMOFL_ARENA_NEW(&model->arena, n, mmofl_pick);
    if (!chain->layer || !chain->parameters || !chain->value || !chain->gradient ||
        !chain->values || !chain->gradients || !pick)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to plan the model");
    for (int i = 0; i < spec->n; i++) {
        pick[i] = spec->layer[i];
        pick[i].kind = mmofl_kind_find(model->isa->layers, spec->layer[i].kind->name);
        assert(pick[i].kind);
        mmofl_layer *layer = &chain->layer[i];
        mmofl_status st =
            mmofl_layer_plan(&pick[i], in, i == 0 ? vocabulary : 0, layer, err);
        if (st) {
            if (err)
                mmofl_fail_within(err, "%s, layer %d", where, i);
            return st;
        }
        layer->number = model->n_layers++;
        chain->parameters[i] = model->n_parameters;
        note_rows(model, layer, model->n_parameters);
        model->n_parameters += layer->n_parameters;
        in = layer->out;
    }
    while (chain->first_trained < chain->n &&
           chain->layer[chain->first_trained].n_parameters == 0)
        chain->first_trained++;
    plan_buffers(chain);
    merge_relus(chain);
    return MMOFL_OK;
}

static const mmofl_modality *find_modality(const mmofl_modality *all, int n,
                                           const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static mmofl_status refuse_modality(const mmofl_modality *all, int n, const char *name,
                                    mmofl_error *err)
{
    char known[512] = "";
    size_t used = 0;
    for (int i = 0; i < n && used + MMOFL_NAME_BYTES + 3 < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
                                 i ? ", " : "", all[i].name);
    return mmofl_fail(err, MMOFL_E_UNKNOWN,
                      "model.modalities: the data set has no modality '%s'; it has %s",
                      name, known);
}

static mmofl_status plan_encoder(mmofl_model *model, const mmofl_encoder_spec *spec,
                                 const mmofl_modality *all, int n,
                                 mmofl_encoder *encoder, mmofl_error *err)
{
    const mmofl_modality *modality = find_modality(all, n, spec->modality);
    if (!modality)
        return refuse_modality(all, n, spec->modality, err);
    char where[128];
    snprintf(where, sizeof where, "model.modalities.%s", spec->modality);
    for (const mmofl_encoder *e = model->encoder; e < encoder; e++)
        if (e->modality == (int)(modality - all))
            return mmofl_fail(err, MMOFL_E_DUPLICATE,
                              "%s: one encoder for each modality is wanted", where);
    encoder->name = spec->modality;
    encoder->modality = (int)(modality - all);
    encoder->in = modality->shape;
    encoder->first_parameter = model->n_parameters;
    mmofl_status st =
        plan_chain(model, &spec->chain, where, modality->shape,
                   modality->dtype == MMOFL_TOKENS ? modality->vocabulary : 0,
                   &encoder->chain, err);
    if (st)
        return st;
    encoder->out = encoder->chain.layer[encoder->chain.n - 1].out;
    encoder->n_parameters = model->n_parameters - encoder->first_parameter;
    encoder->features = mmofl_shape_count(encoder->out);
    encoder->at = model->features;
    model->features += encoder->features;
    return MMOFL_OK;
}

static mmofl_status concatenate(const mmofl_model *model, mmofl_shape *fused,
                                mmofl_error *err)
{
    for (int e = 0; e < model->n_encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        if (encoder->out.n == 1)
            continue;
        char shape[64];
        mmofl_shape_text(encoder->out, shape, sizeof shape);
        return mmofl_fail(
            err, MMOFL_E_SHAPE,
            "model.modalities.%s: with fusion concat an encoder must end in a feature "
            "vector, this one ends in %s; add global_avg_pool or flatten, or use "
            "fusion "
            "stack",
            encoder->name, shape);
    }
    *fused = (mmofl_shape){1, {(int)model->features}};
    return MMOFL_OK;
}

/* One row for a feature vector, P rows for (P, d); all of one d. */
static mmofl_status stack(const mmofl_model *model, mmofl_shape *fused,
                          mmofl_error *err)
{
    size_t channels = mmofl_shape_channels(model->encoder[0].out);
    for (int e = 0; e < model->n_encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        if (mmofl_shape_channels(encoder->out) == channels && encoder->out.n <= 2)
            continue;
        char shape[64];
        mmofl_shape_text(encoder->out, shape, sizeof shape);
        return mmofl_fail(
            err, MMOFL_E_SHAPE,
            "model.modalities.%s: with fusion stack every encoder must "
            "end in (%zu) or (rows, %zu) as the first does, this one ends "
            "in %s",
            encoder->name, channels, channels, shape);
    }
    *fused = (mmofl_shape){2, {(int)(model->features / channels), (int)channels}};
    return MMOFL_OK;
}

static mmofl_status plan_model(mmofl_model *model, const mmofl_model_spec *spec,
                               const mmofl_modality *modalities, int n_modalities,
                               int classes, mmofl_error *err)
{
    model->classes = classes;
    model->n_encoders = spec->n_encoders;
    model->encoder =
        MMOFL_ARENA_NEW(&model->arena, (size_t)spec->n_encoders, mmofl_encoder);
    if (!model->encoder)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to plan the model");
    for (int e = 0; e < spec->n_encoders; e++) {
        mmofl_status st = plan_encoder(model, &spec->encoder[e], modalities,
                                       n_modalities, &model->encoder[e], err);
        if (st)
            return st;
    }
    mmofl_shape fused;
    mmofl_status st = spec->fusion == MMOFL_FUSION_STACK
                          ? stack(model, &fused, err)
                          : concatenate(model, &fused, err);
    if (st)
        return st;
    model->head.wants_dx = model->n_parameters > 0;
    model->head.keeps_input = true;
    model->head_parameters = model->n_parameters;
    st = plan_chain(model, &spec->head, "model.head", fused, 0, &model->head, err);
    if (st)
        return st;
    mmofl_shape out = model->head.layer[model->head.n - 1].out;
    if (out.n != 1 || out.dim[0] != classes) {
        char shape[64];
        mmofl_shape_text(out, shape, sizeof shape);
        return mmofl_fail(
            err, MMOFL_E_SHAPE,
            "model.head: the last layer must give one value for each of the %d "
            "classes, it gives %s",
            classes, shape);
    }
    return MMOFL_OK;
}

mmofl_status mmofl_model_new(const mmofl_model_spec *spec,
                             const mmofl_modality *modalities, int n_modalities,
                             int classes, const mmofl_isa *isa, mmofl_model **out,
                             mmofl_error *err)
{
    mmofl_model *model = calloc(1, sizeof *model);
    if (!model)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to plan the model");
    model->isa = isa ? isa : mmofl_isa_best();
    mmofl_status st = plan_model(model, spec, modalities, n_modalities, classes, err);
    if (st) {
        mmofl_model_delete(model);
        return st;
    }
    *out = model;
    return MMOFL_OK;
}

void mmofl_model_delete(mmofl_model *model)
{
    if (!model)
        return;
    mmofl_arena_free(&model->arena);
    free(model);
}

static void add_flops(const mmofl_chain *chain, double *forward, double *training)
{
    for (int i = 0; i < chain->n; i++) {
        const mmofl_layer *layer = &chain->layer[i];
        *forward += layer->flops;
        *training += layer->flops + mmofl_chain_backward_flops(chain, i);
    }
}

static void count_flops(const mmofl_model *model, double *forward, double *training)
{
    *forward = *training = 0;
    for (int e = 0; e < model->n_encoders; e++)
        add_flops(&model->encoder[e].chain, forward, training);
    add_flops(&model->head, forward, training);
}

double mmofl_model_forward_flops(const mmofl_model *model)
{
    double forward, training;
    count_flops(model, &forward, &training);
    return forward;
}

double mmofl_model_training_flops(const mmofl_model *model)
{
    double forward, training;
    count_flops(model, &forward, &training);
    return training;
}
