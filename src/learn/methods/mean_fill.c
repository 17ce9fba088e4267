/* mean_fill.c - the running mean feature of a modality stands in for a missing one.
 *
 * The mean over all classes comes from the persistent prototypes, each class with equal
 * weight, so that it needs no exchange of its own and no label: the same slot in
 * training and test. */
#include <string.h>

#include "learn/methods/methods.h"

static const mmofl_option options[] = {
    MMOFL_PROTOTYPE_OPTIONS("mean", "samples"),
};

typedef struct mean_fill_state {
    const mmofl_model *model;
    float *mean; /* (D) zero where no prototype exists */
} mean_fill_state;

static void *make(const mmofl_method_setup *setup)
{
    mean_fill_state *s = MMOFL_ARENA_NEW(setup->arena, 1, mean_fill_state);
    float *mean = MMOFL_ARENA_NEW(setup->arena, setup->model->features, float);
    if (!s || !mean)
        return NULL;
    *s = (mean_fill_state){setup->model, mean};
    return s;
}

static void begin_round(void *state, const mmofl_method_round *round)
{
    mean_fill_state *s = state;
    const mmofl_model *model = s->model;
    memset(s->mean, 0, model->features * sizeof(float));
    for (int e = 0; e < model->n_encoders; e++) {
        const mmofl_encoder *encoder = &model->encoder[e];
        int n = 0;
        for (int c = 0; c < model->classes; c++) {
            if (!mmofl_prototype_exists(round->prototypes, model, e, c))
                continue;
            n++;
            const float *p = round->prototypes->mean + (size_t)c * model->features;
            for (size_t k = encoder->at; k < encoder->at + encoder->features; k++)
                s->mean[k] += (p[k] - s->mean[k]) / (float)n;
        }
    }
}

static void fuse_test(void *state, const uint32_t *mask, int n, mmofl_span z)
{
    const mean_fill_state *s = state;
    for (int i = 0; i < n; i++)
        for (int e = 0; e < s->model->n_encoders; e++) {
            const mmofl_encoder *encoder = &s->model->encoder[e];
            if (!mmofl_recorded(s->model, mask[i], e))
                memcpy(z.at + (size_t)i * z.stride + encoder->at, s->mean + encoder->at,
                       encoder->features * sizeof(float));
        }
}

static void fuse(void *state, const mmofl_batch *batch, int from, int n, mmofl_span z)
{
    fuse_test(state, batch->mask + from, n, z);
}

const mmofl_method_kind mmofl_method_mean_fill = {
    .kind = {.name = "mean-fill",
             .help = "the running mean feature of the modality in the slot",
             .source = "our reconstruction",
             .options = options,
             .n_options = MMOFL_METHOD_COUNT_OF(options),
             .options_size = sizeof(mmofl_prototype_options)},
    .prototypes = true,
    .make = make,
    .begin_round = begin_round,
    .fuse = fuse,
    .fuse_test = fuse_test};
