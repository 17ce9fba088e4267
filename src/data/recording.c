/* recording.c - fill the gaps, count the windows, then copy them.
 *
 * Counting and copying walk the same windows through one function, so that they cannot
 * disagree about which windows there are. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "data/recording.h"

/* --- stretches -------------------------------------------------------------------- */

/* Rows [begin, end) of one label without a jump in time. */
struct stretch {
    size_t begin, end;
};

static bool jumps(const mmofl_recording_plan *plan, const mmofl_recording *r,
                  size_t row)
{
    if (!r->time_s)
        return false;
    double gap = r->time_s[row] - r->time_s[row - 1];
    return !(gap > 0 && gap <= plan->max_gap_s);
}

/* The first stretch that begins at row `from` or later; false when there is none. */
static bool next_stretch(const mmofl_recording_plan *plan, const mmofl_recording *r,
                         size_t from, struct stretch *found)
{
    while (from < r->rows && r->label[from] < 0)
        from++;
    if (from == r->rows)
        return false;
    size_t end = from + 1;
    while (end < r->rows && r->label[end] == r->label[from] && !jumps(plan, r, end))
        end++;
    *found = (struct stretch){from, end};
    return true;
}

/* --- gaps ------------------------------------------------------------------------- */

/* Fill rows [begin, end) of a column, whose stretch has a value before or behind. */
static void fill_gap(const mmofl_recording *r, int column, struct stretch stretch,
                     size_t begin, size_t end)
{
    size_t V = (size_t)r->columns;
    float *x = r->value + column;
    bool before = begin > stretch.begin, behind = end < stretch.end;
    float left = x[(before ? begin - 1 : end) * V];
    float right = x[(behind ? end : begin - 1) * V];
    float width = (float)(end - begin + 1);
    for (size_t row = begin; row < end; row++) {
        float way = (float)(row - begin + 1) / width;
        x[row * V] = left + (right - left) * way;
    }
}

static void bridge_column(const mmofl_recording *r, int column, int bridge,
                          struct stretch stretch)
{
    size_t V = (size_t)r->columns;
    const float *x = r->value + column;
    for (size_t row = stretch.begin; row < stretch.end;) {
        size_t end = row;
        while (end < stretch.end && isnan(x[end * V]))
            end++;
        bool has_end = row > stretch.begin || end < stretch.end;
        if (end > row && has_end && end - row <= (size_t)bridge)
            fill_gap(r, column, stretch, row, end);
        row = end + 1;
    }
}

static void bridge_gaps(const mmofl_recording_plan *plan, const mmofl_recording *r)
{
    struct stretch stretch = {0, 0};
    while (next_stretch(plan, r, stretch.end, &stretch))
        for (int m = 0; m < plan->n_modalities; m++) {
            const mmofl_recording_modality *modality = &plan->modality[m];
            for (int c = 0; c < modality->n_columns; c++)
                bridge_column(r, modality->column[c], modality->bridge, stretch);
        }
}

/* --- windows ---------------------------------------------------------------------- */

/* A window of modality m that starts at row, (length, n_columns), into out unless that
 * is NULL; false when something in it was not recorded, and then out may hold a part.
 */
static bool gather(const mmofl_recording_plan *plan, int m, const mmofl_recording *r,
                   size_t row, float *out)
{
    const mmofl_recording_modality *modality = &plan->modality[m];
    size_t stride = (size_t)plan->every * (size_t)r->columns;
    const float *x = r->value + row * (size_t)r->columns;
    for (int t = 0; t < plan->length; t++, x += stride)
        for (int c = 0; c < modality->n_columns; c++) {
            float value = x[modality->column[c]];
            if (isnan(value))
                return false;
            if (out)
                *out++ = value;
        }
    return true;
}

static uint32_t mask_at(const mmofl_recording_plan *plan, const mmofl_recording *r,
                        size_t row)
{
    uint32_t mask = 0;
    for (int m = 0; m < plan->n_modalities; m++)
        if (gather(plan, m, r, row, NULL))
            mask |= UINT32_C(1) << m;
    return mask;
}

/* Where windows go; builder NULL = they are only counted. */
struct sink {
    mmofl_builder *builder;
    size_t n;           /* windows so far */
    size_t rows_before; /* rows of the recordings before this one */
};

