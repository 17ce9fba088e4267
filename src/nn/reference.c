/* reference.c - plain loops, one output value at a time.
 *
 * Parameters are addressed by PyTorch's indices through the tensor's plan, and options
 * by their name in the kind's table, so that neither a storage order nor an options
 * struct is known here as well as there. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "nn/reference.h"

double mmofl_reference_product(const mmofl_gemm *g, int group, int i, int j)
{
    bool shared = g->c_group == 0;
    double sum = 0;
    if (g->accumulate)
        sum = (double)g->c[group * g->c_group + i * g->c_row + j];
    else if (g->bias)
        sum = (double)g->bias[j];
    for (int s = shared ? 0 : group; s < (shared ? g->groups : group + 1); s++)
        for (int k = 0; k < g->depth; k++)
            sum += (double)g->a[s * g->a_group + i * g->a_row + k * g->a_step] *
                   (double)g->b[s * g->b_group + k * g->b_step + j];
    return sum;
}

/* ---------------------------------------------------------------- access */

/* A number among the layer's options. */
static double option(const mmofl_layer *layer, const char *name)
{
    const mmofl_kind *kind = &layer->kind->kind;
    for (int i = 0; i < kind->n_options; i++) {
        const mmofl_option *o = &kind->options[i];
        const char *field = (const char *)layer->options + o->offset;
        if (strcmp(o->name, name) != 0)
            continue;
        return o->type == MMOFL_OPTION_INT ? *(const int *)(const void *)field
                                           : *(const double *)(const void *)field;
    }
    assert(false && "the kind has no such option");
    return 0;
}

static int whole_option(const mmofl_layer *layer, const char *name)
{
    return (int)option(layer, name);
}

/* Parameter [i0][i1][i2] of a tensor, in PyTorch's order of axes. */
static double parameter(const mmofl_layer *layer, int tensor, const double *w, int i0,
                        int i1, int i2)
{
    const mmofl_tensor_plan *t = &layer->tensor[tensor];
    const int index[] = {i0, i1, i2};
    size_t at = 0;
    for (int d = 0; d < t->n_dims; d++)
        at = at * t->dim[t->axis[d]] + (size_t)index[t->axis[d]];
    return w[t->offset + at];
}

static int rows_of(mmofl_shape shape)
{
    return (int)mmofl_shape_rows(shape);
}

static int channels_of(mmofl_shape shape)
{
    return (int)mmofl_shape_channels(shape);
}

/* ---------------------------------------------------------------- layers
 * x is (T, C), y is (T_out, C_out); a layer on vectors has T = 1. */

static void linear(const mmofl_layer *layer, const double *w, const double *x,
                   double *y)
{
    int in = channels_of(layer->in), out = channels_of(layer->out);
    for (int t = 0; t < rows_of(layer->in); t++)
        for (int o = 0; o < out; o++) {
            double sum = parameter(layer, 1, w, o, 0, 0);
            for (int c = 0; c < in; c++)
                sum += parameter(layer, 0, w, o, c, 0) * x[t * in + c];
            y[t * out + o] = sum;
        }
}

static void conv1d(const mmofl_layer *layer, const double *w, const double *x,
                   double *y)
{
    int rows = layer->in.dim[0], in = layer->in.dim[1], out = layer->out.dim[1];
    int kernel = whole_option(layer, "kernel"), stride = whole_option(layer, "stride");
    int pad = whole_option(layer, "pad");
    for (int t = 0; t < layer->out.dim[0]; t++)
        for (int o = 0; o < out; o++) {
            double sum = parameter(layer, 1, w, o, 0, 0);
            for (int k = 0; k < kernel; k++) {
                int from = t * stride + k - pad;
                if (from < 0 || from >= rows)
                    continue;
                for (int c = 0; c < in; c++)
                    sum += parameter(layer, 0, w, o, c, k) * x[from * in + c];
            }
            y[t * out + o] = sum;
        }
}

