/* log.c - format a line and hand it to the caller's sink. */
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

void mmofl_log(const mmofl_log_sink *sink, mmofl_log_level level, const char *format,
               ...)
{
    if (!sink || !sink->write)
        return;
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sink->write(sink->context, level, line);
}
