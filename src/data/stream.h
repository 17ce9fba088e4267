/* stream.h - a device's stream: which samples have arrived by round t, which it still
 * holds.
 *
 * The stream of a device is its pool, gone through in passes: in time order, or
 * shuffled anew for each pass.  `initial` samples arrive in round 1 and `fresh` in each
 * later round; the buffer holds the last `buffer` arrivals (first in, first out).  At
 * the end of the pool the stream begins the next pass (cycle) or nothing more arrives
 * and the buffer keeps what it has (stop).  A buffer that reaches over the end of a
 * pass may hold a sample twice; one larger than the pool always does.
 *
 * All of it is a pure function of (pool, spec, seed, device, round): there is no state
 * to save, and a device that skips rounds finds what it would have held.  What is kept
 * are indexes, never values. */
#ifndef MMOFL_DATA_STREAM_H
#define MMOFL_DATA_STREAM_H

#include "base/option.h"

typedef struct mmofl_stream_spec {
    int buffer;  /* B >= 1: most samples a device holds */
    int fresh;   /* >= 0: samples that arrive each round (key: new) */
    int initial; /* >= 0: samples that arrive in round 1; 0 = buffer */
    int order;   /* mmofl_stream_order */
    int at_end;  /* mmofl_stream_end */
} mmofl_stream_spec;

typedef enum mmofl_stream_order {
    MMOFL_ORDER_SHUFFLED,
    MMOFL_ORDER_TIME
} mmofl_stream_order;
#define MMOFL_ORDER_CHOICES "shuffled|time"
typedef enum mmofl_stream_end { MMOFL_END_CYCLE, MMOFL_END_STOP } mmofl_stream_end;
#define MMOFL_END_CHOICES "cycle|stop"

/** What a device holds in a round. */
typedef struct mmofl_window {
    uint64_t first; /* number of the oldest arrival held, counted from 0 */
    int held;       /* samples in the buffer, oldest first; at least 1 */
    int fresh;      /* how many of them (the last ones) arrived this round */
} mmofl_window;

/** The window of a pool of n >= 1 samples in round t = 1, 2, ... 2^32.  Cost: O(1). */
mmofl_window mmofl_stream_window(const mmofl_stream_spec *spec, size_t n,
                                 uint64_t round);

/** The round in which arrival number `arrival` (from 0) comes.  Cost: O(1). */
uint64_t mmofl_stream_round_of(const mmofl_stream_spec *spec, uint64_t arrival);

/** Write the held samples' indexes, oldest first, to held (window.held numbers).
 * pool: n samples in time order.  scratch: n numbers, whose content does not matter.
 * Cost: O(n + held). */
void mmofl_stream_held(const mmofl_stream_spec *spec, const uint32_t *pool, size_t n,
                       uint64_t seed, uint64_t device, mmofl_window window,
                       uint32_t *held, uint32_t *scratch);

#endif
