/* setup.h - from an experiment to things that run: data, threads, a simulation of one
 * seed. */
#ifndef MMOFL_RUN_SETUP_H
#define MMOFL_RUN_SETUP_H

#include "config/experiment.h"
#include "sim/simulation.h"

typedef struct mmofl_setup {
    const mmofl_experiment *experiment;
    mmofl_dataset *data;
    mmofl_pool *pool;
    bool shares_data;                 /* data is another's */
    const mmofl_ranks *ranks;         /* NULL: alone */
    const mmofl_remote_fleet *remote; /* devices that are elsewhere; NULL: simulated */
    double loading_s;                 /* what it took to load the data */
    size_t program;                   /* bytes that the process had in memory before */
} mmofl_setup;

/** The experiment's model for its data, with the best kernels of this machine.
 * Statuses as mmofl_model_new. */
MMOFL_CHECKED mmofl_status mmofl_setup_model(const mmofl_setup *setup,
                                             mmofl_model **model, mmofl_error *err);

/** Load the data and start `threads` threads (0 = one per core). */
MMOFL_CHECKED mmofl_status mmofl_setup_init(mmofl_setup *setup,
                                            const mmofl_experiment *experiment,
                                            int threads, mmofl_error *err);

/** The same on all ranks, with the cores of this one for 0.  Fails on all or on none,
 * with the same message (setup_ranks.c).
 * @retval E_STATE  versions, kernels, experiments or data sets are not the same */
MMOFL_CHECKED mmofl_status mmofl_setup_init_ranks(mmofl_setup *setup,
                                                  const mmofl_ranks *ranks,
                                                  const mmofl_experiment *experiment,
                                                  int threads, mmofl_error *err);

/** Have all ranks the same version, kernels, text (of an experiment or a sweep) and n
 * data sets?  @retval E_STATE  no; the same on all ranks */
MMOFL_CHECKED mmofl_status mmofl_setup_compare_ranks(const mmofl_ranks *ranks,
                                                     const char *text,
                                                     mmofl_dataset *const *data, int n,
                                                     mmofl_error *err);

/** The same with a data set that is loaded: borrowed, for setups on several threads. */
MMOFL_CHECKED mmofl_status mmofl_setup_share(mmofl_setup *setup,
                                             const mmofl_experiment *experiment,
                                             mmofl_dataset *data, int threads,
                                             mmofl_error *err);

void mmofl_setup_free(mmofl_setup *setup);

/** Is what an imbalance injects to be kept device by device? */
bool mmofl_setup_records_injected(const mmofl_experiment *experiment);

/** What a simulation of that seed is to be made of; borrows from the setup. */
mmofl_simulation_setup mmofl_setup_fleet(const mmofl_setup *setup, uint64_t seed);

MMOFL_CHECKED mmofl_status mmofl_setup_simulation(const mmofl_setup *setup,
                                                  uint64_t seed,
                                                  mmofl_simulation **simulation,
                                                  mmofl_error *err);

/** Refuse what does not fit into the memory that is free: `copies` >= 1 such
 * simulations on one data set, of which this one is there already.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_setup_check_memory(const mmofl_simulation *simulation,
                                                    int copies, mmofl_error *err);

#endif
