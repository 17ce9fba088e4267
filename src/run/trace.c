/* trace.c - a watcher of the learner that writes what it sees to an .npz file. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "run/trace.h"
#include "run/trace_method.h"

typedef struct trace {
    const mmofl_setup *setup;
    mmofl_trace_place place;
    const mmofl_model *model;
    mmofl_trace_method method;
    mmofl_npz *npz;
    float *tensor; /* room for the largest array */
    float *after;  /* (n_parameters) after the last step so far */
    int steps;
    mmofl_status status; /* the first failure; nothing is written after it */
    mmofl_error err;
} trace;

static void add(trace *t, const mmofl_tensor *tensor)
{
    if (!t->status)
        t->status = mmofl_npz_add(t->npz, tensor, &t->err);
}

/* All parameters, or their gradient, as "PREFIX/name". */
static void add_parameters(trace *t, const char *prefix, const float *values)
{
    mmofl_parameter p;
    for (int i = 0; mmofl_model_parameter(t->model, i, &p); i++) {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", prefix, p.name);
        mmofl_parameter_export(&p, values, t->tensor);
        mmofl_tensor tensor = {.name = name,
                               .type = MMOFL_TENSOR_F32,
                               .n_dims = p.plan->n_dims,
                               .data = t->tensor};
        for (int d = 0; d < p.plan->n_dims; d++)
            tensor.dim[d] = p.plan->dim[d];
        add(t, &tensor);
    }
}

static void before(void *context, const float *parameters)
{
    add_parameters(context, "before", parameters);
}

/* Shape (n, shape) for arrays of samples. */
static mmofl_tensor sample_array(const char *name, int n, mmofl_shape shape,
                                 const float *data)
{
    mmofl_tensor tensor = {.name = name,
                           .type = MMOFL_TENSOR_F32,
                           .n_dims = shape.n + 1,
                           .dim = {(size_t)n},
                           .data = data};
    for (int d = 0; d < shape.n; d++)
        tensor.dim[d + 1] = (size_t)shape.dim[d];
    return tensor;
}

static void add_inputs(trace *t, int step, const mmofl_batch *batch)
{
    for (int e = 0; e < t->model->n_encoders; e++) {
        const mmofl_encoder *encoder = &t->model->encoder[e];
        size_t count = mmofl_shape_count(encoder->in);
        memset(t->tensor, 0, count * (size_t)batch->n * sizeof(float));
        for (int i = 0; i < batch->n; i++)
            if (batch->mask[i] >> encoder->modality & 1)
                batch->fetch(batch->context, i, encoder->modality,
                             t->tensor + (size_t)i * count);
        char name[128];
        snprintf(name, sizeof name, "step%d/x/%s", step, encoder->name);
        mmofl_tensor tensor = sample_array(name, batch->n, encoder->in, t->tensor);
        add(t, &tensor);
    }
}

/* (n, M) one byte for each sample and encoder, and the labels. */
static void add_masks_and_labels(trace *t, int step, const mmofl_batch *batch)
{
    char name[64];
    unsigned char *present = (unsigned char *)t->tensor;
    size_t encoders = (size_t)t->model->n_encoders;
    for (int i = 0; i < batch->n; i++)
        for (size_t e = 0; e < encoders; e++)
            present[(size_t)i * encoders + e] =
                mmofl_recorded(t->model, batch->mask[i], (int)e);
    snprintf(name, sizeof name, "step%d/mask", step);
    add(t, &(mmofl_tensor){.name = name,
                           .type = MMOFL_TENSOR_U8,
                           .n_dims = 2,
                           .dim = {(size_t)batch->n, encoders},
                           .data = present});
    snprintf(name, sizeof name, "step%d/label", step);
    add(t, &(mmofl_tensor){.name = name,
                           .type = MMOFL_TENSOR_I32,
                           .n_dims = 1,
                           .dim = {(size_t)batch->n},
                           .data = batch->label});
}

/* Multipliers of one dropout layer, a row for each sample (ones where the encoder was
 * skipped). */
static void add_dropout(trace *t, int step, const mmofl_batch *batch,
                        const mmofl_workspace *ws, int encoder, int i)
{
    size_t stride;
    const float *rows = mmofl_workspace_dropout(ws, t->model, encoder, i, &stride);
    if (!rows)
        return;
    const mmofl_chain *chain =
        encoder < 0 ? &t->model->head : &t->model->encoder[encoder].chain;
    mmofl_shape shape = chain->layer[i].out;
    for (int s = 0; s < batch->n; s++) {
        bool seen = encoder < 0 || batch->zeros ||
                    mmofl_recorded(t->model, batch->mask[s], encoder);
        float *to = t->tensor + (size_t)s * stride;
        for (size_t k = 0; k < stride; k++)
            to[k] = seen ? rows[k] : 1.0f;
        rows += seen ? stride : 0;
    }
    char name[160];
    if (encoder < 0)
        snprintf(name, sizeof name, "step%d/dropout/head.%d", step, i);
    else
        snprintf(name, sizeof name, "step%d/dropout/encoders.%s.%d", step,
                 t->model->encoder[encoder].name, i);
    mmofl_tensor tensor = sample_array(name, batch->n, shape, t->tensor);
    add(t, &tensor);
}

