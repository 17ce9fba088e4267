/* sweep_run.h - a whole sweep in its folder: what run and resume share. */
#ifndef MMOFL_CLI_SWEEP_RUN_H
#define MMOFL_CLI_SWEEP_RUN_H

#include "cli/experiment_run.h"
#include "config/sweep.h"

/** Check every cell, make the folder, run all jobs, print the table.
 * @param[in] path  the folder; NULL: the next free one below runs/
 * Returns the program's exit status. */
int mmofl_sweep_begin(const mmofl_sweep *sweep, const char *path,
                      const mmofl_run_options *options);

/** Go on with the sweep in a folder.  Returns the program's exit status. */
int mmofl_sweep_resume(const char *path, const mmofl_run_options *options);

/** runs/NAME, or the first of runs/NAME-2, -3, ... that is not there yet. */
void mmofl_cli_choose_folder(const char *name, char *path, size_t size);

#endif
