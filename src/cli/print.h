/* print.h - tables for people. */
#ifndef MMOFL_CLI_PRINT_H
#define MMOFL_CLI_PRINT_H

#include "run/setup.h"
#include "run/summary.h"

/** The resolved settings and the memory that the run needs, on stderr. */
void mmofl_cli_print_setup(const mmofl_setup *setup,
                           const mmofl_simulation *simulation);

/** The results, a row for each seed, then mean and spread, on stdout. */
void mmofl_cli_print_summary(const mmofl_experiment *x,
                             const mmofl_seed_summary *summary, int n);

#endif
