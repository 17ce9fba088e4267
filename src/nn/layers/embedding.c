/* embedding.c - a learnt row for each token: y[l,:] = W[id[l],:], W (vocabulary, D).
 *
 * Id 0 is padding: its row is zeros and gets no gradient (PyTorch's padding_idx = 0),
 * so that the layers behind it see where a text ends.  Initial values are uniform with
 * the mean 0 and variance 1 of PyTorch's normal ones: a token then weighs as much as a
 * standardised time step of a sensor. */
#include <assert.h>
#include <string.h>

#include "nn/layers/layers.h"

typedef struct embedding_options {
    int out;
} embedding_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(embedding_options, out, 1, 65536, NULL, "features of a token"),
};

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    const embedding_options *o = layer->options;
    const float bound = 1.7320508f; /* sqrt 3 */
    if (layer->in.n != 1) {
        char shape[64];
        mmofl_shape_text(layer->in, shape, sizeof shape);
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "embedding wants an input (tokens), not %s", shape);
    }
    layer->out = (mmofl_shape){2, {layer->in.dim[0], o->out}};
    mmofl_layer_add_tensor(
        layer, (mmofl_tensor_plan){.name = "weight",
                                   .n_dims = 2,
                                   .dim = {(size_t)layer->vocabulary, (size_t)o->out},
                                   .axis = {0, 1},
                                   .bound = bound,
                                   .zeros = (size_t)o->out,
                                   .rows = true});
    layer->dw_flops = (double)mmofl_shape_count(layer->out);
    return MMOFL_OK;
}

/* The row of a token; what hands out samples vouches for ids. */
static size_t row_of(const mmofl_layer *layer, float id)
{
    assert(id >= 0 && id < (float)layer->vocabulary);
    (void)layer;
    return (size_t)id;
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)run;
    size_t length = mmofl_shape_count(layer->in),
           width = mmofl_shape_channels(layer->out);
    for (int s = 0; s < n; s++) {
        const float *id = x.at + (size_t)s * x.stride;
        float *to = y.at + (size_t)s * y.stride;
        for (size_t l = 0; l < length; l++, to += width) {
            size_t row = row_of(layer, id[l]);
            if (row == 0)
                memset(to, 0, width * sizeof *to);
            else
                memcpy(to, w + row * width, width * sizeof *to);
        }
    }
}

/* Ids have no gradient: nobody asks for dx. */
static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)w, (void)y, (void)dx;
    size_t length = mmofl_shape_count(layer->in),
           width = mmofl_shape_channels(layer->out);
    for (int s = 0; s < n; s++) {
        const float *id = x.at + (size_t)s * x.stride;
        const float *restrict from = dy.at + (size_t)s * dy.stride;
        for (size_t l = 0; l < length; l++, from += width) {
            size_t row = row_of(layer, id[l]);
            float *restrict to = dw + row * width;
            if (row == 0)
                continue;
            if (run->touched)
                run->touched[row / 64] |= UINT64_C(1) << row % 64;
#pragma omp simd
            for (size_t c = 0; c < width; c++)
                to[c] += from[c];
        }
    }
}

const mmofl_layer_kind MMOFL_LAYER_NAME(embedding) = {
    .kind = {.name = "embedding",
             .help = "a learnt row of features for each token",
             .source = "PyTorch Embedding with padding_idx = 0",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(embedding_options)},
    .uses_x = true,
    .takes_tokens = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
