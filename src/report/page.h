/* page.h - the report as one HTML file that needs nothing else, not even a network.
 *
 * Equal results give equal bytes: no time, host or user is in it. */
#ifndef MMOFL_REPORT_PAGE_H
#define MMOFL_REPORT_PAGE_H

#include "report/results.h"

/** Write the page.
 * @param[in] reference  the method that others are compared with; NULL or unknown: none
 * @retval those of mmofl_curves_load and mmofl_file_write
 * Cost: reads every store once; holds the curves of one group at a time. */
MMOFL_CHECKED mmofl_status mmofl_page_write(const mmofl_results *results,
                                            const char *reference, const char *path,
                                            mmofl_error *err);

#endif
