/* parameters.c - a model's tensors by name: initial values, and PyTorch's layout and
 * back. */
#include <stdio.h>

#include "nn/model.h"

/* The layer that holds tensor number *i of the chain; counts *i down past the chain's
 * own. */
static bool find_in_chain(const mmofl_chain *chain, int *i,
                          const mmofl_tensor_plan **tensor, int *layer_index,
                          size_t *offset)
{
    for (int l = 0; l < chain->n; l++) {
        const mmofl_layer *layer = &chain->layer[l];
        if (*i < layer->n_tensors) {
            *tensor = &layer->tensor[*i];
            *layer_index = l;
            *offset = chain->parameters[l] + (*tensor)->offset;
            return true;
        }
        *i -= layer->n_tensors;
    }
    return false;
}

static size_t tensor_count(const mmofl_tensor_plan *tensor)
{
    size_t count = 1;
    for (int d = 0; d < tensor->n_dims; d++)
        count *= tensor->dim[d];
    return count;
}

bool mmofl_model_parameter(const mmofl_model *model, int i, mmofl_parameter *out)
{
    const mmofl_tensor_plan *tensor;
    int layer;
    size_t offset;
    for (int e = 0; e < model->n_encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        if (find_in_chain(&encoder->chain, &i, &tensor, &layer, &offset)) {
            *out = (mmofl_parameter){
                .plan = tensor, .offset = offset, .count = tensor_count(tensor)};
            snprintf(out->name, sizeof out->name, "encoders.%s.%d.%s", encoder->name,
                     layer, tensor->name);
            return true;
        }
    }
    if (!find_in_chain(&model->head, &i, &tensor, &layer, &offset))
        return false;
    *out = (mmofl_parameter){
        .plan = tensor, .offset = offset, .count = tensor_count(tensor)};
    snprintf(out->name, sizeof out->name, "head.%d.%s", layer, tensor->name);
    return true;
}

void mmofl_model_init(const mmofl_model *model, uint64_t seed, float *w)
{
    mmofl_parameter p;
    for (int i = 0; mmofl_model_parameter(model, i, &p); i++) {
        mmofl_rng rng =
            mmofl_rng_open(seed, MMOFL_NO_DEVICE, (uint64_t)i, MMOFL_USE_INIT);
        double bound = (double)p.plan->bound;
        float *to = w + p.offset;
        for (size_t k = 0; k < p.plan->zeros; k++)
            to[k] = 0;
        for (size_t k = p.plan->zeros; k < p.count; k++)
            to[k] = p.plan->bound > 0
                        ? (float)(bound * (2 * mmofl_rng_uniform(&rng) - 1))
                        : p.plan->constant;
    }
}

/* One axis of a tensor: how long, and floats to the next one in PyTorch's order and as
 * stored. */
typedef struct axis {
    size_t n, outside, stored;
} axis;

/* The tensor's axes, filled up with ones of length 1: last the one along which stored
 * values are neighbours, before it the one along which PyTorch's are. */
static void find_axes(const mmofl_tensor_plan *t, axis axes[MMOFL_LAYER_AXES])
{
    axis of[MMOFL_LAYER_AXES] = {0};
    size_t outside = 1, stored = 1;
    for (int d = t->n_dims - 1; d >= 0; d--) {
        of[d].n = t->dim[d], of[d].outside = outside;
        of[t->axis[d]].stored = stored;
        outside *= t->dim[d], stored *= t->dim[t->axis[d]];
    }
    int last = t->axis[t->n_dims - 1], before = t->n_dims - 1, left = MMOFL_LAYER_AXES;
    axes[--left] = of[last];
    if (before != last)
        axes[--left] = of[before];
    for (int d = 0; d < t->n_dims; d++)
        if (d != last && d != before)
            axes[--left] = of[d];
    while (left > 0)
        axes[--left] = (axis){.n = 1};
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Two axes, in squares that cache lines of both orders fit into. */
static void copy_plane(axis row, axis column, const float *from, float *to,
                       bool outwards)
{
    enum { SIDE = 16 };
    for (size_t i = 0; i < row.n; i += SIDE)
        for (size_t j = 0; j < column.n; j += SIDE)
            for (size_t r = i; r < smaller(i + SIDE, row.n); r++)
                for (size_t c = j; c < smaller(j + SIDE, column.n); c++) {
                    size_t outside = r * row.outside + c * column.outside,
                           stored = r * row.stored + c * column.stored;
                    if (outwards)
                        to[outside] = from[stored];
                    else
                        to[stored] = from[outside];
                }
}

/* A tensor from its stored order to PyTorch's, or back. */
static void copy_tensor(const mmofl_tensor_plan *t, const float *from, float *to,
                        bool outwards)
{
    axis axes[MMOFL_LAYER_AXES];
    find_axes(t, axes);
    for (size_t i = 0; i < axes[0].n; i++)
        for (size_t j = 0; j < axes[1].n; j++) {
            size_t outside = i * axes[0].outside + j * axes[1].outside,
                   stored = i * axes[0].stored + j * axes[1].stored;
            copy_plane(axes[2], axes[3], from + (outwards ? stored : outside),
                       to + (outwards ? outside : stored), outwards);
        }
}

void mmofl_parameter_export(const mmofl_parameter *p, const float *w, float *out)
{
    copy_tensor(p->plan, w + p->offset, out, true);
}

void mmofl_parameter_import(const mmofl_parameter *p, const float *in, float *w)
{
    copy_tensor(p->plan, in, w + p->offset, false);
}
