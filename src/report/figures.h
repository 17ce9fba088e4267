/* figures.h - learning curves as files: data, gnuplot script, and the pictures.
 *
 *   figures/<n>-<metric>.dat   round, then mean and sd for each method
 *   figures/<n>-<metric>.gp    draws it; to be changed and run again by hand
 *   figures/<n>-<metric>.png, .svg, .pdf
 *
 * n counts the settings from 1, in the order of the page. */
#ifndef MMOFL_REPORT_FIGURES_H
#define MMOFL_REPORT_FIGURES_H

#include "report/results.h"

/** Write folder/figures; the pictures where a program gnuplot is found.
 * @param[out] drawn  number of scripts that gnuplot ran without complaint
 * @retval those of mmofl_curves_load and mmofl_file_write, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_figures_write(const mmofl_results *results,
                                               const char *folder, int *drawn,
                                               mmofl_error *err);

#endif
