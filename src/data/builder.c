/* builder.c - one allocation plan, one statistics pass, one check, for all importers.
 *
 * Mean and sd take two passes in double: the textbook sum of squares would lose the sd
 * of a channel that sits far from zero, such as one that always sees gravity. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/builder.h"
#include "data/dataset_parts.h"

static void copy_plan(const mmofl_builder_plan *plan, mmofl_dataset *set)
{
    snprintf(set->name, sizeof set->name, "%s", plan->name);
    snprintf(set->citation, sizeof set->citation, "%s", plan->citation);
    set->n_modalities = plan->n_modalities;
    /* Too many do not fit; the check that follows says so. */
    for (int m = 0; m < plan->n_modalities; m++)
        if (plan->n_modalities <= MMOFL_MAX_MODALITIES)
            set->modality[m] = plan->modality[m];
    set->n_classes = plan->n_classes;
    set->n_samples = plan->n_samples;
    set->n_train = plan->n_train;
}

/* All arrays of the set, reachable read-only through the set and writable through
 * builder. */
static bool take_arrays(const mmofl_builder_plan *plan, mmofl_dataset *set,
                        mmofl_builder *builder)
{
    mmofl_arena *arena = &set->memory->arena;
    size_t n = set->n_samples;
    char(*names)[MMOFL_NAME_BYTES] =
        mmofl_arena_take(arena, (size_t)set->n_classes, MMOFL_NAME_BYTES);
    set->mask = builder->mask = MMOFL_ARENA_NEW(arena, n, uint32_t);
    set->label = builder->label = MMOFL_ARENA_NEW(arena, n, int32_t);
    set->owner = builder->owner = MMOFL_ARENA_NEW(arena, n, int32_t);
    set->time = builder->time = MMOFL_ARENA_NEW(arena, n, int64_t);
    if (!names || !set->mask || !set->label || !set->owner || !set->time)
        return false;
    set->class_name = (const char(*)[MMOFL_NAME_BYTES])names;
    for (int k = 0; k < set->n_classes; k++)
        snprintf(names[k], MMOFL_NAME_BYTES, "%s", plan->class_name[k]);
    for (size_t i = 0; i < n; i++)
        builder->mask[i] = (UINT32_C(1) << set->n_modalities) - 1;

    static_assert(sizeof(float) == 4 && sizeof(int32_t) == 4, "one size for all types");
    for (int m = 0; m < set->n_modalities; m++) {
        size_t row_bytes = mmofl_shape_count(set->modality[m].shape) * 4;
        builder->values[m] = mmofl_arena_take(arena, n, row_bytes);
        set->values[m] = builder->values[m];
        set->stored[m] = set->modality[m].dtype == MMOFL_TOKENS ? MMOFL_STORED_I32
                                                                : MMOFL_STORED_F32;
        if (!set->values[m])
            return false;
    }
    return true;
}

/* Arrays that are larger than what is free are not begun. */
static mmofl_status make_arrays(const mmofl_builder_plan *plan, mmofl_dataset *set,
                                mmofl_builder *builder, mmofl_error *err)
{
    double bytes = 0, free = (double)mmofl_memory_available();
    for (int m = 0; m < set->n_modalities; m++)
        bytes += (double)mmofl_shape_count(set->modality[m].shape) * 4;
    bytes *= (double)set->n_samples;
    if (free > 0 && bytes > free)
        return mmofl_fail(err, MMOFL_E_MEMORY,
                          "%zu samples of %s take %.0f MiB, and %.0f MiB are free: "
                          "wanted fewer samples",
                          set->n_samples, set->name, bytes / (1 << 20),
                          free / (1 << 20));
    return take_arrays(plan, set, builder)
               ? MMOFL_OK
               : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu samples of %s",
                            set->n_samples, set->name);
}

