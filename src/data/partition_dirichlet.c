/* partition_dirichlet.c - label skew: each class is shared out over all devices by a
 * Dirichlet draw (dirichlet_table.c). */
#include "data/dirichlet_table.h"

static const mmofl_option options[] = {MMOFL_DIRICHLET_OPTIONS("1")};

static mmofl_status check_wanted(const mmofl_dealing *dealing, mmofl_error *err)
{
    const mmofl_dirichlet_options *o = dealing->options;
    size_t wanted = (size_t)o->min_samples;
    mmofl_status st = mmofl_dealing_check_devices(dealing, err);
    if (!st && wanted > dealing->n / dealing->devices)
        st = mmofl_fail(err, MMOFL_E_INFEASIBLE,
                        "%zu devices with min_samples = %zu each need %zu training "
                        "samples, but there are %zu: wanted min_samples <= %zu",
                        dealing->devices, wanted, dealing->devices * wanted, dealing->n,
                        dealing->n / dealing->devices);
    return st;
}

static mmofl_status deal(mmofl_dealing *dealing, mmofl_partition *out, mmofl_error *err)
{
    size_t *start;
    mmofl_dirichlet_table table;
    mmofl_status st = check_wanted(dealing, err);
    if (!st)
        st = mmofl_dirichlet_init(dealing, dealing->devices, &table, err);
    if (!st)
        st = mmofl_dealing_by_class(dealing, &start, &table.sample, err);
    if (st)
        return st;
    table.start = start;
    uint32_t *device = MMOFL_DEALING_NEW(dealing, dealing->n, uint32_t);
    if (!device)
        return mmofl_dealing_no_memory(dealing, err);
    st = mmofl_dirichlet_draw(&table, err);
    if (st)
        return st;
    mmofl_dirichlet_hand_out(&table, 0, device);
    return mmofl_dealing_finish(dealing, device, out, err);
}

const mmofl_partition_kind mmofl_partition_dirichlet = {
    .kind = {.name = "dirichlet",
             .help = "per class a Dirichlet(alpha) draw over devices",
             .source = "Yurochkin et al., ICML 2019; METHOD.md section 6, `dir1`",
             .options = options,
             .n_options = sizeof options / sizeof *options,
             .options_size = sizeof(mmofl_dirichlet_options)},
    .deal = deal};
