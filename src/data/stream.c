/* stream.c - arrivals are numbered from 0; the rest is arithmetic.
 *
 *   arrival   0 1 2 3 4 | 5 6 7 8 9 | 10 ...      a pool of n = 5
 *   pass          0     |     1     |  2          arrival a is number a % n of pass a /
 * n [ held in round t   ] first        [fresh ]
 *
 * Arrivals up to round t: A(t) = initial + (t - 1) * fresh, cut to n when the stream
 * stops at its end.  Held are the last min(buffer, A(t)) of them. */
#include <assert.h>

#include "base/rng.h"
#include "data/stream.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t initial_of(const mmofl_stream_spec *spec)
{
    return (uint64_t)(spec->initial ? spec->initial : spec->buffer);
}

/* A(t); nothing has arrived in round 0. */
static uint64_t arrivals(const mmofl_stream_spec *spec, size_t n, uint64_t round)
{
    if (round == 0)
        return 0;
    uint64_t all = initial_of(spec) + (round - 1) * (uint64_t)spec->fresh;
    return spec->at_end == MMOFL_END_STOP ? least(all, n) : all;
}

mmofl_window mmofl_stream_window(const mmofl_stream_spec *spec, size_t n,
                                 uint64_t round)
{
    assert(n >= 1 && round >= 1 && round <= UINT64_C(1) << 32);
    assert(spec->buffer >= 1 && spec->fresh >= 0 && spec->initial >= 0);
    uint64_t all = arrivals(spec, n, round);
    uint64_t held = least(all, (uint64_t)spec->buffer);
    uint64_t fresh = least(all - arrivals(spec, n, round - 1), held);
    return (mmofl_window){all - held, (int)held, (int)fresh};
}

uint64_t mmofl_stream_round_of(const mmofl_stream_spec *spec, uint64_t arrival)
{
    uint64_t initial = initial_of(spec);
    if (arrival < initial)
        return 1;
    assert(spec->fresh > 0); /* else nothing arrives any more */
    return 2 + (arrival - initial) / (uint64_t)spec->fresh;
}

void mmofl_stream_held(const mmofl_stream_spec *spec, const uint32_t *pool, size_t n,
                       uint64_t seed, uint64_t device, mmofl_window window,
                       uint32_t *held, uint32_t *scratch)
{
    uint64_t pass = window.first / n;
    size_t at = (size_t)(window.first % n);
    for (int done = 0; done < window.held; pass++, at = 0) {
        for (size_t i = 0; i < n; i++)
            scratch[i] = pool[i];
        if (spec->order == MMOFL_ORDER_SHUFFLED) {
            mmofl_rng rng = mmofl_rng_open(seed, device, pass, MMOFL_USE_STREAM);
            mmofl_rng_shuffle(&rng, scratch, n);
        }
        for (; at < n && done < window.held; at++)
            held[done++] = scratch[at];
    }
}
