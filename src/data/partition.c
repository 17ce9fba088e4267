/* partition.c - what all kinds of partition share: the order of samples in a pool, and
 * making pools from "sample i belongs to device[i]".
 *
 * Samples are sorted by (owner, time) once; pools filled in that order are sorted, each
 * of them.  Equal times keep the order of the set, so the sort has one result whatever
 * the C library's qsort does. */
#include <assert.h>
#include <stdlib.h>

#include "data/partition_parts.h"

static const mmofl_kind *const kinds[] = {
#define ROW(name) &mmofl_partition_##name.kind,
    MMOFL_PARTITION_LIST(ROW)
#undef ROW
};

mmofl_kind_list mmofl_partition_kinds(void)
{
    return (mmofl_kind_list){kinds, sizeof kinds / sizeof *kinds};
}

/* --- help for the kinds ----------------------------------------------------------- */

mmofl_status mmofl_dealing_no_memory(const mmofl_dealing *dealing, mmofl_error *err)
{
    return mmofl_fail(err, MMOFL_E_MEMORY,
                      "no memory to share %zu samples among %zu devices", dealing->n,
                      dealing->devices);
}

mmofl_rng mmofl_dealing_random(const mmofl_dealing *dealing, uint64_t stream)
{
    return mmofl_rng_open(dealing->seed, MMOFL_NO_DEVICE, stream, MMOFL_USE_PARTITION);
}

mmofl_status mmofl_dealing_check_devices(const mmofl_dealing *dealing, mmofl_error *err)
{
    if (dealing->devices <= dealing->n)
        return MMOFL_OK;
    return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                      "%zu devices, but only %zu training samples to share among them: "
                      "wanted at most one device per sample, or the partition `shared`",
                      dealing->devices, dealing->n);
}

mmofl_status mmofl_dealing_by_class(mmofl_dealing *dealing, size_t **start,
                                    uint32_t **sample, mmofl_error *err)
{
    const int32_t *label = dealing->set->label;
    size_t classes = (size_t)dealing->set->n_classes;
    size_t *first = MMOFL_DEALING_NEW(dealing, classes + 2, size_t);
    uint32_t *sorted = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    if (!first || !sorted)
        return mmofl_dealing_no_memory(dealing, err);
    /* Counting sort, one place late: first[k + 1] walks from the start of class k to
     * its end, which is where first[k + 1] belongs. */
    for (size_t i = 0; i < dealing->n; i++)
        first[label[i] + 2]++;
    for (size_t k = 0; k < classes; k++)
        first[k + 2] += first[k + 1];
    for (size_t i = 0; i < dealing->n; i++)
        sorted[first[label[i] + 1]++] = (uint32_t)i;
    *start = first;
    *sample = sorted;
    return MMOFL_OK;
}

/* For a result of `total` samples. */
static mmofl_status no_room(const mmofl_dealing *dealing, size_t total,
                            mmofl_error *err)
{
    double bytes =
        (double)dealing->devices * sizeof(size_t) + (double)total * sizeof(uint32_t);
    size_t limit = dealing->arena->limit;
    if (!limit || bytes < (double)limit)
        return mmofl_dealing_no_memory(dealing, err);
    return mmofl_fail(err, MMOFL_E_MEMORY,
                      "the pools of %zu devices take %.0f MiB (%.0f bytes each), and "
                      "%.0f MiB are free: wanted fewer devices or smaller pools",
                      dealing->devices, bytes / (1 << 20),
                      bytes / (double)dealing->devices, (double)limit / (1 << 20));
}

mmofl_status mmofl_dealing_take_result(mmofl_dealing *dealing, size_t total,
                                       size_t **start, uint32_t **index,
                                       mmofl_error *err)
{
    dealing->arena->allocations = dealing->scratch.allocations;
    size_t *first = MMOFL_ARENA_NEW(dealing->arena, dealing->devices + 2, size_t);
    uint32_t *samples = MMOFL_ARENA_NEW(dealing->arena, total, uint32_t);
    if (!first || !samples)
        return no_room(dealing, total, err);
    *start = first;
    *index = dealing->index = samples;
    return MMOFL_OK;
}

mmofl_status mmofl_dealing_finish(mmofl_dealing *dealing, const uint32_t *device,
                                  mmofl_partition *out, mmofl_error *err)
{
    size_t n = dealing->n, total = 0, *start = NULL;
    uint32_t *index = NULL;
    for (size_t i = 0; i < n; i++)
        total += device[i] != MMOFL_LEFT_OUT;
    mmofl_status st = mmofl_dealing_take_result(dealing, total, &start, &index, err);
    if (st)
        return st;
    /* Counting sort as above: stable, so pools keep `order`. */
    for (size_t i = 0; i < n; i++)
        if (device[i] != MMOFL_LEFT_OUT)
            start[device[i] + 2]++;
    for (size_t d = 0; d < dealing->devices; d++)
        start[d + 2] += start[d + 1];
    for (size_t i = 0; i < n; i++) {
        uint32_t sample = dealing->order[i];
        if (device[sample] != MMOFL_LEFT_OUT)
            index[start[device[sample] + 1]++] = sample;
    }
    *out = (mmofl_partition){(int)dealing->devices, start, index};
    return MMOFL_OK;
}

