/* timers.c - sift up, sift down. */
#include <assert.h>
#include <stdlib.h>

#include "link/timers.h"

static void put(mmofl_timers *t, size_t i, mmofl_timer *timer)
{
    t->heap[i] = timer;
    timer->place = i + 1;
}

/* Find the place of a timer for which place i is free: up, then down. */
static void settle(mmofl_timers *t, size_t i, mmofl_timer *timer)
{
    while (i > 0 && timer->due < t->heap[(i - 1) / 2]->due) {
        put(t, i, t->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (size_t child; (child = 2 * i + 1) < t->n; i = child) {
        if (child + 1 < t->n && t->heap[child + 1]->due < t->heap[child]->due)
            child++;
        if (timer->due <= t->heap[child]->due)
            break;
        put(t, i, t->heap[child]);
    }
    put(t, i, timer);
}

mmofl_status mmofl_timers_reserve(mmofl_timers *t, size_t n)
{
    if (n <= t->room)
        return MMOFL_OK;
    size_t room = n < 16 ? 16 : 2 * n;
    mmofl_timer **heap = realloc(t->heap, room * sizeof(mmofl_timer *));
    if (!heap)
        return MMOFL_E_MEMORY;
    t->heap = heap;
    t->room = room;
    return MMOFL_OK;
}

void mmofl_timers_free(mmofl_timers *t)
{
    free(t->heap);
    *t = (mmofl_timers){0};
}

void mmofl_timers_set(mmofl_timers *t, mmofl_timer *timer, double due)
{
    timer->due = due;
    if (timer->place == 0) {
        assert(t->n < t->room);
        t->n++;
        settle(t, t->n - 1, timer);
    } else {
        settle(t, timer->place - 1, timer);
    }
}

void mmofl_timers_clear(mmofl_timers *t, mmofl_timer *timer)
{
    if (timer->place == 0)
        return;
    size_t i = timer->place - 1;
    mmofl_timer *last = t->heap[--t->n];
    timer->place = 0;
    if (last != timer)
        settle(t, i, last);
}

mmofl_timer *mmofl_timers_first(const mmofl_timers *t)
{
    return t->n > 0 ? t->heap[0] : NULL;
}
