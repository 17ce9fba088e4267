/* reference.c - plain loops, one output value at a time.
 * The layers are in reference/. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/reference.h"
#include "nn/reference/reference_layer.h"

double mmofl_reference_product(const mmofl_gemm *g, int group, int i, int j)
{
    bool shared = g->c_group == 0;
    double sum = 0;
    if (g->accumulate)
        sum = (double)g->c[group * g->c_group + i * g->c_row + j];
    else if (g->bias)
        sum = (double)g->bias[j];
    for (int s = shared ? 0 : group; s < (shared ? g->groups : group + 1); s++)
        for (int r = 0; r < (g->runs ? g->runs : 1); r++)
            for (int k = 0; k < g->depth; k++)
                sum += (double)g->a[s * g->a_group + r * g->a_run + i * g->a_row +
                                    k * g->a_step] *
                       (double)g->b[s * g->b_group + r * g->b_run + k * g->b_step + j];
    return g->rectify && sum < 0 ? 0 : sum;
}

/* ---------------------------------------------------------------- layers */

static const struct {
    const char *name;
    void (*forward)(const mmofl_layer *layer, const double *w, const double *x,
                    double *y);
} kinds[] = {
#define ROW(name) {#name, mmofl_reference_##name},
    MMOFL_LAYER_LIST(ROW)
#undef ROW
};

void mmofl_reference_layer(const mmofl_layer *layer, const double *w,
                           const float *multiplier, const double *x, double *y)
{
    size_t k = 0, n = sizeof kinds / sizeof *kinds;
    while (k < n && strcmp(kinds[k].name, layer->kind->kind.name) != 0)
        k++;
    assert(k < n && "a layer kind without its reference");
    kinds[k].forward(layer, w, x, y);
    if (!layer->kind->draws_masks || !multiplier)
        return;
    for (size_t i = 0; i < mmofl_shape_count(layer->out); i++)
        y[i] *= (double)multiplier[i];
}

/* ---------------------------------------------------------------- models */

static size_t widest_of(const mmofl_chain *chain)
{
    size_t widest = mmofl_shape_count(chain->layer[0].in);
    for (int i = 0; i < chain->n; i++) {
        size_t count = mmofl_shape_count(chain->layer[i].out);
        widest = count > widest ? count : widest;
    }
    return widest;
}

/* The most values that lie between two layers anywhere in the model. */
static size_t widest_of_model(const mmofl_model *model)
{
    size_t widest = widest_of(&model->head);
    for (int e = 0; e < model->n_encoders; e++) {
        size_t count = widest_of(&model->encoder[e].chain);
        widest = count > widest ? count : widest;
    }
    return widest;
}

size_t mmofl_reference_work(const mmofl_model *model)
{
    return 3 * widest_of_model(model) + model->features;
}

/* Run the chain on `values`, which also receives its output; other: a second buffer. */
static void run_chain(const mmofl_chain *chain, int encoder, int sample,
                      const double *w, mmofl_reference_masks *masks, void *context,
                      double *values, double *other)
{
    for (int i = 0; i < chain->n; i++) {
        const mmofl_layer *layer = &chain->layer[i];
        const float *multiplier = NULL;
        if (masks && layer->kind->draws_masks)
            multiplier = masks(context, encoder, i, sample);
        mmofl_reference_layer(layer, w + chain->parameters[i], multiplier, values,
                              other);
        memcpy(values, other, mmofl_shape_count(layer->out) * sizeof *values);
    }
}

/* -log softmax(logits)[label] */
static double cross_entropy(const double *logits, int classes, int label)
{
    double top = logits[0];
    for (int c = 1; c < classes; c++)
        top = fmax(top, logits[c]);
    double sum = exp(logits[0] - top);
    for (int c = 1; c < classes; c++)
        sum += exp(logits[c] - top);
    return log(sum) + top - logits[label];
}

double mmofl_reference_loss(const mmofl_model *model, const double *w,
                            const mmofl_batch *batch, mmofl_reference_masks *masks,
                            void *context, double *work)
{
    size_t widest = widest_of_model(model);
    double *values = work, *other = values + widest, *fused = other + widest;
    float *fetched = (float *)(void *)(fused + model->features);
    double loss = 0;
    for (int s = 0; s < batch->n; s++) {
        memset(fused, 0, model->features * sizeof *fused);
        for (int e = 0; e < model->n_encoders; e++) {
            const mmofl_encoder *encoder = &model->encoder[e];
            if (!(batch->mask[s] >> encoder->modality & 1))
                continue;
            batch->fetch(batch->context, s, encoder->modality, fetched);
            for (size_t i = 0; i < mmofl_shape_count(encoder->in); i++)
                values[i] = (double)fetched[i];
            run_chain(&encoder->chain, e, s, w, masks, context, values, other);
            memcpy(fused + encoder->at, values, encoder->features * sizeof *fused);
        }
        memcpy(values, fused, model->features * sizeof *values);
        run_chain(&model->head, -1, s, w, masks, context, values, other);
        loss += cross_entropy(values, model->classes, batch->label[s]);
    }
    return loss / batch->n;
}
