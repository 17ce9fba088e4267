/* dataset.c - what every data set can do, wherever it came from, and the checks that
 * stand between data and the rest of the library.
 *
 * Standardising is x * scale + shift with scale and shift tiled over the whole sample:
 * one straight loop without a channel index, which compilers turn into vector code.
 * A window's own mean and deviation are worked out at each fetch (window_scale.c). */
#define _POSIX_C_SOURCE 200809L
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "data/dataset_loops.h"
#include "data/dataset_parts.h"
#include "data/stored.h"
#include "data/window_scale.h"

/* --- shapes ----------------------------------------------------------------------- */

size_t mmofl_shape_count(mmofl_shape shape)
{
    size_t count = 1;
    for (int i = 0; i < shape.n; i++)
        count *= (size_t)shape.dim[i];
    return count;
}

bool mmofl_shape_equal(mmofl_shape a, mmofl_shape b)
{
    if (a.n != b.n)
        return false;
    for (int i = 0; i < a.n; i++)
        if (a.dim[i] != b.dim[i])
            return false;
    return true;
}

void mmofl_shape_text(mmofl_shape shape, char *text, size_t size)
{
    if (size == 0)
        return;
    text[0] = '\0';
    size_t used = 0;
    for (int i = 0; i < shape.n && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%d", i ? ", " : "(",
                                 shape.dim[i]);
    if (used < size)
        snprintf(text + used, size - used, "%s", shape.n > 0 ? ")" : "()");
}

int mmofl_modality_channels(const mmofl_modality *modality)
{
    return modality->shape.dim[modality->shape.n - 1];
}

/* --- memory ----------------------------------------------------------------------- */

mmofl_status mmofl_dataset_new(long fail_after, mmofl_dataset **set, mmofl_error *err)
{
    struct mmofl_dataset_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a data set");
    memory->arena.fail_after = fail_after;
    mmofl_dataset *made = MMOFL_ARENA_NEW(&memory->arena, 1, mmofl_dataset);
    if (!made) {
        free(memory);
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a data set");
    }
    made->memory = memory;
    *set = made;
    return MMOFL_OK;
}

size_t mmofl_dataset_bytes(const mmofl_dataset *set)
{
    return set->memory->mapping.size + set->memory->arena.bytes;
}

void mmofl_dataset_close(mmofl_dataset *set)
{
    if (!set)
        return;
    struct mmofl_dataset_memory *memory = set->memory; /* set itself lives in it */
    mmofl_file_unmap(&memory->mapping);
    mmofl_arena_free(&memory->arena);
    free(memory);
}

/* --- values ----------------------------------------------------------------------- */

mmofl_status mmofl_dataset_tile(mmofl_dataset *set, mmofl_error *err)
{
    for (int m = 0; m < set->n_modalities; m++) {
        if (set->modality[m].dtype != MMOFL_F32)
            continue;
        size_t count = mmofl_shape_count(set->modality[m].shape);
        size_t channels = (size_t)mmofl_modality_channels(&set->modality[m]);
        float *scale = MMOFL_ARENA_NEW(&set->memory->arena, count, float);
        float *shift = MMOFL_ARENA_NEW(&set->memory->arena, count, float);
        if (!scale || !shift)
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a data set");
        for (size_t i = 0; i < count; i++) {
            double mean = (double)set->mean[m][i % channels];
            double sd = (double)set->sd[m][i % channels];
            scale[i] = (float)(1.0 / sd);
            shift[i] = (float)(-mean / sd);
        }
        set->scale[m] = scale;
        set->shift[m] = shift;
    }
    return MMOFL_OK;
}

static void hand_out(const mmofl_dataset *set, size_t sample, int m,
                     mmofl_standardize standardize, float *out)
{
    assert(sample < set->n_samples && m >= 0 && m < set->n_modalities);
    assert(set->mask[sample] >> m & 1);
    const mmofl_modality *modality = &set->modality[m];
    size_t count = mmofl_shape_count(modality->shape);
    size_t channels = (size_t)mmofl_modality_channels(modality);
    const float *x =
        mmofl_stored_floats(set->stored[m], set->values[m], sample * count, count, out);
    switch (standardize) {
    case MMOFL_STANDARDIZE_NONE:
        if (x != out)
            memcpy(out, x, count * sizeof *out);
        break;
    case MMOFL_STANDARDIZE_CHANNEL:
        MMOFL_BEST(mmofl_dataset_affine)(count, x, set->scale[m], set->shift[m], out);
        break;
    case MMOFL_STANDARDIZE_WINDOW:
        mmofl_window_scale(count / channels, channels, x, out);
        break;
    }
}

void mmofl_dataset_recorded(const mmofl_dataset *set, size_t sample, int m, float *out)
{
    hand_out(set, sample, m, MMOFL_STANDARDIZE_NONE, out);
}

void mmofl_dataset_values(const mmofl_dataset *set, size_t sample, int m, float *out)
{
    bool tokens = set->modality[m].dtype == MMOFL_TOKENS;
    hand_out(set, sample, m, tokens ? MMOFL_STANDARDIZE_NONE : set->standardize, out);
}

/* --- test stride ------------------------------------------------------------------ */

/* Move the kept rows of the test part together, in place. */
static void keep_rows(const void *array, size_t row_bytes, size_t first, size_t n,
                      size_t stride)
{
    char *rows = (char *)(uintptr_t)array;
    size_t to = first;
    for (size_t from = first; from < n; from += stride, to++)
        if (to != from)
            memcpy(rows + to * row_bytes, rows + from * row_bytes, row_bytes);
}

mmofl_status mmofl_dataset_stride_test(mmofl_dataset *set, int stride, mmofl_error *err)
{
    if (stride < 1)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "test_stride is %d, wanted an integer >= 1", stride);
    if (stride == 1)
        return MMOFL_OK;
    /* A mapped set lies in private pages: writing copies the few pages of the test part
     * and never reaches the file. */
    mmofl_mapping map = set->memory->mapping;
    if (map.data &&
        mprotect((void *)(uintptr_t)map.data, map.size, PROT_READ | PROT_WRITE) != 0)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: cannot be strided in memory",
                          set->name);
    size_t first = set->n_train, n = set->n_samples, step = (size_t)stride;
    for (int m = 0; m < set->n_modalities; m++)
        keep_rows(set->values[m],
                  mmofl_shape_count(set->modality[m].shape) *
                      mmofl_stored_bytes(set->stored[m]),
                  first, n, step);
    keep_rows(set->mask, sizeof *set->mask, first, n, step);
    keep_rows(set->label, sizeof *set->label, first, n, step);
    keep_rows(set->owner, sizeof *set->owner, first, n, step);
    keep_rows(set->time, sizeof *set->time, first, n, step);
    size_t test = n - first;
    set->n_samples = first + test / step + (test % step != 0);
    return MMOFL_OK;
}
