/* kept.c - what devices keep for the aggregation rule (scaffold's control variates),
 * one row of n_parameters floats for each device, and which rank has it.
 *
 * Every rank has the rows of a block of devices, which it trains whenever they take
 * part.  Rank 0 has all rows, for the checkpoint; after each round those of the others
 * that have changed are brought to it. */
#include <string.h>

#include "sim/fleet_parts.h"

static size_t row_bytes(const mmofl_simulation *s)
{
    return s->model->n_parameters * sizeof(float);
}

/* Has this rank the rows of all devices? */
static bool keeps_all(const mmofl_simulation *s)
{
    return mmofl_ranks_is_first(s->ranks);
}

static size_t first_row(const mmofl_simulation *s)
{
    return keeps_all(s) ? 0 : s->block[s->ranks->rank];
}

static size_t rows_here(const mmofl_simulation *s)
{
    size_t end = keeps_all(s) ? (size_t)s->setup.devices : s->block[s->ranks->rank + 1];
    return end - first_row(s);
}

/* Room to pack the rows that a round has changed; one at least, for spread. */
static mmofl_status make_packed(mmofl_simulation *s)
{
    size_t rows = rows_here(s) < s->most ? rows_here(s) : s->most;
    s->packed =
        MMOFL_ARENA_NEW(&s->pools, (rows ? rows : 1) * s->model->n_parameters, float);
    return s->packed ? MMOFL_OK : MMOFL_E_MEMORY;
}

mmofl_status mmofl_fleet_kept_init(mmofl_simulation *s, mmofl_error *err)
{
    const mmofl_simulation_setup *u = &s->setup;
    size_t n = s->model->n_parameters;
    double bytes = (double)rows_here(s) * (double)row_bytes(s),
           left = (double)mmofl_fleet_memory_left(s);
    if (left > 0 && bytes > left)
        return mmofl_fail(err, MMOFL_E_MEMORY,
                          "aggregation %s makes each of %d devices keep %zu numbers: "
                          "%.0f MiB, and %.0f MiB are free; wanted fewer devices or "
                          "another rule",
                          u->aggregation->kind->name, u->devices, n, bytes / (1 << 20),
                          left / (1 << 20));
    s->kept = MMOFL_ARENA_NEW(&s->pools, rows_here(s) * n, float);
    if (!s->kept || (s->ranks->size > 1 && make_packed(s)))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %d devices", u->devices);
    return MMOFL_OK;
}

float *mmofl_fleet_kept(const mmofl_simulation *s, size_t device)
{
    return s->kept + (device - first_row(s)) * s->model->n_parameters;
}

void mmofl_fleet_kept_collect(const mmofl_simulation *s)
{
    if (!s->packed)
        return;
    size_t n = s->model->n_parameters, all = s->start[s->ranks->size];
    size_t from = s->start[s->ranks->rank], to = s->start[s->ranks->rank + 1];
    for (size_t i = from; i < to; i++)
        memcpy(s->packed + (i - from) * n, mmofl_fleet_kept(s, s->participants[i]),
               row_bytes(s));
    mmofl_ranks_collect(s->ranks, row_bytes(s), s->start, s->packed, s->packed);
    for (size_t i = to; keeps_all(s) && i < all; i++)
        memcpy(mmofl_fleet_kept(s, s->participants[i]), s->packed + i * n,
               row_bytes(s));
}

void mmofl_fleet_kept_spread(const mmofl_simulation *s)
{
    size_t first = first_row(s), end = first + rows_here(s);
    for (size_t d = 0; s->packed && d < (size_t)s->setup.devices; d++) {
        bool is_here = d >= first && d < end;
        mmofl_ranks_broadcast(s->ranks, 0, is_here ? mmofl_fleet_kept(s, d) : s->packed,
                              row_bytes(s));
    }
}
