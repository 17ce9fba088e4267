/* global_avg_pool.c - the mean over rows (all axes but the last: time, or stacked
 * modalities) of each channel.  Masked, the mean over the rows that are there; a sample
 * without any gives zeros. */
#include "nn/layers/absent_rows.h"
#include "nn/layers/row_pool.h"

typedef struct global_avg_pool_options {
    bool masked;
} global_avg_pool_options;

static const mmofl_option options[] = {
    MMOFL_BOOL_OPTION(global_avg_pool_options, masked, "false",
                      "leave out rows of zeros"),
};

static bool is_masked(const mmofl_layer *layer)
{
    return ((const global_avg_pool_options *)layer->options)->masked;
}

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    (void)err;
    return row_pool_plan(layer);
}

/* Row t of the sample at x does not count. */
static bool leaves_out(const mmofl_layer *layer, const float *x, size_t t)
{
    size_t channels = mmofl_shape_channels(layer->in);
    return is_masked(layer) && row_is_absent(x + t * channels, channels);
}

/* What a row that counts has of the mean: 1 / how many there are. */
static float share_of_row(const mmofl_layer *layer, const float *x)
{
    size_t rows = mmofl_shape_rows(layer->in), count = is_masked(layer) ? 0 : rows;
    for (size_t t = 0; is_masked(layer) && t < rows; t++)
        count += !leaves_out(layer, x, t);
    return count ? 1.0f / (float)count : 0.0f;
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)run, (void)w;
    for (size_t s = 0; s < (size_t)n; s++) {
        const float *in = x.at + s * x.stride;
        float *out = y.at + s * y.stride, share = share_of_row(layer, in);
        add_rows(layer, in, out); /* those left out add zeros */
        for (size_t c = 0; c < mmofl_shape_channels(layer->in); c++)
            out[c] *= share;
    }
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)run, (void)w, (void)y, (void)dw;
    size_t rows = mmofl_shape_rows(layer->in),
           channels = mmofl_shape_channels(layer->in);
    for (size_t s = 0; dx.at && s < (size_t)n; s++) {
        const float *in = x.at + s * x.stride;
        float *to = dx.at + s * dx.stride;
        spread_over_rows(layer, share_of_row(layer, in), dy.at + s * dy.stride, to);
        for (size_t t = 0; t < rows; t++)
            if (leaves_out(layer, in, t))
                memset(to + t * channels, 0, channels * sizeof *to);
    }
}

const mmofl_layer_kind MMOFL_LAYER_NAME(global_avg_pool) = {
    .kind = {.name = "global_avg_pool",
             .help = "mean over rows",
             .source = "PyTorch mean over time",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(global_avg_pool_options)},
    .uses_x = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
