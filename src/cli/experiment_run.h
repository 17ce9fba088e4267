/* experiment_run.h - all seeds of an experiment in a run folder: what run and resume
 * share. */
#ifndef MMOFL_CLI_EXPERIMENT_RUN_H
#define MMOFL_CLI_EXPERIMENT_RUN_H

#include "run/setup.h"
#include "store/run_folder.h"

typedef struct mmofl_run_options {
    int threads; /* 0 = one per core */
    bool json;   /* the summary as JSON on stdout */
    bool quiet;  /* no settings, no progress */
} mmofl_run_options;

/** Run what is not done yet, print the summary, write summary.json.
 * Returns the program's exit status. */
int mmofl_experiment_run(const mmofl_setup *setup, mmofl_run_folder *folder,
                         const char *folder_path, const mmofl_run_options *options);

#endif