static void watch_step(void *context, int step, const mmofl_batch *batch, double loss,
                       const float *gradient, const float *parameters,
                       const mmofl_workspace *ws)
{
    trace *t = context;
    char name[64];
    add_inputs(t, step, batch);
    add_masks_and_labels(t, step, batch);
    for (int e = -1; e < t->model->n_encoders; e++) {
        const mmofl_chain *chain =
            e < 0 ? &t->model->head : &t->model->encoder[e].chain;
        for (int i = 0; i < chain->n; i++)
            add_dropout(t, step, batch, ws, e, i);
    }
    if (!t->status)
        t->status =
            mmofl_trace_method_step(&t->method, t->npz, step, batch->n, &t->err);
    snprintf(name, sizeof name, "step%d/loss", step);
    add(t, &(mmofl_tensor){.name = name, .type = MMOFL_TENSOR_F64, .data = &loss});
    snprintf(name, sizeof name, "step%d/grad", step);
    add_parameters(t, name, gradient);
    snprintf(name, sizeof name, "step%d/params", step);
    add_parameters(t, name, parameters);
    memcpy(t->after, parameters, t->model->n_parameters * sizeof(float));
    t->steps = step + 1;
}

/* ---------------------------------------------------------------- meta */

static json_t *layers_json(const mmofl_chain *chain)
{
    json_t *list = json_array();
    for (int i = 0; i < chain->n; i++)
        json_array_append_new(list, mmofl_trace_kind_json(&chain->layer[i].kind->kind,
                                                          chain->layer[i].options));
    return list;
}

static json_t *model_json(const mmofl_model *model, int fusion)
{
    json_t *encoders = json_array();
    for (int e = 0; e < model->n_encoders; e++) {
        json_t *encoder = json_object(), *shape = json_array();
        for (int d = 0; d < model->encoder[e].in.n; d++)
            json_array_append_new(shape, json_integer(model->encoder[e].in.dim[d]));
        json_object_set_new(encoder, "modality", json_string(model->encoder[e].name));
        json_object_set_new(encoder, "shape", shape);
        if (model->encoder[e].chain.layer[0].vocabulary > 0)
            json_object_set_new(
                encoder, "vocabulary",
                json_integer(model->encoder[e].chain.layer[0].vocabulary));
        json_object_set_new(encoder, "layers", layers_json(&model->encoder[e].chain));
        json_array_append_new(encoders, encoder);
    }
    json_t *root = json_object();
    json_object_set_new(root, "encoders", encoders);
    json_object_set_new(root, "fusion",
                        json_string(fusion == MMOFL_FUSION_STACK ? "stack" : "concat"));
    json_object_set_new(root, "head", layers_json(&model->head));
    json_object_set_new(root, "classes", json_integer(model->classes));
    return root;
}

static json_t *train_json(const mmofl_train_spec *train, uint64_t round)
{
    json_t *root = json_object();
    json_object_set_new(root, "lr", json_real(mmofl_lr_at(&train->lr, round)));
    json_object_set_new(root, "momentum", json_real(train->momentum));
    json_object_set_new(root, "weight_decay", json_real(train->weight_decay));
    json_object_set_new(root, "clip_norm", json_real(train->clip_norm));
    json_object_set_new(root, "batch", json_integer(train->batch));
    json_object_set_new(root, "epochs", json_integer(train->epochs));
    return root;
}

static char *meta_text(const trace *t)
{
    const mmofl_experiment *x = t->setup->experiment;
    json_t *root = json_object(), *names = json_array();
    mmofl_parameter p;
    for (int i = 0; mmofl_model_parameter(t->model, i, &p); i++)
        json_array_append_new(names, json_string(p.name));
    json_object_set_new(root, "model", model_json(t->model, x->model.fusion));
    json_object_set_new(root, "train", train_json(&x->train, t->place.round));
    json_object_set_new(root, "method",
                        mmofl_trace_kind_json(x->method.kind, x->method.options.bytes));
    json_object_set_new(root, "device", json_integer((json_int_t)t->place.device));
    json_object_set_new(root, "round", json_integer((json_int_t)t->place.round));
    json_object_set_new(root, "seed", json_integer((json_int_t)x->seed[0]));
    json_object_set_new(root, "steps", json_integer(t->steps));
    json_object_set_new(root, "parameters", names);
    char *text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    return text;
}

/* ---------------------------------------------------------------- the run */

