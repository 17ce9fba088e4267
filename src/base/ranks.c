/* ranks.c - what follows from the three calls of a kind, and the kind of a process
 * alone. */
#include <string.h>

#include "base/ranks.h"

void mmofl_ranks_split(const mmofl_ranks *ranks, size_t n, size_t *start)
{
    size_t size = (size_t)ranks->size;
    for (size_t r = 0; r <= size; r++)
        start[r] = mmofl_block_start(n, size, r);
}

void mmofl_ranks_sum(const mmofl_ranks *ranks, int64_t *numbers, size_t n)
{
    ranks->kind->sum(ranks, numbers, n);
}

void mmofl_ranks_sum_counts(const mmofl_ranks *ranks, uint64_t *counts, size_t n)
{
    /* The two types may look at each other's memory, and add up in the same way. */
    ranks->kind->sum(ranks, (int64_t *)counts, n);
}

void mmofl_ranks_gather(const mmofl_ranks *ranks, size_t unit, const size_t *start,
                        const void *mine, void *all)
{
    ranks->kind->gather(ranks, true, unit, start, mine, all);
}

void mmofl_ranks_collect(const mmofl_ranks *ranks, size_t unit, const size_t *start,
                         const void *mine, void *all)
{
    ranks->kind->gather(ranks, false, unit, start, mine, all);
}

void mmofl_ranks_broadcast(const mmofl_ranks *ranks, int from, void *data, size_t bytes)
{
    ranks->kind->broadcast(ranks, from, data, bytes);
}

bool mmofl_ranks_any(const mmofl_ranks *ranks, bool mine)
{
    int64_t n = mine;
    mmofl_ranks_sum(ranks, &n, 1);
    return n > 0;
}

/* One sum while all goes well; only then is it looked for who has failed. */
mmofl_status mmofl_ranks_first_failure(const mmofl_ranks *ranks, mmofl_status mine,
                                       mmofl_error *err)
{
    if (!mmofl_ranks_any(ranks, mine != MMOFL_OK))
        return MMOFL_OK;
    mmofl_error first = {.status = MMOFL_OK};
    for (int r = 0; r < ranks->size && !first.status; r++) {
        if (r == ranks->rank && mine) {
            if (err)
                first = *err;
            first.status = mine;
        }
        mmofl_ranks_broadcast(ranks, r, &first, sizeof first);
    }
    if (err)
        *err = first;
    return first.status;
}

bool mmofl_ranks_same(const mmofl_ranks *ranks, const void *data, size_t bytes)
{
    const unsigned char *mine = data;
    unsigned char first[256];
    bool differs = false;
    for (size_t at = 0, n; at < bytes; at += n) {
        n = bytes - at < sizeof first ? bytes - at : sizeof first;
        memcpy(first, mine + at, n);
        mmofl_ranks_broadcast(ranks, 0, first, n);
        differs = differs || memcmp(first, mine + at, n) != 0;
    }
    return !mmofl_ranks_any(ranks, differs);
}

void mmofl_ranks_leave(mmofl_ranks *ranks)
{
    if (ranks)
        ranks->kind->leave(ranks);
}

/* ---------------------------------------------------------------- alone */

static void sum(const mmofl_ranks *ranks, int64_t *numbers, size_t n)
{
    (void)ranks, (void)numbers, (void)n;
}

static void gather(const mmofl_ranks *ranks, bool everywhere, size_t unit,
                   const size_t *start, const void *mine, void *all)
{
    (void)ranks, (void)everywhere;
    if (mine != all)
        memcpy(all, mine, unit * start[1]);
}

static void broadcast(const mmofl_ranks *ranks, int from, void *data, size_t bytes)
{
    (void)ranks, (void)from, (void)data, (void)bytes;
}

static void leave(mmofl_ranks *ranks)
{
    (void)ranks;
}

const mmofl_ranks *mmofl_ranks_alone(void)
{
    static const mmofl_ranks_kind kind = {"alone", sum, gather, broadcast, leave};
    static const mmofl_ranks alone = {&kind, 0, 1, 1, 0};
    return &alone;
}
