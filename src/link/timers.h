/* timers.h - which of many things is due next: a binary heap of times.
 *
 * A timer is a member of the thing it wakes; the heap points to it and it knows its
 * place, so that it can be moved or taken out at once.  Cost: O(log n) each. */
#ifndef MMOFL_LINK_TIMERS_H
#define MMOFL_LINK_TIMERS_H

#include "mmofl/status.h"

typedef struct mmofl_timer {
    double due;
    size_t place; /* in the heap, counted from 1; 0: not set */
} mmofl_timer;

typedef struct mmofl_timers {
    mmofl_timer **heap; /* heap[0] is due first; parent of i: (i - 1) / 2 */
    size_t n, room;
} mmofl_timers;

/** Room for n timers at once, so that setting them cannot fail.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_timers_reserve(mmofl_timers *timers, size_t n);
void mmofl_timers_free(mmofl_timers *timers);

/** Set it, or move it, to `due`. */
void mmofl_timers_set(mmofl_timers *timers, mmofl_timer *timer, double due);
/** Take it out; one that is not set is fine. */
void mmofl_timers_clear(mmofl_timers *timers, mmofl_timer *timer);

/** The one that is due first, or NULL. */
mmofl_timer *mmofl_timers_first(const mmofl_timers *timers);

#endif
