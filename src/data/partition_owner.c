/* partition_owner.c - each person's samples stay together, as with one phone a person.
 *
 * With fewer devices than people a device serves several: METHOD.md's protocol `subj`.
 */
#include "data/partition_parts.h"

/* Fill owner with the distinct owners, ascending, and rank with each sample's place
 * among them; returns how many. */
static size_t list_owners(const mmofl_dealing *dealing, uint32_t *rank)
{
    const int32_t *owner = dealing->set->owner;
    size_t owners = 0;
    for (size_t i = 0; i < dealing->n; i++) {
        uint32_t sample = dealing->order[i];
        if (i == 0 || owner[sample] != owner[dealing->order[i - 1]])
            owners++;
        rank[sample] = (uint32_t)owners - 1;
    }
    return owners;
}

static mmofl_status deal(mmofl_dealing *dealing, mmofl_partition *out, mmofl_error *err)
{
    uint32_t *device = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    if (!device)
        return mmofl_dealing_no_memory(dealing, err);
    size_t owners = list_owners(dealing, device);
    if (dealing->devices > owners)
        return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                          "%zu devices, but the training part has %zu owners and the "
                          "partition `owner` gives each to one device: wanted at most "
                          "%zu devices",
                          dealing->devices, owners, owners);

    uint32_t *place = MMOFL_DEALING_NEW(dealing, owners, uint32_t);
    uint32_t *device_of_owner = MMOFL_DEALING_NEW(dealing, owners, uint32_t);
    if (!place || !device_of_owner)
        return mmofl_dealing_no_memory(dealing, err);
    mmofl_rng rng = mmofl_dealing_random(dealing, 0);
    for (size_t i = 0; i < owners; i++)
        place[i] = (uint32_t)i;
    mmofl_rng_shuffle(&rng, place, owners);
    for (size_t i = 0; i < owners; i++)
        device_of_owner[place[i]] = (uint32_t)(i % dealing->devices);
    for (size_t i = 0; i < dealing->n; i++)
        device[i] = device_of_owner[device[i]];
    return mmofl_dealing_finish(dealing, device, out, err);
}

const mmofl_partition_kind mmofl_partition_owner = {
    .kind = {.name = "owner",
             .help = "each owner (person) whole to one device, dealt round robin",
             .source = "METHOD.md section 6, `subj`"},
    .deal = deal};
