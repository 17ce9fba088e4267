/* seed_run.h - one seed of an experiment, from its first round (or its checkpoint) to
 * its end, kept in a run folder round by round. */
#ifndef MMOFL_CLI_SEED_RUN_H
#define MMOFL_CLI_SEED_RUN_H

#include "cli/setup.h"
#include "store/run_folder.h"

/** Run seed number i of the experiment in the folder; a seed that is done is left
 * alone. Exports metrics.csv, metrics.jsonl, confusion.csv and the model at the end.
 * @retval E_INTERRUPTED  asked to stop (stop.h): the folder holds every finished round
 */
MMOFL_CHECKED mmofl_status mmofl_seed_run(const mmofl_setup *setup,
                                          mmofl_run_folder *folder, int i, bool quiet,
                                          mmofl_error *err);

#endif