/* For each window of each channel: its largest value, or its mean with zeros around. */
static void pool(const mmofl_layer *layer, bool largest, const double *x, double *y)
{
    int rows = layer->in.dim[0], channels = layer->in.dim[1];
    int kernel = whole_option(layer, "kernel"), stride = whole_option(layer, "stride");
    int pad = whole_option(layer, "pad");
    stride = stride ? stride : kernel;
    for (int t = 0; t < layer->out.dim[0]; t++)
        for (int c = 0; c < channels; c++) {
            double best = -HUGE_VAL, sum = 0;
            for (int k = 0; k < kernel; k++) {
                int from = t * stride + k - pad;
                if (from < 0 || from >= rows)
                    continue;
                best = fmax(best, x[from * channels + c]);
                sum += x[from * channels + c];
            }
            y[t * channels + c] = largest ? best : sum / kernel;
        }
}

static void max_pool(const mmofl_layer *layer, const double *w, const double *x,
                     double *y)
{
    (void)w;
    pool(layer, true, x, y);
}

static void avg_pool(const mmofl_layer *layer, const double *w, const double *x,
                     double *y)
{
    (void)w;
    pool(layer, false, x, y);
}

static void global_avg_pool(const mmofl_layer *layer, const double *w, const double *x,
                            double *y)
{
    (void)w;
    int rows = rows_of(layer->in), channels = channels_of(layer->in);
    for (int c = 0; c < channels; c++) {
        double sum = 0;
        for (int t = 0; t < rows; t++)
            sum += x[t * channels + c];
        y[c] = sum / rows;
    }
}

/* Standardise rows [t0, t1) x channels [c0, c1) together, then scale and shift. */
static void normalize_set(const mmofl_layer *layer, const double *w, const double *x,
                          double *y, int t0, int t1, int c0, int c1)
{
    int channels = channels_of(layer->in);
    double count = (double)(t1 - t0) * (c1 - c0), mean = 0, variance = 0;
    for (int t = t0; t < t1; t++)
        for (int c = c0; c < c1; c++)
            mean += x[t * channels + c] / count;
    for (int t = t0; t < t1; t++)
        for (int c = c0; c < c1; c++)
            variance += pow(x[t * channels + c] - mean, 2) / count;
    double sd = sqrt(variance + option(layer, "eps"));
    for (int t = t0; t < t1; t++)
        for (int c = c0; c < c1; c++)
            y[t * channels + c] =
                (x[t * channels + c] - mean) / sd * parameter(layer, 0, w, c, 0, 0) +
                parameter(layer, 1, w, c, 0, 0);
}

static void group_norm(const mmofl_layer *layer, const double *w, const double *x,
                       double *y)
{
    int size = channels_of(layer->in) / whole_option(layer, "groups");
    for (int c = 0; c < channels_of(layer->in); c += size)
        normalize_set(layer, w, x, y, 0, rows_of(layer->in), c, c + size);
}

static void layer_norm(const mmofl_layer *layer, const double *w, const double *x,
                       double *y)
{
    for (int t = 0; t < rows_of(layer->in); t++)
        normalize_set(layer, w, x, y, t, t + 1, 0, channels_of(layer->in));
}

/* ---------------------------------------------------------------- value by value */

#define VALUE_BY_VALUE(name, expression)                                               \
    static void name(const mmofl_layer *layer, const double *w, const double *x,       \
                     double *y)                                                        \
    {                                                                                  \
        (void)w;                                                                       \
        for (size_t i = 0; i < mmofl_shape_count(layer->in); i++)                      \
            y[i] = expression;                                                         \
    }
VALUE_BY_VALUE(relu, x[i] > 0 ? x[i] : 0)
VALUE_BY_VALUE(leaky_relu, x[i] > 0 ? x[i] : option(layer, "slope") * x[i])
VALUE_BY_VALUE(tanh_values, tanh(x[i]))
VALUE_BY_VALUE(gelu, x[i] * 0.5 * (1 + erf(x[i] * 0.70710678118654752440)))
VALUE_BY_VALUE(same_values, x[i])

static const struct {
    const char *name;
    void (*forward)(const mmofl_layer *layer, const double *w, const double *x,
                    double *y);
} kinds[] = {
    {"linear", linear},
    {"conv1d", conv1d},
    {"relu", relu},
    {"leaky_relu", leaky_relu},
    {"tanh", tanh_values},
    {"gelu", gelu},
    {"max_pool", max_pool},
    {"avg_pool", avg_pool},
    {"global_avg_pool", global_avg_pool},
    {"flatten", same_values},
    {"group_norm", group_norm},
    {"layer_norm", layer_norm},
    {"dropout", same_values}, /* and then the multipliers */
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
