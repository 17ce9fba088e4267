/* exchange.c - who trains whom, and what the ranks of a fleet tell each other.
 *
 *   participants   0 ...                                 n - 1
 *                  | rank 0      | rank 1      | rank 2  |
 *   start          [0]           [1]           [2]       [3]
 *
 * Every rank has the whole fleet's settings and draws the same participants; it trains
 * a block of them.  Blocks have the same size in each round where devices have no
 * memory; where they have (kept.c), a rank trains those of its block of devices.
 *
 * What comes back stands in its place by participant or is a sum of integers, so that
 * nothing shows how many ranks there were. */
#include <assert.h>
#include <string.h>

#include "sim/fleet_parts.h"

mmofl_status mmofl_fleet_blocks_init(mmofl_simulation *s)
{
    size_t size = (size_t)s->ranks->size;
    s->start = MMOFL_ARENA_NEW(&s->arena, size + 1, size_t);
    s->block = MMOFL_ARENA_NEW(&s->arena, size + 1, size_t);
    if (!s->start || !s->block)
        return MMOFL_E_MEMORY;
    mmofl_ranks_split(s->ranks, (size_t)s->setup.devices, s->block);
    return MMOFL_OK;
}

void mmofl_fleet_deal(mmofl_simulation *s)
{
    if (!s->kept) {
        mmofl_ranks_split(s->ranks, s->n_participants, s->start);
        return;
    }
    size_t next = 0;
    for (int r = 0; r <= s->ranks->size; r++) {
        while (next < s->n_participants && s->participants[next] < s->block[r])
            next++;
        s->start[r] = next;
    }
}

/* Sums, each of which is three counts, and the participants' own. */
static void exchange_injected(mmofl_simulation *s)
{
    static_assert(sizeof(mmofl_injected) == 3 * sizeof(uint64_t), "counts, no gaps");
    size_t modalities = (size_t)s->setup.data->n_modalities;
    mmofl_ranks_sum_counts(s->ranks, (uint64_t *)(void *)s->injected_sum,
                           3 * modalities);
    if (s->injected)
        mmofl_ranks_gather(s->ranks, modalities * sizeof *s->injected, s->start,
                           s->injected + s->start[s->ranks->rank] * modalities,
                           s->injected);
}

mmofl_status mmofl_fleet_exchange(mmofl_simulation *s)
{
    if (s->source.imbalance)
        exchange_injected(s);
    mmofl_fleet_kept_collect(s);
    if (s->analysed)
        mmofl_analysis_merge(s->analysis, s->ranks, s->start);
    return mmofl_coordinator_merge(s->coordinator, s->start);
}

void mmofl_simulation_spread(mmofl_simulation *s)
{
    mmofl_coordinator_spread(s->coordinator);
    mmofl_fleet_kept_spread(s);
}
