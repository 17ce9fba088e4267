/* clock.h - time for people and benchmarks; no result depends on it. */
#ifndef MMOFL_BASE_CLOCK_H
#define MMOFL_BASE_CLOCK_H

#include <stddef.h>

/** Seconds since some fixed moment, monotonic. */
double mmofl_clock_seconds(void);

/** CPU seconds used by the calling thread. */
double mmofl_clock_thread_seconds(void);

/** Largest resident set of this process so far, in bytes. */
size_t mmofl_clock_peak_rss_bytes(void);

#endif
