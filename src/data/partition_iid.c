/* partition_iid.c - every device sees a fair sample of everything: shuffle and deal. */
#include "data/partition_parts.h"

static mmofl_status deal(mmofl_dealing *dealing, mmofl_partition *out, mmofl_error *err)
{
    mmofl_status st = mmofl_dealing_check_devices(dealing, err);
    if (st)
        return st;
    uint32_t *sample = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    uint32_t *device = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    if (!sample || !device)
        return mmofl_dealing_no_memory(dealing, err);
    mmofl_rng rng = mmofl_dealing_random(dealing, 0);
    for (size_t i = 0; i < dealing->n; i++)
        sample[i] = (uint32_t)i;
    mmofl_rng_shuffle(&rng, sample, dealing->n);
    for (size_t i = 0; i < dealing->n; i++)
        device[sample[i]] = (uint32_t)(i % dealing->devices);
    return mmofl_dealing_finish(dealing, device, out, err);
}

const mmofl_partition_kind mmofl_partition_iid = {
    .kind = {.name = "iid",
             .help = "shuffled samples dealt evenly",
             .source = "McMahan et al., AISTATS 2017, section 3"},
    .deal = deal};
