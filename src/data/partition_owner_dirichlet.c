/* partition_owner_dirichlet.c - several devices to each person, who differ in what they
 * see of him: FedMultimodal's split of UCI-HAR (Feng et al., KDD 2023), 21 people with
 * five devices each.
 *
 * Each owner's samples are shared out over the owner's devices by Dirichlet draws of
 * their own, with the balance of Li et al. (NIID-Bench, ICDE 2022): a device that has
 * its even part gets nothing of later classes.  Devices d S ... d S + S - 1 belong to
 * the owner who comes d-th by number.  Where we differ: the original draws with the
 * same seed for each owner; ours are independent. */
#include <assert.h>

#include "data/dirichlet_table.h"

static const mmofl_option options[] = {MMOFL_DIRICHLET_OPTIONS("5")};

/* The owner after the one whose first sample is order[from]: where he begins. */
static size_t next_owner(const mmofl_dealing *dealing, size_t from)
{
    const int32_t *owner = dealing->set->owner;
    const uint32_t *order = dealing->order;
    size_t to = from;
    while (to < dealing->n && owner[order[to]] == owner[order[from]])
        to++;
    return to;
}

static mmofl_status count_shards(const mmofl_dealing *dealing, size_t *shards,
                                 mmofl_error *err)
{
    size_t owners = 0;
    assert(dealing->n > 0);
    for (size_t from = 0; from < dealing->n; from = next_owner(dealing, from))
        owners++;
    *shards = dealing->devices / owners;
    if (dealing->devices % owners == 0)
        return MMOFL_OK;
    return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                      "%zu devices, but the training part has %zu owners and the "
                      "partition `owner_dirichlet` gives each the same number of "
                      "devices: wanted %zu, %zu, ...",
                      dealing->devices, owners, owners, 2 * owners);
}

/* Sort order[from] ... order[to - 1] by class into sample. */
static void sort_by_class(const mmofl_dealing *dealing, size_t from, size_t to,
                          size_t *start, uint32_t *sample)
{
    const int32_t *label = dealing->set->label;
    size_t classes = (size_t)dealing->set->n_classes;
    /* Counting sort, one place late, as in mmofl_dealing_by_class. */
    for (size_t k = 0; k < classes + 2; k++)
        start[k] = 0;
    for (size_t i = from; i < to; i++)
        start[label[dealing->order[i]] + 2]++;
    for (size_t k = 0; k < classes; k++)
        start[k + 2] += start[k + 1];
    for (size_t i = from; i < to; i++)
        sample[start[label[dealing->order[i]] + 1]++] = dealing->order[i];
}

static mmofl_status deal(mmofl_dealing *dealing, mmofl_partition *out, mmofl_error *err)
{
    size_t shards;
    mmofl_dirichlet_table table;
    mmofl_status st = count_shards(dealing, &shards, err);
    if (!st)
        st = mmofl_dirichlet_init(dealing, shards, &table, err);
    if (st)
        return st;
    size_t *start = MMOFL_DEALING_NEW(dealing, table.classes + 2, size_t);
    uint32_t *device = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    table.sample = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    if (!start || !device || !table.sample)
        return mmofl_dealing_no_memory(dealing, err);
    table.start = start;
    table.balanced = true;
    for (size_t from = 0, to, rank = 0; from < dealing->n; from = to, rank++) {
        to = next_owner(dealing, from);
        sort_by_class(dealing, from, to, start, table.sample);
        table.key = rank;
        st = mmofl_dirichlet_draw(&table, err);
        if (st)
            return mmofl_fail_within(err, "owner %d",
                                     (int)dealing->set->owner[dealing->order[from]]);
        mmofl_dirichlet_hand_out(&table, (uint32_t)(rank * shards), device);
    }
    return mmofl_dealing_finish(dealing, device, out, err);
}

const mmofl_partition_kind mmofl_partition_owner_dirichlet = {
    .kind = {.name = "owner_dirichlet",
             .help =
                 "each owner (person) split over as many devices as the others, per "
                 "class by Dirichlet(alpha); devices: a multiple of the owners",
             .source = "Feng et al., KDD 2023 (FedMultimodal)",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(mmofl_dirichlet_options)},
    .deal = deal};
