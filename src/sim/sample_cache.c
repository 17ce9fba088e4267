/* sample_cache.c - one row of floats for each sample, modalities side by side in the
 * order of the model's encoders; those that are missing hold nothing of use. */
#include <assert.h>
#include <string.h>

#include "sim/sample_cache.h"

mmofl_status mmofl_sample_cache_init(mmofl_sample_cache *cache,
                                     const mmofl_model *model, size_t samples,
                                     size_t limit, mmofl_arena *arena)
{
    size_t width = 0;
    for (int e = 0; e < model->n_encoders; e++)
        width += mmofl_shape_count(model->encoder[e].in);
    assert(width > 0 && "a model has an encoder, and its samples have values");
    *cache = (mmofl_sample_cache){.model = model, .width = width};
    if (samples > limit / sizeof(float) / width)
        return MMOFL_OK;
    cache->mask = MMOFL_ARENA_NEW(arena, samples, uint32_t);
    cache->label = MMOFL_ARENA_NEW(arena, samples, int32_t);
    cache->values = MMOFL_ARENA_NEW(arena, samples * width, float);
    bool made = cache->mask && cache->label && cache->values;
    return made ? MMOFL_OK : MMOFL_E_MEMORY;
}

void mmofl_sample_cache_fill(mmofl_sample_cache *cache, size_t first,
                             const mmofl_holding *h)
{
    const mmofl_model *model = cache->model;
    int old = h->window.held - h->window.fresh;
    for (int i = 0; i < h->window.fresh; i++) {
        size_t at = first + (size_t)i;
        float *values = cache->values + at * cache->width;
        cache->mask[at] = h->mask[old + i];
        cache->label[at] = h->label[old + i];
        for (int e = 0; e < model->n_encoders; e++) {
            int m = model->encoder[e].modality;
            if (cache->mask[at] >> m & 1)
                mmofl_holding_values(h, old + i, m, UINT32_MAX, values);
            values += mmofl_shape_count(model->encoder[e].in);
        }
    }
}

static void fetch(void *context, int i, int m, float *values)
{
    const mmofl_sample_view *view = context;
    const mmofl_sample_cache *cache = view->cache;
    const float *row = cache->values + (view->first + (size_t)i) * cache->width;
    const mmofl_encoder *encoder = cache->model->encoder;
    for (; encoder->modality != m; encoder++) {
        assert(encoder + 1 < cache->model->encoder + cache->model->n_encoders);
        row += mmofl_shape_count(encoder->in);
    }
    memcpy(values, row, mmofl_shape_count(encoder->in) * sizeof *values);
}

mmofl_batch mmofl_sample_cache_batch(const mmofl_sample_cache *cache, size_t first,
                                     int n, mmofl_sample_view *view)
{
    *view = (mmofl_sample_view){cache, first};
    return (mmofl_batch){.n = n,
                         .mask = cache->mask + first,
                         .label = cache->label + first,
                         .fetch = fetch,
                         .context = view};
}
