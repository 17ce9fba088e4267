/* layer.h - what a layer is.  Adding one is one file in layers/ and one row in
 * layers.c.
 *
 * A layer maps one sample of shape `in` to one of shape `out`; n samples go through at
 * a time.  Values lie channels last: (T, C) has C contiguous floats for each time step.
 *
 *   span of n samples:   | margin | sample 0 | margin | ... | margin | sample 1 | ...
 *                                 ^ at                              ^ at + stride
 *
 * A layer may ask for zero rows around each sample of its input (`x_margin`: padding of
 * a convolution) and around each sample of the gradient that reaches it (`dy_margin`);
 * whoever builds the buffers provides them and nobody writes there.
 *
 * Rows (all values of the last axis) of exact zeros stand for what is not there: the
 * end of a shorter text, the slot of a missing modality.  Kinds with an option `masked`
 * leave such rows out; the others compute with them.
 *
 * Everything here is planned once (mmofl_layer_plan) and then read-only; what changes
 * while training lives in the parameters and in the layer_run. */
#ifndef MMOFL_NN_LAYER_H
#define MMOFL_NN_LAYER_H

#include "base/rng.h"
#include "mmofl/dataset.h"
#include "nn/isa.h"
#include "nn/kernels/ops.h"

/** n samples, `stride` floats apart. */
typedef struct mmofl_span {
    float *at;
    size_t stride;
} mmofl_span;

/** Zero floats before and after each sample. */
typedef struct mmofl_margin {
    size_t before, after;
} mmofl_margin;

enum { MMOFL_LAYER_TENSORS = 8, MMOFL_LAYER_AXES = 4 };

/** One parameter tensor.  Outside (files, traces) it has PyTorch's name and shape;
 * inside, its axes are reordered so that the output channel is the contiguous one. */
typedef struct mmofl_tensor_plan {
    const char *name; /* "weight", "bias" */
    int n_dims;
    size_t dim[MMOFL_LAYER_AXES]; /* PyTorch's shape */
    int axis[MMOFL_LAYER_AXES];   /* stored axis i is PyTorch's axis axis[i] */
    size_t offset;                /* floats from the layer's first parameter */
    float bound;                  /* initial values uniform in [-bound, bound) ... */
    float constant;               /* ... or, with bound 0, all this ... */
    size_t zeros; /* ... but the first ones stored are zero (row of the padding) */
    bool rows;    /* (rows, width), the layer's first tensor: a pass adds to few of the
                   * rows, and tells run->touched which */
} mmofl_tensor_plan;

typedef struct mmofl_layer mmofl_layer;

/** What one pass over one layer may use. */
typedef struct mmofl_layer_run {
    const mmofl_ops *ops;
    float *scratch;    /* fixed_scratch + capacity * sample_scratch floats, kept from
                        * prepare to backward */
    int capacity;      /* most samples a span can have */
    bool training;     /* dropout is on, and backward will follow */
    bool wants_dx;     /* backward will be asked for dx */
    bool first;        /* dw holds nothing yet: a kind that starts_dw writes it */
    uint64_t *touched; /* bit r % 64 of word r / 64: backward added to row r of the
                        * tensor with rows; NULL: nobody asks */
    const mmofl_rng *random; /* names the dropout masks of a round */
    const uint64_t *sample;  /* (n) number of each sample in its round */
} mmofl_layer_run;

typedef struct mmofl_layer_kind {
    mmofl_kind kind;
    bool in_place;     /* y may be x: backward looks at y (uses_y) or at neither */
    bool keeps_values; /* output values are the input's: in place whatever is around it
                        */
    bool uses_x;       /* backward reads x */
    bool uses_y;       /* backward reads y */
    bool draws_masks;  /* scratch holds multipliers of the samples (dropout) */
    bool takes_tokens; /* x holds ids, as whole numbers; other kinds want real values */
    bool is_relu;      /* y = max(x, 0): neighbours may do parts of it, that ... */
    bool does_relu_after;  /* ... write max(y, 0) where layer->relu_after is set, or */
    bool does_relu_before; /* ... give dx only where x > 0, with layer->relu_before */
    bool starts_dw; /* backward knows run->first; for other kinds dw is cleared, which
                     * is one more way through the cache for all of it */
    /** From layer->in and options: out, tensors, margins, scratch, work.
     * @retval E_SHAPE  the input's shape does not fit; err says what was wanted */
    mmofl_status (*plan)(mmofl_layer *layer, mmofl_error *err);
    /** Before the samples of a step, once its parameters are known; may be NULL. */
    void (*prepare)(const mmofl_layer *layer, const mmofl_layer_run *run,
                    const float *w);
    void (*forward)(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y);
    /** dw += gradient of the parameters (run->first: dw = that); dx = gradient of the
     * input, unless dx.at is NULL.  In-place layers may have dx = dy. */
    void (*backward)(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw);
} mmofl_layer_kind;

struct mmofl_layer {
    const mmofl_layer_kind *kind;
    int number;          /* among all layers of the model */
    const void *options; /* the kind's own struct */
    mmofl_shape in, out;
    int vocabulary; /* of a kind that takes tokens: ids are below it; else 0 */
    int n_tensors;
    mmofl_tensor_plan tensor[MMOFL_LAYER_TENSORS];
    size_t n_parameters;
    mmofl_margin x_margin, dy_margin;
    size_t fixed_scratch, sample_scratch; /* floats */
    /* What the chain found out about neighbours, see mmofl_layer_kind: what this layer
     * does of a relu beside it; and, of a relu, what is done by those beside it. */
    bool relu_after, relu_before;
    bool forward_is_done, backward_is_done;
    double flops;    /* multiply and add counted apart, one sample forward */
    double dw_flops; /* parameter gradient, one sample */
    double dx_flops; /* input gradient, one sample */
};

/** Plan the layer for inputs of shape `in`, which are token ids below `vocabulary` if
 * that is not 0; `pick` must outlive it.
 * @retval E_SHAPE  as the kind says
 * @retval E_TYPE   token ids for a kind that wants real values, or the other way round
 */
MMOFL_CHECKED mmofl_status mmofl_layer_plan(const mmofl_pick *pick, mmofl_shape in,
                                            int vocabulary, mmofl_layer *layer,
                                            mmofl_error *err);

/** Layer kinds of the best instruction set of this machine, for config files. */
mmofl_kind_list mmofl_layer_kinds(void);

/** Rows (all axes but the last) and channels (the last). */
static inline size_t mmofl_shape_channels(mmofl_shape shape)
{
    return (size_t)shape.dim[shape.n - 1];
}
static inline size_t mmofl_shape_rows(mmofl_shape shape)
{
    size_t rows = 1;
    for (int i = 0; i + 1 < shape.n; i++)
        rows *= (size_t)shape.dim[i];
    return rows;
}

/** Add a tensor to a layer in plan(); returns its index. */
int mmofl_layer_add_tensor(mmofl_layer *layer, mmofl_tensor_plan tensor);

#endif
