/* layer.c - planning that is the same for every kind. */
#include <assert.h>

#include "nn/layer.h"

static mmofl_status check_tokens(const mmofl_layer_kind *kind, int vocabulary,
                                 mmofl_error *err)
{
    if (kind->takes_tokens && vocabulary == 0)
        return mmofl_fail(err, MMOFL_E_TYPE,
                          "%s wants token ids, its input are real values",
                          kind->kind.name);
    if (!kind->takes_tokens && vocabulary > 0)
        return mmofl_fail(err, MMOFL_E_TYPE,
                          "%s wants real values, its input are token ids; begin with "
                          "embedding",
                          kind->kind.name);
    return MMOFL_OK;
}

mmofl_status mmofl_layer_plan(const mmofl_pick *pick, mmofl_shape in, int vocabulary,
                              mmofl_layer *layer, mmofl_error *err)
{
    mmofl_layer planned = {.kind = (const mmofl_layer_kind *)(const void *)pick->kind,
                           .options = pick->options.bytes,
                           .in = in,
                           .out = in,
                           .vocabulary = vocabulary};
    mmofl_status st = check_tokens(planned.kind, vocabulary, err);
    if (!st)
        st = planned.kind->plan(&planned, err);
    if (st)
        return st;
    *layer = planned;
    return MMOFL_OK;
}

int mmofl_layer_add_tensor(mmofl_layer *layer, mmofl_tensor_plan tensor)
{
    assert(layer->n_tensors < MMOFL_LAYER_TENSORS);
    size_t count = 1;
    for (int i = 0; i < tensor.n_dims; i++)
        count *= tensor.dim[i];
    tensor.offset = layer->n_parameters;
    layer->n_parameters += count;
    layer->tensor[layer->n_tensors] = tensor;
    return layer->n_tensors++;
}

mmofl_kind_list mmofl_layer_kinds(void)
{
    return mmofl_isa_best()->layers;
}
