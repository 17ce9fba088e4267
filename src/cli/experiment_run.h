/* experiment_run.h - all seeds of an experiment in a run folder: what run and resume
 * share. */
#ifndef MMOFL_CLI_EXPERIMENT_RUN_H
#define MMOFL_CLI_EXPERIMENT_RUN_H

#include "run/setup.h"
#include "store/run_folder.h"

typedef struct mmofl_run_options {
    int threads;              /* 0 = one per core */
    bool json;                /* the summary as JSON on stdout */
    bool quiet;               /* no settings, no progress */
    const char *again;        /* how to go on, for people; NULL: mmofl resume DIR */
    const mmofl_ranks *ranks; /* that run it together, in run and resume */
} mmofl_run_options;

/** Make the first seed's simulation once, to print what will run (unless quiet) and to
 * refuse what cannot: a partition that the data do not allow, a model that does not fit
 * them, more memory than is free.  The same outcome on all ranks.  Statuses of
 * mmofl_setup_simulation. */
MMOFL_CHECKED mmofl_status mmofl_experiment_check(const mmofl_setup *setup, bool quiet,
                                                  mmofl_error *err);

/** Run what is not done yet, print the summary, write summary.json.  With ranks all
 * call it, and folder is NULL but on rank 0. Returns the program's exit status. */
int mmofl_experiment_run(const mmofl_setup *setup, mmofl_run_folder *folder,
                         const char *folder_path, const mmofl_run_options *options);

#endif
