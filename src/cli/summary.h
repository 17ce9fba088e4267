/* summary.h - what came out: one row per seed, and mean with spread over seeds. */
#ifndef MMOFL_CLI_SUMMARY_H
#define MMOFL_CLI_SUMMARY_H

#include "config/experiment.h"
#include "store/run_folder.h"

/** The result of one seed, computed from the run store. */
typedef struct mmofl_seed_summary {
    uint64_t seed;
    int rounds;           /* finished */
    double test_accuracy; /* mean over evaluate.rounds (the last round if none), as
                             below */
    double test_macro_f1, test_loss;
    double prequential_accuracy; /* right predictions / new samples, rounds 2 ... T (1
                                    if T = 1) */
    double cumulative_loss;      /* sum over rounds of the mean loss on new samples */
    double seconds, steps_per_s;
    int64_t steps, bytes_up, bytes_down;
} mmofl_seed_summary;

/** Read a seed's result back from the store.  @retval E_MISSING  the seed has not begun
 */
MMOFL_CHECKED mmofl_status mmofl_summary_read(const mmofl_experiment *experiment,
                                              mmofl_run_folder *folder, uint64_t seed,
                                              mmofl_seed_summary *summary,
                                              mmofl_error *err);

/** The summaries as a table for people. */
void mmofl_summary_print(const mmofl_experiment *experiment,
                         const mmofl_seed_summary *summary, int n);

/** The summaries as JSON text (malloc; NULL when memory is short): {"name", "runs":
 * [...], "mean", "sd"}. */
char *mmofl_summary_json(const mmofl_experiment *experiment,
                         const mmofl_seed_summary *summary, int n);

#endif
