/* analyze_json.h - a regret report as JSON. */
#ifndef MMOFL_RUN_ANALYZE_JSON_H
#define MMOFL_RUN_ANALYZE_JSON_H

#include "run/analyze.h"

/** The report as one JSON object (malloc; the caller frees); NULL when memory is short.
 * Equal reports give equal bytes. */
char *mmofl_analyze_json(const mmofl_regret_report *report);

/** Write it to a file.  @retval MMOFL_E_MEMORY and those of mmofl_file_write */
MMOFL_CHECKED mmofl_status mmofl_analyze_write_json(const mmofl_regret_report *report,
                                                    const char *path, mmofl_error *err);

#endif
