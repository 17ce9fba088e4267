/* log.h - where library code may say what it is doing: a sink that the caller gives.
 *
 * Library code never prints.  A NULL sink swallows everything. */
#ifndef MMOFL_BASE_LOG_H
#define MMOFL_BASE_LOG_H

#include "mmofl/status.h"

typedef enum mmofl_log_level {
    MMOFL_LOG_DEBUG,
    MMOFL_LOG_INFO,
    MMOFL_LOG_WARNING
} mmofl_log_level;

typedef struct mmofl_log_sink {
    void (*write)(void *context, mmofl_log_level level, const char *line);
    void *context;
} mmofl_log_sink;

/** One line, without its line end, cut at 1023 bytes. */
void mmofl_log(const mmofl_log_sink *sink, mmofl_log_level level, const char *format,
               ...) MMOFL_PRINTF(3, 4);

#endif
