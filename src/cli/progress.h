/* progress.h - one line that says how far a long job is: redrawn on a terminal, at most
 * one line a second elsewhere, nothing when quiet. */
#ifndef MMOFL_CLI_PROGRESS_H
#define MMOFL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mmofl_progress {
    bool quiet, terminal;
    double started_s, shown_s; /* mmofl_clock_seconds */
    uint64_t from, total;      /* rounds done before the start, and to do in all */
    char label[64];
} mmofl_progress;

mmofl_progress mmofl_progress_start(bool quiet, const char *label, uint64_t from,
                                    uint64_t total);

/** `done` of `total` are done; detail is a short text.  Cheap when nothing is shown. */
void mmofl_progress_show(mmofl_progress *progress, uint64_t done, const char *detail);

/** Leave the last line standing. */
void mmofl_progress_end(mmofl_progress *progress);

#endif
