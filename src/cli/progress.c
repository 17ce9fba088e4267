/* progress.c - a bar, a rate, the time left; on stderr. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/progress.h"

enum { BAR = 24 };

mmofl_progress mmofl_progress_start(bool quiet, const char *label, uint64_t from,
                                    uint64_t total)
{
    mmofl_progress p = {.quiet = quiet,
                        .terminal = isatty(STDERR_FILENO) == 1,
                        .from = from,
                        .total = total,
                        .started_s = mmofl_clock_seconds()};
    p.shown_s = p.started_s;
    snprintf(p.label, sizeof p.label, "%s", label);
    return p;
}

static void format_seconds(double s, char *text, size_t size)
{
    if (s < 60)
        snprintf(text, size, "%.0f s", s);
    else if (s < 3600)
        snprintf(text, size, "%d min %02d s", (int)s / 60, (int)s % 60);
    else
        snprintf(text, size, "%d h %02d min", (int)(s / 3600), (int)s / 60 % 60);
}

void mmofl_progress_show(mmofl_progress *p, uint64_t done, const char *detail)
{
    double now = mmofl_clock_seconds(), interval = p->terminal ? 0.1 : 1.0;
    if (p->quiet || (now - p->shown_s < interval && (done < p->total || !p->terminal)))
        return;
    p->shown_s = now;
    double elapsed = now - p->started_s;
    double rate = elapsed > 0 ? (double)(done - p->from) / elapsed : 0;
    char bar[BAR + 1], left[32] = "?";
    for (int i = 0; i < BAR; i++)
        bar[i] = (uint64_t)i * p->total < done * BAR ? '#' : '.';
    bar[BAR] = '\0';
    if (rate > 0)
        format_seconds((double)(p->total - done) / rate, left, sizeof left);
    fprintf(stderr, "%s%s %s %" PRIu64 "/%" PRIu64 "  %s%.1f rounds/s  %s left%s",
            p->terminal ? "\r" : "", p->label, bar, done, p->total, detail, rate, left,
            p->terminal ? "\033[K" : "\n");
    fflush(stderr);
}

void mmofl_progress_end(mmofl_progress *p)
{
    if (!p->quiet && p->terminal)
        fprintf(stderr, "\n");
}
