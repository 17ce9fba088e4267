/* fuzz_data_cache.c - a data cache file whose digest is right may hold anything; what
 * is accepted must be usable without another check. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/data_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Use every sample in every way; out-of-bounds reads are the sanitizer's to find. */
static void use(mmofl_dataset *set)
{
    for (int s = MMOFL_STANDARDIZE_NONE; s <= MMOFL_STANDARDIZE_WINDOW; s++) {
        set->standardize = (mmofl_standardize)s;
        for (int m = 0; m < set->n_modalities; m++) {
            size_t n = mmofl_shape_count(set->modality[m].shape);
            float *out = malloc(n * sizeof *out); /* int32_t has the same size */
            for (size_t i = 0; out && i < set->n_samples; i++)
                if (set->mask[i] >> m & 1)
                    mmofl_dataset_values(set, i, m, out);
            free(out);
        }
    }
    for (size_t i = 0; i < set->n_samples; i++)
        if (strlen(set->class_name[set->label[i]]) >= MMOFL_NAME_BYTES)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room = (size / MMOFL_DATA_CACHE_ALIGN + 1) * MMOFL_DATA_CACHE_ALIGN;
    unsigned char *image = aligned_alloc(MMOFL_DATA_CACHE_ALIGN, room);
    mmofl_dataset *set;
    mmofl_error err;
    if (!image)
        return 0;
    if (size > 0)
        memcpy(image, data, size);
    if (size >= MMOFL_DATA_CACHE_PREAMBLE) {
        /* Right where mutation would only find the first check again and again. */
        uint64_t bytes = size;
        memcpy(image + 16, &bytes, sizeof bytes);
        mmofl_data_cache_seal(image, size);
    }
    if (mmofl_data_cache_parse(image, size, "fuzz", &set, &err) == MMOFL_OK) {
        use(set);
        mmofl_dataset_close(set);
    }
    free(image);
    return 0;
}
