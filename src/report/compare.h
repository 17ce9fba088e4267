/* compare.h - what is different between two runs. */
#ifndef MMOFL_REPORT_COMPARE_H
#define MMOFL_REPORT_COMPARE_H

#include <stdio.h>

#include "report/results.h"

/** Write as text: settings that differ, then for each seed that both have the metrics
 * with their difference (b minus a) and the first round in which a number of the two
 * differs.  Whether writing worked, the stream knows.
 * @param[out] same  no number of no common seed differs (time apart)
 * @retval MMOFL_E_MISSING  no seed is in both
 * @retval those of mmofl_curves_load */
MMOFL_CHECKED mmofl_status mmofl_compare_write(FILE *to, const mmofl_result_cell *a,
                                               const mmofl_result_cell *b, bool *same,
                                               mmofl_error *err);

#endif
