/* prototypes.c - local sums of features by modality and class, and prototypes in the
 * slots of missing modalities. */
#include <string.h>

#include "learn/prototypes.h"

size_t mmofl_prototypes_numbers(const mmofl_model *model)
{
    return (size_t)model->classes * (model->features + (size_t)model->n_encoders);
}

mmofl_status mmofl_prototype_sums_init(mmofl_prototype_sums *sums,
                                       const mmofl_model *model, mmofl_arena *arena)
{
    size_t classes = (size_t)model->classes, encoders = (size_t)model->n_encoders;
    mmofl_prototype_sums made = {
        MMOFL_ARENA_NEW(arena, classes * model->features, float),
        MMOFL_ARENA_NEW(arena, encoders * classes, uint32_t)};
    if (!made.sum || !made.count)
        return MMOFL_E_MEMORY;
    *sums = made;
    return MMOFL_OK;
}

void mmofl_prototype_sums_clear(mmofl_prototype_sums *sums, const mmofl_model *model)
{
    size_t classes = (size_t)model->classes, encoders = (size_t)model->n_encoders;
    memset(sums->sum, 0, classes * model->features * sizeof *sums->sum);
    memset(sums->count, 0, encoders * classes * sizeof *sums->count);
}

void mmofl_prototype_sums_add(mmofl_prototype_sums *sums, const mmofl_model *model,
                              const uint32_t *mask, const int32_t *label, int n,
                              mmofl_span z)
{
    for (int i = 0; i < n; i++) {
        const float *zi = z.at + (size_t)i * z.stride;
        float *row = sums->sum + (size_t)label[i] * model->features;
        for (int e = 0; e < model->n_encoders; e++) {
            const mmofl_encoder *encoder = &model->encoder[e];
            if (!mmofl_recorded(model, mask[i], e))
                continue;
            sums->count[e * model->classes + label[i]]++;
            for (size_t k = encoder->at; k < encoder->at + encoder->features; k++)
                row[k] += zi[k];
        }
    }
}

void mmofl_prototypes_substitute(const mmofl_prototypes *prototypes,
                                 const mmofl_model *model, const mmofl_batch *batch,
                                 int from, int n, mmofl_span z)
{
    for (int i = 0; i < n; i++)
        for (int e = 0; e < model->n_encoders; e++) {
            int label = batch->label[from + i];
            if (mmofl_recorded(model, batch->mask[from + i], e) ||
                !mmofl_prototype_exists(prototypes, model, e, label))
                continue;
            const mmofl_encoder *encoder = &model->encoder[e];
            memcpy(z.at + (size_t)i * z.stride + encoder->at,
                   prototypes->mean + (size_t)label * model->features + encoder->at,
                   encoder->features * sizeof(float));
        }
}
