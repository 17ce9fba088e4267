/* sample_cache.h - samples as devices saw them, their values made once and kept, for
 * those who go over the same samples many times. */
#ifndef MMOFL_SIM_SAMPLE_CACHE_H
#define MMOFL_SIM_SAMPLE_CACHE_H

#include "sim/holding.h"

typedef struct mmofl_sample_cache {
    const mmofl_model *model;
    size_t width;   /* floats of a sample: all modalities that the model uses */
    float *values;  /* (samples, width); NULL: nothing is kept */
    uint32_t *mask; /* (samples) */
    int32_t *label; /* (samples) */
} mmofl_sample_cache;

/** Room for so many samples; none (and no error) where they would take more than
 * `limit` bytes.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_sample_cache_init(mmofl_sample_cache *cache,
                                                   const mmofl_model *model,
                                                   size_t samples, size_t limit,
                                                   mmofl_arena *arena);

/** Keep the holding's fresh samples as number first, first + 1, ...  Different numbers
 * may be filled from different threads. */
void mmofl_sample_cache_fill(mmofl_sample_cache *cache, size_t first,
                             const mmofl_holding *holding);

/** Kept samples first, ..., first + n - 1, to be made a batch: view is what the batch's
 * context points to, and must stay as long as the batch. */
typedef struct mmofl_sample_view {
    const mmofl_sample_cache *cache;
    size_t first;
} mmofl_sample_view;
mmofl_batch mmofl_sample_cache_batch(const mmofl_sample_cache *cache, size_t first,
                                     int n, mmofl_sample_view *view);

#endif
