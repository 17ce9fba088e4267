/* partition_shared.c - each device draws its pool from all training samples, so a fleet
 * may have more devices than there are samples.
 *
 * A pool holds no sample twice, depends on its device's own number only, and costs what
 * it holds (base/choose.h).  What is drawn are places in `order`, which sort as
 * numbers. */
#include <limits.h>

#include "base/choose.h"
#include "data/partition_parts.h"

typedef struct shared_options {
    int per_device;
} shared_options;

static const mmofl_option options[] = {
    MMOFL_INT_OPTION(shared_options, per_device, 1, INT_MAX, "200",
                     "samples drawn for each device"),
};

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
    uint32_t *scratch = MMOFL_DEALING_NEW(dealing, k, uint32_t);
    if (!deck || !scratch || dealing->devices > SIZE_MAX / k)
        return mmofl_dealing_no_memory(dealing, err);
    mmofl_status st =
        mmofl_dealing_take_result(dealing, dealing->devices * k, &start, &index, err);
    if (st)
        return st;
    mmofl_choose_deck(deck, n);
    for (size_t d = 0; d < dealing->devices; d++) {
        mmofl_rng rng = mmofl_rng_open(dealing->seed, d, 0, MMOFL_USE_PARTITION);
        uint32_t *pool = index + d * k;
        mmofl_choose(&rng, deck, n, k, pool, scratch);
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
