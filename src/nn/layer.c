/* layer.c - planning that is the same for every kind. */
#include <assert.h>

#include "nn/layer.h"

mmofl_status mmofl_layer_plan(const mmofl_pick *pick, mmofl_shape in,
                              mmofl_layer *layer, mmofl_error *err)
{
    mmofl_layer planned = {.kind = (const mmofl_layer_kind *)(const void *)pick->kind,
                           .options = pick->options.bytes,
                           .in = in,
                           .out = in};
    mmofl_status st = planned.kind->plan(&planned, err);
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
