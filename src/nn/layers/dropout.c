/* dropout.c - in training each value is zeroed with probability p, the others times
 * 1/(1-p).
 *
 * Each (layer, sample of the round) has random numbers of its own, so that cutting a
 * batch into pieces changes nothing; four values share a 64-bit word (p is rounded to
 * 1/65536). The multipliers stay in scratch for the backward pass. */
#include "nn/layers/elementwise.h"

typedef struct dropout_options {
    double p;
} dropout_options;

static const mmofl_option options[] = {
    MMOFL_REAL_OPTION(dropout_options, p, 0, 0.99, "0.5",
                      "share of values dropped in training"),
};

static mmofl_status plan(mmofl_layer *layer, mmofl_error *err)
{
    (void)err;
    layer->sample_scratch = mmofl_shape_count(layer->in);
    layer->flops = layer->dx_flops = (double)layer->sample_scratch;
    return MMOFL_OK;
}

static void draw_multipliers(const mmofl_layer *layer, const mmofl_layer_run *run,
                             int s, float *multiplier)
{
    mmofl_rng random = *run->random;
    random.counter[3] = ((uint64_t)layer->number + 1) << 40 | run->sample[s];
    const dropout_options *o = layer->options;
    uint64_t limit = (uint64_t)(o->p * 65536 + 0.5), bits = 0;
    float kept = (float)(65536.0 / (double)(65536 - limit));
    for (size_t i = 0; i < layer->sample_scratch; i++, bits >>= 16) {
        if (i % 4 == 0)
            bits = mmofl_rng_bits(&random);
        multiplier[i] = (bits & 0xffff) < limit ? 0.0f : kept;
    }
}

/* Dropout is on in training when masks have a name. */
static bool is_on(const mmofl_layer_run *run)
{
    return run->training && run->random;
}

static void forward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                    const float *w, mmofl_span x, mmofl_span y)
{
    (void)w;
    if (!is_on(run)) {
        if (x.at != y.at)
            ELEMENTWISE(layer, n, Y = X);
        return;
    }
    mmofl_span multiplier = {run->scratch, layer->sample_scratch};
    for (int s = 0; s < n; s++)
        draw_multipliers(layer, run, s,
                         run->scratch + (size_t)s * layer->sample_scratch);
    ELEMENTWISE(layer, n, Y = X * AT(multiplier));
}

static void backward(const mmofl_layer *layer, const mmofl_layer_run *run, int n,
                     const float *w, mmofl_span x, mmofl_span y, mmofl_span dy,
                     mmofl_span dx, float *dw)
{
    (void)w, (void)x, (void)y, (void)dw;
    if (!dx.at)
        return;
    if (!is_on(run)) {
        ELEMENTWISE(layer, n, DX = DY);
        return;
    }
    mmofl_span multiplier = {run->scratch, layer->sample_scratch};
    ELEMENTWISE(layer, n, DX = DY * AT(multiplier));
}

const mmofl_layer_kind MMOFL_LAYER_NAME(dropout) = {
    .kind = {.name = "dropout",
             .help = "drop values at random in training",
             .source = "PyTorch Dropout; Srivastava et al. 2014",
             .options = options,
             .n_options = (int)MMOFL_COUNT_OF(options),
             .options_size = sizeof(dropout_options)},
    .in_place = true,
    .draws_masks = true,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
