/* partition_fixture.h - labels and owners to share out, and what every partition
 * promises. */
#ifndef PARTITION_FIXTURE_H
#define PARTITION_FIXTURE_H

#include "check.h"

#include "base/rng.h"
#include "data/partition.h"

enum { MOST = 8000, MOST_CLASSES = 8 };

/* A data set without values, which partitions do not look at, and the partitions of it.
 */
struct labels {
    mmofl_arena arena;
    mmofl_dataset set;
    int32_t label[MOST], owner[MOST];
    int64_t time[MOST];
    char name[MOST_CLASSES][MMOFL_NAME_BYTES];
};

/* n training samples, random classes and owners, times rising with the index. */
static inline struct labels *random_labels(size_t n, int classes, int owners,
                                           uint64_t seed)
{
    mmofl_rng rng = mmofl_rng_open(seed, 0, 0, MMOFL_USE_TEST);
    struct labels *made = calloc(1, sizeof *made);
    assert_non_null(made);
    for (size_t i = 0; i < n; i++) {
        made->label[i] = (int32_t)mmofl_rng_below(&rng, (uint64_t)classes);
        made->owner[i] = (int32_t)mmofl_rng_below(&rng, (uint64_t)owners);
        made->time[i] = (int64_t)i / 2;
    }
    for (int k = 0; k < classes; k++)
        snprintf(made->name[k], MMOFL_NAME_BYTES, "class %d", k);
    made->set =
        (mmofl_dataset){.n_classes = classes,
                        .class_name = (const char(*)[MMOFL_NAME_BYTES])made->name,
                        .n_samples = n,
                        .n_train = n,
                        .label = made->label,
                        .owner = made->owner,
                        .time = made->time};
    return made;
}

static inline void drop(struct labels *labels)
{
    mmofl_arena_free(&labels->arena);
    free(labels);
}

/* Pools are not empty, sorted by (owner, time, index), hence without repetition. */
static inline void check_pools(const struct labels *labels, const mmofl_partition *p)
{
    for (int d = 0; d < p->devices; d++) {
        CHECK(p->start[d + 1] > p->start[d]);
        for (size_t i = p->start[d]; i < p->start[d + 1]; i++) {
            uint32_t b = p->index[i];
            CHECK(b < labels->set.n_train);
            if (i == p->start[d])
                continue;
            uint32_t a = p->index[i - 1];
            int32_t owner = labels->owner[a];
            CHECK(owner <= labels->owner[b]);
            CHECK(owner < labels->owner[b] || labels->time[a] <= labels->time[b]);
            CHECK(owner < labels->owner[b] || a < b);
        }
    }
}

/* No sample belongs to two devices; returns how many belong to one. */
static inline size_t check_disjoint(const struct labels *labels,
                                    const mmofl_partition *p)
{
    bool *given = calloc(labels->set.n_train, 1);
    size_t total = p->start[p->devices];
    assert_non_null(given);
    for (size_t i = 0; i < total; i++) {
        CHECK(!given[p->index[i]]);
        given[p->index[i]] = true;
    }
    free(given);
    return total;
}

#endif
