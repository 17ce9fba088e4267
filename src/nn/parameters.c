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

/* Walk the stored tensor in order; outside[k] is where stored element k lies in
 * PyTorch's. */
static void copy_tensor(const mmofl_tensor_plan *t, const float *from, float *to,
                        bool outwards)
{
    size_t outer_stride[4] = {0}, index[4] = {0}, stride = 1;
    for (int d = t->n_dims - 1; d >= 0; d--) {
        outer_stride[d] = stride;
        stride *= t->dim[d];
    }
    size_t count = stride;
    for (size_t k = 0; k < count; k++) {
        size_t outside = 0;
        for (int d = 0; d < t->n_dims; d++)
            outside += index[d] * outer_stride[t->axis[d]];
        if (outwards)
            to[outside] = from[k];
        else
            to[k] = from[outside];
        for (int d = t->n_dims - 1; d >= 0 && ++index[d] == t->dim[t->axis[d]]; d--)
            index[d] = 0;
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
