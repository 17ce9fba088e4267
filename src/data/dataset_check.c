/* dataset_check.c - is this a data set?  Asked once about every set, whether it was
 * built in memory or mapped from a file that someone may have tampered with, so that
 * no later code needs to ask again. */
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "data/dataset_loops.h"
#include "data/dataset_parts.h"

/* --- header ----------------------------------------------------------------------- */

/* A text of at most `size` bytes with its end, which a terminal can show. */
static mmofl_status check_text(const char *text, size_t size, bool may_be_empty,
                               const char *what, mmofl_error *err)
{
    const char *end = memchr(text, '\0', size);
    if (!end)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s does not end", what);
    if (end == text && !may_be_empty)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s is empty", what);
    for (const char *c = text; c < end; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return mmofl_fail(err, MMOFL_E_CORRUPT, "%s has control characters", what);
    return MMOFL_OK;
}

static mmofl_status check_range(const char *what, double value, double min, double max,
                                mmofl_error *err)
{
    if (value >= min && value <= max)
        return MMOFL_OK;
    return mmofl_fail(err, MMOFL_E_RANGE, "%s is %.17g, wanted %.10g to %.10g", what,
                      value, min, max);
}

static mmofl_status check_shape(const mmofl_modality *modality, mmofl_error *err)
{
    mmofl_shape shape = modality->shape;
    if (shape.n < 1 || shape.n > MMOFL_MAX_DIMS)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "modality %s has %d dimensions, wanted 1 to %d",
                          modality->name, shape.n, MMOFL_MAX_DIMS);
    size_t count = 1;
    for (int i = 0; i < shape.n; i++) {
        if (shape.dim[i] < 1)
            return mmofl_fail(err, MMOFL_E_SHAPE,
                              "modality %s has a dimension of %d, wanted >= 1",
                              modality->name, shape.dim[i]);
        if (!mmofl_bytes_product(count, (size_t)shape.dim[i], &count) ||
            count > MMOFL_MAX_SAMPLE_VALUES)
            return mmofl_fail(err, MMOFL_E_SHAPE,
                              "a sample of modality %s has more than %d values",
                              modality->name, MMOFL_MAX_SAMPLE_VALUES);
    }
    return MMOFL_OK;
}

static mmofl_status check_modality(const mmofl_modality *modality, mmofl_error *err)
{
    mmofl_status st =
        check_text(modality->name, MMOFL_NAME_BYTES, false, "a modality's name", err);
    if (!st)
        st = check_text(modality->unit, MMOFL_NAME_BYTES, true, "a unit's name", err);
    if (st)
        return st;
    if (!isfinite(modality->rate_hz))
        return mmofl_fail(err, MMOFL_E_NONFINITE, "modality %s: rate_hz is no number",
                          modality->name);
    if ((st = check_range("rate_hz", modality->rate_hz, 0, 1e12, err)))
        return st;
    if (modality->dtype != MMOFL_F32 && modality->dtype != MMOFL_TOKENS)
        return mmofl_fail(err, MMOFL_E_TYPE, "modality %s: unknown dtype %d",
                          modality->name, (int)modality->dtype);
    if (modality->dtype == MMOFL_TOKENS &&
        (st = check_range("vocabulary", modality->vocabulary, 2, 1 << 24, err)))
        return st;
    return check_shape(modality, err);
}

mmofl_status mmofl_dataset_check_header(const mmofl_dataset *set, mmofl_error *err)
{
    mmofl_status st =
        check_text(set->name, MMOFL_NAME_BYTES, false, "the set's name", err);
    if (!st)
        st = check_text(set->citation, sizeof set->citation, true, "the citation", err);
    if (!st)
        st = check_range("the number of modalities", set->n_modalities, 1,
                         MMOFL_MAX_MODALITIES, err);
    if (!st)
        st = check_range("the number of classes", set->n_classes, 2, MMOFL_MAX_CLASSES,
                         err);
    if (!st)
        st = check_range("the number of samples", (double)set->n_samples, 1,
                         MMOFL_MAX_SAMPLES, err);
    if (!st)
        st = check_range("the number of training samples", (double)set->n_train, 1,
                         (double)set->n_samples, err);
    for (int m = 0; m < set->n_modalities && !st; m++) {
        st = check_modality(&set->modality[m], err);
        for (int j = 0; j < m && !st; j++)
            if (strcmp(set->modality[m].name, set->modality[j].name) == 0)
                st = mmofl_fail(err, MMOFL_E_DUPLICATE, "two modalities are named %s",
                                set->modality[m].name);
    }
    return st;
}

/* --- arrays ----------------------------------------------------------------------- */

static mmofl_status check_floats(const mmofl_dataset *set, int m, mmofl_error *err)
{
    const mmofl_modality *modality = &set->modality[m];
    size_t count = mmofl_shape_count(modality->shape);
    size_t channels = (size_t)mmofl_modality_channels(modality);
    const float *x = set->values[m];
    if (set->stored[m] == MMOFL_STORED_F32 &&
        !MMOFL_BEST(mmofl_dataset_is_finite)(set->n_samples * count, x))
        for (size_t i = 0; i < set->n_samples * count; i++)
            if (!isfinite(x[i]))
                return mmofl_fail(err, MMOFL_E_NONFINITE,
                                  "%s of sample %zu, value %zu is NaN or infinite",
                                  modality->name, i / count, i % count);
    for (size_t c = 0; c < channels; c++) {
        if (!isfinite(set->mean[m][c]) || !isfinite(set->sd[m][c]))
            return mmofl_fail(err, MMOFL_E_NONFINITE,
                              "mean or sd of %s channel %zu is NaN or infinite",
                              modality->name, c);
        if (!(set->sd[m][c] > 0))
            return mmofl_fail(err, MMOFL_E_RANGE, "sd of %s channel %zu is not > 0",
                              modality->name, c);
    }
    return MMOFL_OK;
}

/* Every array[i] in [0, end)? */
static mmofl_status check_indexes(const int32_t *array, size_t n, int64_t end,
                                  const char *what, mmofl_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (array[i] < 0 || array[i] >= end)
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s number %zu is %d, wanted 0 to %lld", what, i,
                              (int)array[i], (long long)end - 1);
    return MMOFL_OK;
}

static mmofl_status check_masks(const mmofl_dataset *set, mmofl_error *err)
{
    uint32_t all = (UINT32_C(1) << set->n_modalities) - 1;
    for (size_t i = 0; i < set->n_samples; i++)
        if (set->mask[i] == 0 || (set->mask[i] & ~all))
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "mask of sample %zu is 0x%x, wanted 0x1 to 0x%x", i,
                              (unsigned)set->mask[i], (unsigned)all);
    return MMOFL_OK;
}

mmofl_status mmofl_dataset_check_arrays(const mmofl_dataset *set, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (int k = 0; k < set->n_classes && !st; k++)
        st = check_text(set->class_name[k], MMOFL_NAME_BYTES, false, "a class's name",
                        err);
    if (!st)
        st = check_masks(set, err);
    if (!st)
        st = check_indexes(set->label, set->n_samples, set->n_classes, "label", err);
    if (!st)
        st = check_indexes(set->owner, set->n_samples, INT64_C(1) << 31, "owner", err);
    for (int m = 0; m < set->n_modalities && !st; m++) {
        if (set->modality[m].dtype == MMOFL_F32)
            st = check_floats(set, m, err);
        else
            st = check_indexes(set->values[m],
                               set->n_samples *
                                   mmofl_shape_count(set->modality[m].shape),
                               set->modality[m].vocabulary, "token", err);
    }
    return st;
}
