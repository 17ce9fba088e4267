/* partition_shared.c - each device draws its pool from all training samples, so a fleet
 * may have more devices than there are samples.
 *
 * A pool holds no sample twice: the first k places of a Fisher-Yates shuffle are a
 * uniform draw of k distinct numbers.  The shuffle is undone afterwards, swap by swap
 * backwards, so a device's pool depends on its own number only and costs O(k), not
 * O(n).  What is drawn are places in `order`, which sort as numbers. */
#include <limits.h>
#include <stdlib.h>

#include "data/partition_parts.h"

typedef struct shared_options {
    int per_device;
} shared_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(shared_options, per_device, 1, INT_MAX, "200",
                     "samples drawn for each device"),
};

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

/* Draw k of n numbers into pool, ascending.  deck holds 0 ... n-1, before and after;
 * with holds k numbers. */
static void draw(mmofl_rng *rng, uint32_t *deck, size_t n, size_t k, uint32_t *with,
                 uint32_t *pool)
{
    for (size_t i = 0; i < k; i++) {
        with[i] = (uint32_t)(i + mmofl_rng_below(rng, n - i));
        swap(&deck[i], &deck[with[i]]);
        pool[i] = deck[i];
    }
    for (size_t i = k; i-- > 0;)
        swap(&deck[i], &deck[with[i]]);
    qsort(pool, k, sizeof *pool, compare_numbers);
}

static mmofl_status deal(mmofl_dealing *dealing, mmofl_partition *out, mmofl_error *err)
{
    const shared_options *o = dealing->options;
    size_t n = dealing->n, k = (size_t)o->per_device, *start = NULL;
    uint32_t *index = NULL;
    if (k > n)
        return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                          "per_device is %zu, but there are only %zu training samples "
                          "to draw from",
                          k, n);
    uint32_t *deck = MMOFL_DEALING_NEW(dealing, n, uint32_t);
    uint32_t *with = MMOFL_DEALING_NEW(dealing, k, uint32_t);
    if (!deck || !with || dealing->devices > SIZE_MAX / k)
        return mmofl_dealing_no_memory(dealing, err);
    mmofl_status st =
        mmofl_dealing_take_result(dealing, dealing->devices * k, &start, &index, err);
    if (st)
        return st;
    for (size_t i = 0; i < n; i++)
        deck[i] = (uint32_t)i;
    for (size_t d = 0; d < dealing->devices; d++) {
        mmofl_rng rng = mmofl_rng_open(dealing->seed, d, 0, MMOFL_USE_PARTITION);
        uint32_t *pool = index + d * k;
        draw(&rng, deck, n, k, with, pool);
        for (size_t i = 0; i < k; i++)
            pool[i] = dealing->order[pool[i]];
        start[d + 1] = (d + 1) * k;
    }
    *out = (mmofl_partition){(int)dealing->devices, start, index};
    return MMOFL_OK;
}

const mmofl_partition_kind mmofl_partition_shared = {
    .kind = {.name = "shared",
             .help = "each device draws per_device samples; pools overlap, so a fleet "
                     "may be larger than the data",
             .source = "our construction",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(shared_options)},
    .deal = deal};
