/* pass.c - forward and backward through encoders, fusion and head, a piece of a batch
 * at a time.
 *
 * An encoder sees only the samples that have its modality, packed one after the other;
 * their features are scattered into the head's input, whose other slots are zero.  So a
 * missing modality costs nothing and its encoder gets no gradient from that sample. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "nn/gradient.h"
#include "nn/workspace.h"

/* ---------------------------------------------------------------- chains */

static double started(const mmofl_chain_space *space)
{
    return space->times ? mmofl_clock_thread_seconds() : 0;
}

static void ended(const mmofl_chain_space *space, const mmofl_layer *layer,
                  mmofl_phase phase, double start)
{
    if (space->times)
        space->times[layer->number].seconds[phase] +=
            mmofl_clock_thread_seconds() - start;
}

/* g: for layers that tell which rows they touch; may be NULL. */
static void prepare(const mmofl_chain *chain, mmofl_chain_space *space, const float *w,
                    const mmofl_rng *random, const mmofl_gradient *g)
{
    for (int i = 0; i < chain->n; i++) {
        const mmofl_layer *layer = &chain->layer[i];
        space->run[i].random = random;
        space->run[i].touched = g ? mmofl_gradient_rows(g, chain->parameters[i]) : NULL;
        double start = started(space);
        if (layer->kind->prepare)
            layer->kind->prepare(layer, &space->run[i], w + chain->parameters[i]);
        ended(space, layer, MMOFL_PREPARE, start);
    }
}

static void forward(const mmofl_chain *chain, const mmofl_chain_space *space,
                    const float *w, int n)
{
    for (int i = 0; i < chain->n; i++) {
        const mmofl_layer *layer = &chain->layer[i];
        double start = started(space);
        layer->kind->forward(layer, &space->run[i], n, w + chain->parameters[i],
                             space->value[i], space->value[i + 1]);
        ended(space, layer, MMOFL_FORWARD, start);
    }
}

/* A layer's part of the gradient, zeros.  Rows of embeddings have somebody else who
 * clears those that were touched, if anybody asks which ones are. */
static void clear(const mmofl_layer *layer, const mmofl_layer_run *run, float *dw)
{
    if (!run->touched)
        memset(dw, 0, layer->n_parameters * sizeof(float));
}

/* Adds to g, or (space->first) makes the chain's part of it. */
static void backward(const mmofl_chain *chain, mmofl_chain_space *space, const float *w,
                     int n, float *g)
{
    for (int i = chain->n - 1; i >= 0; i--) {
        const mmofl_layer *layer = &chain->layer[i];
        const mmofl_span none = {0};
        double start = started(space);
        space->run[i].first = space->first;
        if (space->first && !layer->kind->starts_dw)
            clear(layer, &space->run[i], g + chain->parameters[i]);
        layer->kind->backward(layer, &space->run[i], n, w + chain->parameters[i],
                              space->value[i], space->value[i + 1],
                              space->gradient[i + 1],
                              space->run[i].wants_dx ? space->gradient[i] : none,
                              g + chain->parameters[i]);
        ended(space, layer, MMOFL_BACKWARD, start);
    }
    space->first = false;
}

static void prepare_all(const mmofl_model *model, mmofl_workspace *ws, const float *w,
                        const mmofl_rng *random, const mmofl_gradient *g)
{
    for (int e = 0; e < model->n_encoders; e++)
        prepare(&model->encoder[e].chain, &ws->encoder[e], w, random, g);
    prepare(&model->head, &ws->head, w, random, g);
}

/* Chains that no sample went through have a gradient of zeros. */
static void clear_unused(const mmofl_chain *chain, const mmofl_chain_space *space,
                         float *g)
{
    for (int i = 0; i < chain->n && space->first; i++)
        clear(&chain->layer[i], &space->run[i], g + chain->parameters[i]);
}

/* ---------------------------------------------------------------- one piece */

/* Which samples of the piece the encoder sees: fills ws->row, returns how many. */
static int find_rows(mmofl_workspace *ws, const mmofl_encoder *encoder,
                     const mmofl_batch *batch, int from, int n)
{
    int rows = 0;
    for (int i = 0; i < n; i++)
        if (batch->zeros || batch->mask[from + i] >> encoder->modality & 1)
            ws->row[rows++] = i;
    return rows;
}

/* Values of one sample, zeros where the modality is missing (and zeros are wanted). */
static void fetch(const mmofl_encoder *encoder, const mmofl_batch *batch, int i,
                  float *values)
{
    if (batch->mask[i] >> encoder->modality & 1)
        batch->fetch(batch->context, i, encoder->modality, values);
    else
        memset(values, 0, mmofl_shape_count(encoder->in) * sizeof(float));
}

/* Values of the encoder's rows, one after the other; those a few samples on are asked
 * for first. */
