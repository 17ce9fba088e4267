/* ranks_fixture.h - ranks that are threads of one process: what each brings to a call
 * is seen by all between two barriers.
 *
 * Checks belong to the main thread (a failing one leaves its test by a jump): what runs
 * on a rank notes what it found, and the test looks at it afterwards. */
#ifndef MMOFL_TESTS_RANKS_FIXTURE_H
#define MMOFL_TESTS_RANKS_FIXTURE_H

#include <pthread.h>

#include "base/ranks.h"
#include "check.h"

enum { MOST_RANKS = 8 };

typedef struct meeting {
    pthread_barrier_t barrier;
    const void *brought[MOST_RANKS];
} meeting;

/** One rank. */
typedef struct thread_rank {
    mmofl_ranks ranks;
    meeting *meeting;
    pthread_t thread;
    void (*body)(void *context, const mmofl_ranks *ranks);
    void *context;
} thread_rank;

/* What each rank brings is there after open, and needed no more after close. */
static inline meeting *meeting_open(const mmofl_ranks *ranks, const void *brought)
{
    meeting *m = ((const thread_rank *)(const void *)ranks)->meeting;
    m->brought[ranks->rank] = brought;
    pthread_barrier_wait(&m->barrier);
    return m;
}

static inline void meeting_close(meeting *m)
{
    pthread_barrier_wait(&m->barrier);
}

static inline void thread_sum(const mmofl_ranks *ranks, int64_t *numbers, size_t n)
{
    uint64_t *sum = calloc(n + 1, sizeof *sum);
    meeting *m = meeting_open(ranks, numbers);
    for (int r = 0; r < ranks->size; r++)
        for (size_t i = 0; i < n; i++)
            sum[i] += ((const uint64_t *)m->brought[r])[i];
    meeting_close(m);
    memcpy(numbers, sum, n * sizeof *sum);
    free(sum);
}

static inline void thread_gather(const mmofl_ranks *ranks, bool everywhere, size_t unit,
                                 const size_t *start, const void *mine, void *all)
{
    meeting *m = meeting_open(ranks, mine);
    for (int r = 0; r < ranks->size && (everywhere || ranks->rank == 0); r++) {
        char *to = (char *)all + start[r] * unit;
        if (m->brought[r] != to)
            memcpy(to, m->brought[r], (start[r + 1] - start[r]) * unit);
    }
    meeting_close(m);
}

static inline void thread_broadcast(const mmofl_ranks *ranks, int from, void *data,
                                    size_t bytes)
{
    meeting *m = meeting_open(ranks, data);
    if (ranks->rank != from)
        memcpy(data, m->brought[from], bytes);
    meeting_close(m);
}

static inline void thread_leave(mmofl_ranks *ranks)
{
    (void)ranks;
}

static const mmofl_ranks_kind thread_ranks_kind = {"threads", thread_sum, thread_gather,
                                                   thread_broadcast, thread_leave};

/** Ranks 0 ... size - 1, ready to be met. */
static inline void ranks_init(meeting *m, thread_rank *rank, int size)
{
    CHECK(size <= MOST_RANKS);
    CHECK_INT(pthread_barrier_init(&m->barrier, NULL, (unsigned)size), 0);
    for (int r = 0; r < size; r++)
        rank[r] = (thread_rank){.ranks = {&thread_ranks_kind, r, size, size, 1},
                                .meeting = m};
}

static inline void *rank_main(void *argument)
{
    thread_rank *rank = argument;
    rank->body(rank->context, &rank->ranks);
    return NULL;
}

/** Run body on each rank with context number r of `size` bytes each; wait for all. */
static inline void ranks_run(thread_rank *rank,
                             void (*body)(void *context, const mmofl_ranks *ranks),
                             void *contexts, size_t size)
{
    int n = rank->ranks.size;
    for (int r = 0; r < n; r++) {
        rank[r].body = body;
        rank[r].context = (char *)contexts + (size_t)r * size;
        CHECK_INT(pthread_create(&rank[r].thread, NULL, rank_main, &rank[r]), 0);
    }
    for (int r = 0; r < n; r++)
        pthread_join(rank[r].thread, NULL);
}

static inline void ranks_free(meeting *m)
{
    pthread_barrier_destroy(&m->barrier);
}

#endif