/* Floats of the largest array that a step writes. */
static size_t largest_array(const mmofl_model *model, int batch)
{
    size_t largest = model->n_parameters;
    for (int e = -1; e < model->n_encoders; e++) {
        const mmofl_chain *chain = e < 0 ? &model->head : &model->encoder[e].chain;
        for (int i = 0; i < chain->n; i++) {
            size_t in = mmofl_shape_count(chain->layer[i].in) * (size_t)batch;
            size_t out = mmofl_shape_count(chain->layer[i].out) * (size_t)batch;
            largest = in > largest ? in : largest;
            largest = out > largest ? out : largest;
        }
    }
    return largest;
}

/* The round that is traced comes next. */
static mmofl_status begin_method(trace *t, const mmofl_simulation *simulation)
{
    const mmofl_experiment *x = t->setup->experiment;
    t->method = (mmofl_trace_method){
        .model = t->model,
        .pick = &x->method,
        .prototypes = mmofl_simulation_prototypes(simulation),
        .replay = mmofl_replay_open(x->seed[0], t->place.device, t->place.round)};
    return mmofl_trace_method_begin(&t->method, t->npz, &t->err);
}

static mmofl_status run_to_round(trace *t, mmofl_simulation *simulation)
{
    mmofl_simulation_watch watch = {.device = t->place.device,
                                    .round = t->place.round,
                                    .learner = {.step = watch_step, .context = t},
                                    .before = before};
    mmofl_status st = MMOFL_OK;
    for (uint64_t r = 1; r <= t->place.round && !st; r++) {
        mmofl_round_summary summary;
        if (r == t->place.round)
            st = begin_method(t, simulation);
        if (!st)
            st = mmofl_simulation_round(simulation, &watch, &summary, &t->err);
    }
    if (st)
        return st;
    if (t->status)
        return t->status;
    if (t->steps == 0)
        return mmofl_fail(&t->err, MMOFL_E_NOT_FOUND,
                          "device %" PRIu64 " does not take part in round %" PRIu64,
                          t->place.device, t->place.round);
    add_parameters(t, "after", t->after);
    return t->status;
}

static mmofl_status write_trace(trace *t, mmofl_simulation *simulation,
                                const char *path)
{
    t->model = mmofl_simulation_model(simulation);
    t->tensor = malloc(largest_array(t->model, t->setup->experiment->train.batch) *
                       sizeof(float));
    t->after = malloc(t->model->n_parameters * sizeof(float));
    if (!t->tensor || !t->after)
        return mmofl_fail(&t->err, MMOFL_E_MEMORY, "no memory for the trace");
    mmofl_status st = mmofl_npz_new(path, &t->npz, &t->err);
    if (!st) {
        st = run_to_round(t, simulation);
        char *meta = st ? NULL : meta_text(t);
        if (!st)
            st = meta ? mmofl_npz_add_text(t->npz, "meta", meta, &t->err)
                      : mmofl_fail(&t->err, MMOFL_E_MEMORY, "no memory for the trace");
        free(meta);
        if (st)
            mmofl_npz_abandon(t->npz);
        else
            st = mmofl_npz_finish(t->npz, &t->err);
    }
    return st;
}

/* "key" and a whole number at *text, which moves behind them. */
static bool read_field(const char **text, const char *key, uint64_t *value)
{
    size_t n = strlen(key);
    if (strncmp(*text, key, n) != 0)
        return false;
    *text += n;
    return mmofl_number_whole(text, value) == MMOFL_OK;
}

mmofl_status mmofl_trace_parse(const mmofl_experiment *x, const char *what,
                               mmofl_trace_place *place, mmofl_error *err)
{
    mmofl_trace_place p;
    const char *at = what;
    if (!read_field(&at, "device=", &p.device) ||
        !read_field(&at, ",round=", &p.round) || *at)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "--trace %s: device=K,round=T is wanted",
                          what);
    if (p.device >= (uint64_t)x->fleet.devices || p.round < 1 ||
        p.round > (uint64_t)x->rounds)
        return mmofl_fail(
            err, MMOFL_E_RANGE,
            "--trace %s: a device from 0 to %d and a round from 1 to %d are wanted",
            what, x->fleet.devices - 1, x->rounds);
    *place = p;
    return MMOFL_OK;
}

mmofl_status mmofl_trace_write(const mmofl_setup *setup, mmofl_trace_place place,
                               const char *path, int *steps, mmofl_error *err)
{
    trace t = {.setup = setup, .place = place};
    mmofl_simulation *simulation;
    mmofl_status st =
        mmofl_setup_simulation(setup, setup->experiment->seed[0], &simulation, err);
    if (st)
        return st;
    st = write_trace(&t, simulation, path);
    if (st && err)
        *err = t.err;
    *steps = t.steps;
    mmofl_simulation_delete(simulation);
    free(t.tensor);
    free(t.after);
    return st;
}
