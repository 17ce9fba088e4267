/* pages.h - a state of the coordinator as text: for Prometheus, as JSON, in a word. */
#ifndef MMOFL_SERVE_PAGES_H
#define MMOFL_SERVE_PAGES_H

#include "serve/board.h"

/** malloc'ed, the caller's; text NULL: no memory. */
typedef struct mmofl_page {
    char *text;
    size_t size;
} mmofl_page;

mmofl_page mmofl_page_line(const char *line);

/** Is all well?  The page says "ok", or what is not.  age_s: of the view; tests of the
 * model and checkpoints take their time, so only minutes of silence are an illness. */
bool mmofl_page_health(const mmofl_board_view *view, double age_s, mmofl_page *page);

/** Prometheus' text format 0.0.4. */
mmofl_page mmofl_page_metrics(const mmofl_board_view *view);

/** Everything, as one JSON object (mmofl-status(1)). */
mmofl_page mmofl_page_status(const mmofl_board_view *view, const char *federation,
                             double age_s);

#endif