static void fetch_rows(const mmofl_workspace *ws, const mmofl_encoder *encoder,
                       const mmofl_batch *batch, int from, int rows, mmofl_span in)
{
    enum { AHEAD = 2 };
    for (int i = 0; i < rows; i++) {
        if (batch->ahead && i + AHEAD < rows)
            batch->ahead(batch->context, from + ws->row[i + AHEAD], encoder->modality);
        fetch(encoder, batch, from + ws->row[i], in.at + (size_t)i * in.stride);
    }
}

static void copy_features(const float *from, float *to, size_t count)
{
    memcpy(to, from, count * sizeof(float));
}

/* The rows' features to the samples that they are of, zeros to the others.  From the
 * last sample to the first, because rows may lie among the head's input already
 * (mmofl_encoder_passes_on): what is still to be moved lies before what is written. */
static void scatter(const mmofl_workspace *ws, const mmofl_encoder *encoder, int rows,
                    int n, mmofl_span features, mmofl_span fused)
{
    for (int i = n - 1; i >= 0; i--) {
        float *to = fused.at + (size_t)i * fused.stride + encoder->at;
        if (rows == 0 || ws->row[rows - 1] != i) {
            memset(to, 0, encoder->features * sizeof *to);
            continue;
        }
        rows--;
        const float *from = features.at + (size_t)rows * features.stride;
        if (from != to)
            copy_features(from, to, encoder->features);
    }
}

/* Encoder e on the piece's samples that have it; features go to the head's input. */
static void encode(const mmofl_model *model, mmofl_workspace *ws, int e, const float *w,
                   const mmofl_batch *batch, int from, int n)
{
    const mmofl_encoder *encoder = &model->encoder[e];
    mmofl_chain_space *space = &ws->encoder[e];
    uint64_t *sample = ws->sample + (size_t)e * (size_t)ws->capacity;
    int rows = find_rows(ws, encoder, batch, from, n);
    mmofl_span in = space->value[0], out = space->value[encoder->chain.n];
    fetch_rows(ws, encoder, batch, from, rows, in);
    for (int i = 0; i < rows; i++)
        sample[i] = batch->first_sample + (uint64_t)(from + ws->row[i]);
    if (rows > 0)
        forward(&encoder->chain, space, w, rows);
    scatter(ws, encoder, rows, n, out, ws->head.value[0]);
}

static void forward_piece(const mmofl_model *model, mmofl_workspace *ws, const float *w,
                          const mmofl_batch *batch, int from, int n)
{
    uint64_t *sample = ws->sample + (size_t)model->n_encoders * (size_t)ws->capacity;
    for (int i = 0; i < n; i++)
        sample[i] = batch->first_sample + (uint64_t)(from + i);
    for (int e = 0; e < model->n_encoders; e++)
        encode(model, ws, e, w, batch, from, n);
    const mmofl_feature_hooks *hooks = batch->hooks;
    if (hooks && hooks->fused)
        hooks->fused(hooks->context, batch, from, n, ws->head.value[0]);
    forward(&model->head, &ws->head, w, n);
}

static void backward_piece(const mmofl_model *model, mmofl_workspace *ws,
                           const float *w, const mmofl_batch *batch, int from, int n,
                           float *g)
{
    backward(&model->head, &ws->head, w, n, g);
    mmofl_span fused = ws->head.gradient[0];
    const mmofl_feature_hooks *hooks = batch->hooks;
    if (hooks && hooks->gradient)
        hooks->gradient(hooks->context, batch, from, n, ws->head.value[0], fused);
    for (int e = 0; e < model->n_encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        mmofl_span out = ws->encoder[e].gradient[encoder->chain.n];
        if (encoder->n_parameters == 0)
            continue;
        int rows = find_rows(ws, encoder, batch, from, n);
        for (int i = 0; i < rows; i++)
            copy_features(fused.at + (size_t)ws->row[i] * fused.stride + encoder->at,
                          out.at + (size_t)i * out.stride, encoder->features);
        if (rows > 0)
            backward(&encoder->chain, &ws->encoder[e], w, rows, g);
    }
}

static int largest(const float *values, int n)
{
    int best = 0;
    for (int c = 1; c < n; c++)
        best = values[c] > values[best] ? c : best;
    return best;
}

/* The mask of a sample that lacks nothing. */
static uint32_t all_modalities(const mmofl_model *model)
{
    uint32_t all = 0;
    for (int e = 0; e < model->n_encoders; e++)
        all |= UINT32_C(1) << model->encoder[e].modality;
    return all;
}

static void add_loss(mmofl_pass_result *result, uint32_t all, uint32_t mask, float loss)
{
    result->loss_sum += (double)loss;
    if ((mask & all) == all) {
        result->whole_loss_sum += (double)loss;
        result->whole++;
    }
}

static int piece_size(const mmofl_workspace *ws, const mmofl_batch *batch, int from)
{
    return batch->n - from < ws->capacity ? batch->n - from : ws->capacity;
}

