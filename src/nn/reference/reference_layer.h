/* reference_layer.h - the plain loops of one layer: what each of them is given, and how
 * they reach options and parameters.
 *
 * Parameters are addressed by PyTorch's indices through the tensor's plan, and options
 * by their name in the kind's table, so that neither a storage order nor an options
 * struct is known here as well as in the layer. */
#ifndef MMOFL_NN_REFERENCE_REFERENCE_LAYER_H
#define MMOFL_NN_REFERENCE_REFERENCE_LAYER_H

#include <assert.h>
#include <string.h>

#include "nn/layer.h"
#include "nn/layers/list.h"

/* y = layer(x) for one sample; every kind in the list has one. */
#define MMOFL_REFERENCE(name)                                                          \
    void mmofl_reference_##name(const mmofl_layer *layer, const double *w,             \
                                const double *x, double *y)
#define MMOFL_REFERENCE_DECLARE(name) MMOFL_REFERENCE(name);
MMOFL_LAYER_LIST(MMOFL_REFERENCE_DECLARE)
#undef MMOFL_REFERENCE_DECLARE

/* A number, a choice's index or a boolean among the layer's options. */
static inline double option(const mmofl_layer *layer, const char *name)
{
    const mmofl_kind *kind = &layer->kind->kind;
    for (int i = 0; i < kind->n_options; i++) {
        const mmofl_option *o = &kind->options[i];
        const char *field = (const char *)layer->options + o->offset;
        if (strcmp(o->name, name) != 0)
            continue;
        if (o->type == MMOFL_OPTION_BOOL)
            return *(const bool *)(const void *)field;
        return o->type == MMOFL_OPTION_REAL ? *(const double *)(const void *)field
                                            : *(const int *)(const void *)field;
    }
    assert(false && "the kind has no such option");
    return 0;
}

static inline int whole_option(const mmofl_layer *layer, const char *name)
{
    return (int)option(layer, name);
}

/* Where the parameter of a tensor at `index`, in PyTorch's order of axes, stands. */
static inline size_t parameter_place(const mmofl_layer *layer, int tensor,
                                     const int *index)
{
    const mmofl_tensor_plan *t = &layer->tensor[tensor];
    size_t at = 0;
    for (int d = 0; d < t->n_dims; d++)
        at = at * t->dim[t->axis[d]] + (size_t)index[t->axis[d]];
    return t->offset + at;
}

/* Parameter [i0][i1][i2] of a tensor of up to three axes. */
static inline double parameter(const mmofl_layer *layer, int tensor, const double *w,
                               int i0, int i1, int i2)
{
    return w[parameter_place(layer, tensor, (const int[]){i0, i1, i2})];
}

static inline int rows_of(mmofl_shape shape)
{
    return (int)mmofl_shape_rows(shape);
}

static inline int channels_of(mmofl_shape shape)
{
    return (int)mmofl_shape_channels(shape);
}

/* A row of zeros is absent. */
static inline bool row_is_zero(const double *row, int channels)
{
    for (int c = 0; c < channels; c++)
        if (row[c] != 0)
            return false;
    return true;
}

#endif