mmofl_status mmofl_builder_begin(const mmofl_builder_plan *plan, mmofl_builder *builder,
                                 mmofl_error *err)
{
    mmofl_builder made = {0};
    mmofl_status st = mmofl_dataset_new(plan->fail_after, &made.set, err);
    if (st)
        return st;
    copy_plan(plan, made.set);
    st = mmofl_dataset_check_header(made.set, err);
    if (!st)
        st = make_arrays(plan, made.set, &made, err);
    if (st) {
        mmofl_dataset_close(made.set);
        return st;
    }
    *builder = made;
    return MMOFL_OK;
}

/* sum over the recorded training samples of (x - center[c])^power, per channel */
static size_t sum_power(const mmofl_dataset *set, int m, const double *center,
                        int power, double *sum)
{
    size_t count = mmofl_shape_count(set->modality[m].shape);
    size_t channels = (size_t)mmofl_modality_channels(&set->modality[m]);
    size_t recorded = 0;
    for (size_t i = 0; i < set->n_train; i++) {
        if (!(set->mask[i] >> m & 1))
            continue;
        recorded++;
        const float *row = (const float *)set->values[m] + i * count;
        for (size_t at = 0; at < count; at += channels)
            for (size_t c = 0; c < channels; c++) {
                double d = (double)row[at + c] - center[c];
                sum[c] += power == 2 ? d * d : d;
            }
    }
    return recorded * (count / channels);
}

/* Mean and sd of one modality; scratch holds 2 * C zeros. */
static void describe_channels(const mmofl_dataset *set, int m, double *scratch,
                              float *mean, float *sd)
{
    size_t channels = (size_t)mmofl_modality_channels(&set->modality[m]);
    double *center = scratch, *sum = scratch + channels;
    size_t n = sum_power(set, m, center, 1, sum);
    for (size_t c = 0; c < channels; c++) {
        center[c] = n ? sum[c] / (double)n : 0;
        sum[c] = 0;
    }
    sum_power(set, m, center, 2, sum);
    for (size_t c = 0; c < channels; c++) {
        mean[c] = (float)center[c];
        sd[c] = n ? (float)sqrt(sum[c] / (double)n) : 0;
        /* A channel that never changes carries nothing: leave it unscaled rather than
         * divide by zero.  Below the smallest normal float 1/sd would overflow. */
        if (isfinite(sd[c]) && !isnormal(sd[c]))
            sd[c] = 1;
    }
}

static mmofl_status describe(mmofl_dataset *set, mmofl_error *err)
{
    mmofl_arena *arena = &set->memory->arena;
    for (int m = 0; m < set->n_modalities; m++) {
        if (set->modality[m].dtype != MMOFL_F32)
            continue;
        size_t channels = (size_t)mmofl_modality_channels(&set->modality[m]);
        float *mean = MMOFL_ARENA_NEW(arena, channels, float);
        float *sd = MMOFL_ARENA_NEW(arena, channels, float);
        double *scratch = MMOFL_ARENA_NEW(arena, 2 * channels, double);
        if (!mean || !sd || !scratch)
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for statistics");
        describe_channels(set, m, scratch, mean, sd);
        set->mean[m] = mean;
        set->sd[m] = sd;
    }
    return MMOFL_OK;
}

mmofl_status mmofl_builder_finish(mmofl_builder *builder, mmofl_dataset **set,
                                  mmofl_error *err)
{
    mmofl_dataset *made = builder->set;
    mmofl_status st = describe(made, err);
    if (!st)
        st = mmofl_dataset_check_arrays(made, err);
    if (!st)
        st = mmofl_dataset_tile(made, err);
    if (st) {
        mmofl_builder_drop(builder);
        return st;
    }
    *builder = (mmofl_builder){0};
    *set = made;
    return MMOFL_OK;
}

void mmofl_builder_drop(mmofl_builder *builder)
{
    mmofl_dataset_close(builder->set);
    *builder = (mmofl_builder){0};
}