/* Forward and backward over a whole batch, its layers prepared: makes g. */
static mmofl_pass_result make_gradient(const mmofl_model *model, mmofl_workspace *ws,
                                       const float *w, const mmofl_batch *batch,
                                       float *g)
{
    assert(ws->training && batch->n > 0);
    mmofl_pass_result result = {0};
    mmofl_span logits = ws->head.value[model->head.n],
               dlogits = ws->head.gradient[model->head.n];
    float weight = 1.0f / (float)batch->n;
    uint32_t all = all_modalities(model);
    ws->head.first = true;
    for (int e = 0; e < model->n_encoders; e++)
        ws->encoder[e].first = true;
    for (int from = 0, n; from < batch->n; from += n) {
        n = piece_size(ws, batch, from);
        forward_piece(model, ws, w, batch, from, n);
        for (int i = 0; i < n; i++) {
            float *d = dlogits.at + (size_t)i * dlogits.stride;
            copy_features(logits.at + (size_t)i * logits.stride, d,
                          (size_t)model->classes);
            int label = batch->label[from + i];
            result.correct += largest(d, model->classes) == label;
            float loss = model->isa->ops->softmax_cross_entropy(d, model->classes,
                                                                label, weight, true);
            add_loss(&result, all, batch->mask[from + i], loss);
        }
        backward_piece(model, ws, w, batch, from, n, g);
    }
    for (int e = 0; e < model->n_encoders; e++)
        clear_unused(&model->encoder[e].chain, &ws->encoder[e], g);
    return result;
}

mmofl_pass_result mmofl_model_gradient(const mmofl_model *model, mmofl_workspace *ws,
                                       const float *w, const mmofl_batch *batch,
                                       const mmofl_rng *random, float *g)
{
    prepare_all(model, ws, w, random, NULL);
    return make_gradient(model, ws, w, batch, g);
}

mmofl_pass_result mmofl_gradient_pass(mmofl_gradient *g, const mmofl_model *model,
                                      mmofl_workspace *ws, const float *w,
                                      const mmofl_batch *batch, const mmofl_rng *random)
{
    mmofl_gradient_begin(g);
    prepare_all(model, ws, w, random, g);
    return make_gradient(model, ws, w, batch, g->at);
}

mmofl_pass_result mmofl_model_predict(const mmofl_model *model, mmofl_workspace *ws,
                                      const float *w, const mmofl_batch *batch,
                                      int32_t *predicted, float *loss,
                                      float *probability)
{
    mmofl_pass_result result = {0};
    size_t classes = (size_t)model->classes;
    prepare_all(model, ws, w, NULL, NULL);
    mmofl_span logits = ws->head.value[model->head.n];
    uint32_t all = all_modalities(model);
    for (int from = 0, n; from < batch->n; from += n) {
        n = piece_size(ws, batch, from);
        forward_piece(model, ws, w, batch, from, n);
        for (int i = 0; i < n; i++) {
            float *p = logits.at + (size_t)i * logits.stride;
            int label = batch->label[from + i], class = largest(p, model->classes);
            float l = model->isa->ops->softmax_cross_entropy(p, model->classes, label,
                                                             1, false);
            add_loss(&result, all, batch->mask[from + i], l);
            result.correct += class == label;
            if (predicted)
                predicted[from + i] = class;
            if (loss)
                loss[from + i] = l;
            if (probability)
                copy_features(p, probability + (size_t)(from + i) * classes, classes);
        }
    }
    return result;
}

/* ---------------------------------------------------------------- the head alone */

double mmofl_head_pass_run(mmofl_head_pass *pass, const float *w, int n,
                           const int32_t *label, const float *weight, float *softmax,
                           float *g)
{
    const mmofl_model *model = pass->model;
    const mmofl_chain *head = &pass->head;
    size_t classes = (size_t)model->classes;
    mmofl_span logits = pass->space.value[head->n], d = pass->space.gradient[head->n];
    double loss_sum = 0;
    assert(n <= pass->capacity);
    prepare(head, &pass->space, w, NULL, NULL);
    forward(head, &pass->space, w, n);
    for (int i = 0; i < n; i++) {
        float *di = d.at + (size_t)i * d.stride;
        const float *li = logits.at + (size_t)i * logits.stride;
        if (softmax) {
            float *p = softmax + (size_t)i * classes;
            copy_features(li, p, classes);
            model->isa->ops->softmax_cross_entropy(p, model->classes, label[i], 1,
                                                   false);
        }
        copy_features(li, di, classes);
        loss_sum +=
            (double)weight[i] * (double)model->isa->ops->softmax_cross_entropy(
                                    di, model->classes, label[i], weight[i], true);
    }
    if (g)
        backward(head, &pass->space, w, n, g);
    return loss_sum;
}