/* --- making one ------------------------------------------------------------------- */

struct place {
    int32_t owner;
    uint32_t sample;
    int64_t time;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->sample < y->sample ? -1 : x->sample > y->sample;
}

/* Data sets often come in this order. */
static bool is_sorted(const struct place *place, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (compare_places(&place[i - 1], &place[i]) > 0)
            return false;
    return true;
}

/* Fill dealing->order. */
static mmofl_status sort_samples(mmofl_dealing *dealing, mmofl_error *err)
{
    struct place *place = MMOFL_DEALING_NEW(dealing, dealing->n, struct place);
    uint32_t *order = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    if (!place || !order)
        return mmofl_dealing_no_memory(dealing, err);
    for (size_t i = 0; i < dealing->n; i++)
        place[i] =
            (struct place){dealing->set->owner[i], (uint32_t)i, dealing->set->time[i]};
    if (!is_sorted(place, dealing->n))
        qsort(place, dealing->n, sizeof *place, compare_places);
    for (size_t i = 0; i < dealing->n; i++)
        order[i] = place[i].sample;
    dealing->order = order;
    return MMOFL_OK;
}

/* The training samples that are not held out: their numbers, and a set of them alone.
 */
static mmofl_status leave_out(mmofl_dealing *dealing, const mmofl_holdout *without,
                              mmofl_dataset *kept, uint32_t **number, mmofl_error *err)
{
    const mmofl_dataset *set = dealing->set;
    size_t n = set->n_train - without->n;
    uint32_t *sample = MMOFL_DEALING_NEW(dealing, n, uint32_t);
    int32_t *label = MMOFL_DEALING_NEW(dealing, n, int32_t);
    int32_t *owner = MMOFL_DEALING_NEW(dealing, n, int32_t);
    int64_t *time = MMOFL_DEALING_NEW(dealing, n, int64_t);
    if (!sample || !label || !owner || !time)
        return mmofl_dealing_no_memory(dealing, err);
    for (size_t i = 0, out = 0, to = 0; i < set->n_train; i++) {
        if (out < without->n && without->sample[out] == i) {
            out++;
            continue;
        }
        sample[to] = (uint32_t)i;
        label[to] = set->label[i];
        owner[to] = set->owner[i];
        time[to++] = set->time[i];
    }
    *kept = *set;
    kept->label = label;
    kept->owner = owner;
    kept->time = time;
    kept->n_train = kept->n_samples = dealing->n = n;
    dealing->set = kept;
    *number = sample;
    return MMOFL_OK;
}

static mmofl_status deal_without(mmofl_dealing *dealing, const mmofl_holdout *without,
                                 const mmofl_partition_kind *kind, mmofl_partition *out,
                                 mmofl_error *err)
{
    uint32_t *number = NULL;
    mmofl_dataset kept;
    mmofl_status st = MMOFL_OK;
    if (without && without->n > 0)
        st = leave_out(dealing, without, &kept, &number, err);
    if (!st)
        st = sort_samples(dealing, err);
    if (!st)
        st = kind->deal(dealing, out, err);
    for (size_t i = 0; !st && number && i < out->start[out->devices]; i++)
        dealing->index[i] = number[dealing->index[i]];
    return st;
}

mmofl_status mmofl_partition_make(const mmofl_dataset *set,
                                  const mmofl_holdout *without, const mmofl_pick *kind,
                                  int devices, uint64_t seed, mmofl_arena *arena,
                                  mmofl_partition *out, mmofl_error *err)
{
    static_assert(offsetof(mmofl_partition_kind, kind) == 0, "a kind starts its row");
    const mmofl_partition_kind *row = (const mmofl_partition_kind *)kind->kind;
    if (devices < 1)
        return mmofl_fail(err, MMOFL_E_RANGE, "devices is %d, wanted at least 1",
                          devices);
    /* Scratch counts its allocations on from the caller's, and take_result hands the
     * count back, so that a test can make any of them fail. */
    mmofl_dealing dealing = {
        .set = set,
        .n = set->n_train,
        .devices = (size_t)devices,
        .seed = seed,
        .options = kind->options.bytes,
        .scratch = {.fail_after = arena->fail_after, .allocations = arena->allocations},
        .arena = arena};
    mmofl_status st = deal_without(&dealing, without, row, out, err);
    mmofl_arena_free(&dealing.scratch);
    return st;
}
