/* clock.c - POSIX clocks and resource usage. */
#define _POSIX_C_SOURCE 200809L
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"

static double seconds(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double mmofl_clock_seconds(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double mmofl_clock_thread_seconds(void)
{
    return seconds(CLOCK_THREAD_CPUTIME_ID);
}

size_t mmofl_clock_peak_rss_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024; /* Linux counts KiB */
}