static void take_window(const mmofl_recording_plan *plan, const mmofl_recording *r,
                        size_t row, uint32_t mask, struct sink *sink)
{
    size_t i = sink->n++;
    if (!sink->builder)
        return;
    sink->builder->mask[i] = mask;
    sink->builder->label[i] = r->label[row];
    sink->builder->owner[i] = r->owner;
    sink->builder->time[i] = (int64_t)(sink->rows_before + row);
    for (int m = 0; m < plan->n_modalities; m++) {
        size_t count = mmofl_shape_count(plan->modality[m].modality.shape);
        float *values = sink->builder->values[m];
        if (mask >> m & 1)
            gather(plan, m, r, row, values + i * count);
    }
}

static void take_stretch(const mmofl_recording_plan *plan, const mmofl_recording *r,
                         struct stretch stretch, struct sink *sink)
{
    size_t every = (size_t)plan->every;
    size_t span = ((size_t)plan->length - 1) * every + 1;
    for (size_t row = stretch.begin; row + span <= stretch.end;
         row += (size_t)plan->step * every) {
        uint32_t mask = mask_at(plan, r, row);
        if (mask)
            take_window(plan, r, row, mask, sink);
    }
}

/* All windows of a part, training or test. */
static void take_part(const mmofl_recording_plan *plan, const mmofl_recording *r,
                      size_t n, bool test, struct sink *sink)
{
    sink->rows_before = 0;
    for (size_t i = 0; i < n; sink->rows_before += r[i].rows, i++) {
        struct stretch stretch = {0, 0};
        if (r[i].test != test)
            continue;
        while (next_stretch(plan, &r[i], stretch.end, &stretch))
            take_stretch(plan, &r[i], stretch, sink);
    }
}

/* --- the set ---------------------------------------------------------------------- */

static mmofl_status check_labels(const mmofl_recording_plan *plan,
                                 const mmofl_recording *r, mmofl_error *err)
{
    for (size_t row = 0; row < r->rows; row++)
        if (r->label[row] >= plan->n_classes)
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "%s: label %d in row %zu of owner %d, wanted below %d",
                              plan->name, (int)r->label[row], row, (int)r->owner,
                              plan->n_classes);
    return MMOFL_OK;
}

static mmofl_status begin(const mmofl_recording_plan *plan, size_t n_train, size_t n,
                          mmofl_builder *builder, mmofl_error *err)
{
    mmofl_modality modality[MMOFL_MAX_MODALITIES];
    for (int m = 0; m < plan->n_modalities; m++)
        modality[m] = plan->modality[m].modality;
    const mmofl_builder_plan built = {.name = plan->name,
                                      .citation = plan->citation,
                                      .n_modalities = plan->n_modalities,
                                      .modality = modality,
                                      .n_classes = plan->n_classes,
                                      .class_name = plan->class_name,
                                      .n_samples = n,
                                      .n_train = n_train,
                                      .fail_after = plan->fail_after};
    return mmofl_builder_begin(&built, builder, err);
}

mmofl_status mmofl_recording_windows(const mmofl_recording_plan *plan,
                                     const mmofl_recording *recording, size_t n,
                                     mmofl_dataset **set, mmofl_error *err)
{
    assert(plan->length >= 1 && plan->step >= 1 && plan->every >= 1);
    assert(plan->n_modalities >= 1 && plan->n_modalities <= MMOFL_MAX_MODALITIES);
    for (size_t i = 0; i < n; i++) {
        mmofl_status st = check_labels(plan, &recording[i], err);
        if (st)
            return st;
        bridge_gaps(plan, &recording[i]);
    }
    struct sink count = {0};
    take_part(plan, recording, n, false, &count);
    size_t n_train = count.n;
    take_part(plan, recording, n, true, &count);
    if (n_train == 0)
        return mmofl_fail(err, MMOFL_E_COUNT,
                          "%s: no window of %d rows of one class to train with",
                          plan->name, plan->length);
    mmofl_builder builder;
    mmofl_status st = begin(plan, n_train, count.n, &builder, err);
    if (st)
        return st;
    struct sink copy = {.builder = &builder};
    take_part(plan, recording, n, false, &copy);
    take_part(plan, recording, n, true, &copy);
    return mmofl_builder_finish(&builder, set, err);
}
