/* tables.h - results as CSV and LaTeX. */
#ifndef MMOFL_REPORT_TABLES_H
#define MMOFL_REPORT_TABLES_H

#include "report/results.h"

/** Write folder/table.csv (one line per cell and seed: group, method, seed, metrics)
 * and folder/table-METRIC.tex (rows are groups, columns methods, mean +- sd, best in
 * bold; needs \usepackage{booktabs}) for each metric that was measured.
 * @retval those of mmofl_file_write, E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_tables_write(const mmofl_results *results,
                                              const char *folder, mmofl_error *err);

#endif
