/* ranks.h - a fixed number of processes that work on one thing together.
 *
 * What pool.h is for the threads of a process, this is for the processes of a cluster:
 * ranks 0 ... size - 1 run the same program on the same input, each does its part, and
 * they meet in the calls below.  All of them make the same calls in the same order;
 * between calls they share nothing.
 *
 * As with threads, results must not depend on their number: sums are of integers, and
 * whatever else there is goes to everybody by item number and is combined in item
 * order.  That is why nothing here adds up floating-point numbers.
 *
 * Sets of ranks: a process alone (here), Open MPI (link/ranks_mpi.c), threads (the
 * tests).  A call does not fail: when a rank is lost, what carries the calls ends the
 * others, and the run goes on from its last round with `mmofl resume`.
 * Threads: calls come from the thread that made the ranks. */
#ifndef MMOFL_BASE_RANKS_H
#define MMOFL_BASE_RANKS_H

#include "mmofl/status.h"

typedef struct mmofl_ranks mmofl_ranks;

typedef struct mmofl_ranks_kind {
    const char *name; /* "alone" */
    void (*sum)(const mmofl_ranks *ranks, int64_t *numbers, size_t n);
    void (*gather)(const mmofl_ranks *ranks, bool everywhere, size_t unit,
                   const size_t *start, const void *mine, void *all);
    void (*broadcast)(const mmofl_ranks *ranks, int from, void *data, size_t bytes);
    void (*leave)(mmofl_ranks *ranks);
} mmofl_ranks_kind;

/** Every set of ranks starts with this; read-only. */
struct mmofl_ranks {
    const mmofl_ranks_kind *kind;
    int rank, size; /* this process's number; how many there are */
    int neighbours; /* ranks on this machine, this one included */
    int cores;      /* that this rank may take for its threads; 0: all it may use */
};

/** One process without others: its calls do nothing, and gather copies. */
const mmofl_ranks *mmofl_ranks_alone(void);

/** ranks itself; alone where it is NULL. */
static inline const mmofl_ranks *mmofl_ranks_or_alone(const mmofl_ranks *ranks)
{
    return ranks ? ranks : mmofl_ranks_alone();
}

/** Is this the rank that writes and talks? */
static inline bool mmofl_ranks_is_first(const mmofl_ranks *ranks)
{
    return ranks->rank == 0;
}

/** Where block number b begins when n items are dealt out in `blocks` of (nearly) the
 * same size; b = blocks: their end. */
static inline size_t mmofl_block_start(size_t n, size_t blocks, size_t b)
{
    size_t more = n % blocks;
    return n / blocks * b + (b < more ? b : more);
}

/** Deal n items out in blocks of (nearly) the same size, in the order of the ranks:
 * rank r has start[r] ... start[r + 1] - 1.  @param[out] start  (size + 1) */
void mmofl_ranks_split(const mmofl_ranks *ranks, size_t n, size_t *start);

/** Every rank's numbers become their sums over all ranks.  Sums that pass 63 bits wrap
 * around. */
void mmofl_ranks_sum(const mmofl_ranks *ranks, int64_t *numbers, size_t n);

/** The same for counts. */
void mmofl_ranks_sum_counts(const mmofl_ranks *ranks, uint64_t *counts, size_t n);

/** Items of `unit` bytes, of which each rank has those that `start` deals to it: after
 * the call all of them stand in `all`, everywhere.
 * @param[in]     start  (size + 1), the same on all ranks; items start[0] = 0 ...
 *                       start[size]
 * @param[in]     mine   this rank's items; may be their place in all
 * @param[in,out] all    (start[size]) items */
void mmofl_ranks_gather(const mmofl_ranks *ranks, size_t unit, const size_t *start,
                        const void *mine, void *all);

/** The same, but they stand in `all` on rank 0 only; elsewhere it may be NULL. */
void mmofl_ranks_collect(const mmofl_ranks *ranks, size_t unit, const size_t *start,
                         const void *mine, void *all);

/** What rank `from` has in data goes to all. */
void mmofl_ranks_broadcast(const mmofl_ranks *ranks, int from, void *data,
                           size_t bytes);

/** Has any rank said true? */
bool mmofl_ranks_any(const mmofl_ranks *ranks, bool mine);

/** What mmofl_ranks_agree gives. */
MMOFL_CHECKED mmofl_status mmofl_ranks_first_failure(const mmofl_ranks *ranks,
                                                     mmofl_status mine,
                                                     mmofl_error *err);

/** One outcome for all: OK if all ranks say so, else status and error of the lowest one
 * that does not.  err may be NULL on some ranks. */
MMOFL_CHECKED static inline mmofl_status
mmofl_ranks_agree(const mmofl_ranks *ranks, mmofl_status mine, mmofl_error *err)
{
    mmofl_status all = mmofl_ranks_first_failure(ranks, mine, err);
    return all ? all
               : mine; /* OK of all is OK of mine: here where an analyzer sees it */
}

/** Do all ranks give the same bytes?  Their number must be the same. */
bool mmofl_ranks_same(const mmofl_ranks *ranks, const void *data, size_t bytes);

/** The end of the meetings: all ranks call it.  NULL is allowed. */
void mmofl_ranks_leave(mmofl_ranks *ranks);

#endif
