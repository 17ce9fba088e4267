/* layer_norm.c - the channels of each time step are normalised among themselves. */
#include "nn/layers/normalize.h"

typedef struct layer_norm_options {
    double eps;
} layer_norm_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(layer_norm_options, eps, MMOFL_POSITIVE, 1, "1e-5",
                      "added to the variance"),
};

static normalize_sets sets_of(const mmofl_layer *layer)
{
    const layer_norm_options *o = layer->options;
    size_t rows = mmofl_shape_rows(layer->in),
           channels = mmofl_shape_channels(layer->in);
    return (normalize_sets){rows, channels, 1, channels, (float)o->eps};
}

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    (void)err;
    normalize_sets sets = sets_of(layer);
    return normalize_plan(layer, &sets);
}

NORMALIZE_LAYER

const mmofl_layer_kind MMOFL_LAYER_NAME(layer_norm) = {
    .kind = {.name = "layer_norm",
             .help = "normalise the channels of each time step",
             .source = "PyTorch LayerNorm(channels); Ba et al. 2016",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(layer_norm_options)},
    .uses_x = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
