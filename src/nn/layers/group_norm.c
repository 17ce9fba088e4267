/* group_norm.c - each group of channels of a sample is normalised over its channels and
 * time. */
#include "nn/layers/normalize.h"

typedef struct group_norm_options {
    int groups;
    double eps;
} group_norm_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(group_norm_options, groups, 1, 65536, NULL,
                     "groups; divides the channels"),
    MMOFL_REAL_OPTION(group_norm_options, eps, MMOFL_POSITIVE, 1, "1e-5",
                      "added to the variance"),
};

static normalize_sets sets_of(const mmofl_layer *layer)
{
    const group_norm_options *o = layer->options;
    size_t rows = mmofl_shape_rows(layer->in),
           channels = mmofl_shape_channels(layer->in);
    return (normalize_sets){rows, channels, rows, channels / (size_t)o->groups,
                            (float)o->eps};
}

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    const group_norm_options *o = layer->options;
    size_t channels = mmofl_shape_channels(layer->in);
    if (channels % (size_t)o->groups != 0)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "group_norm: %d groups do not divide %zu channels", o->groups,
                          channels);
    normalize_sets sets = sets_of(layer);
    return normalize_plan(layer, &sets);
}

NORMALIZE_LAYER

const mmofl_layer_kind MMOFL_LAYER_NAME(group_norm) = {
    .kind = {.name = "group_norm",
             .help = "normalise groups of channels over time",
             .source = "PyTorch GroupNorm; Wu and He 2018",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(group_norm_options)},
    .uses_x = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
