/* summary.h - what came out: one row per seed, and mean with spread over seeds. */
#ifndef MMOFL_RUN_SUMMARY_H
#define MMOFL_RUN_SUMMARY_H

#include "config/experiment.h"
#include "store/run_folder.h"

/** The result of one seed, computed from the run store. */
typedef struct mmofl_seed_summary {
    uint64_t seed;
    int rounds;           /* finished */
    double test_accuracy; /* mean over evaluate.rounds (the last round if none), or of
                             the round of the best validation; as below */
    double test_macro_f1, test_loss;
    double disturbed_accuracy, disturbed_macro_f1; /* on the disturbed test part, of
                                                      the same rounds; NaN: none */
    double validation_macro_f1; /* on the validation part, the same; NaN: none */
    int best_round; /* evaluate.select best_validation: that round; else 0 */
    double prequential_accuracy; /* right predictions / new samples, rounds 2 ... T (1
                                    if T = 1) */
    double cumulative_loss;      /* sum over rounds of the mean loss on new samples */
    double seconds, steps_per_s;
    int64_t steps, bytes_up, bytes_down;
} mmofl_seed_summary;

/** Read a seed's result back from the store.  @retval E_MISSING  the seed has not begun
 */
MMOFL_CHECKED mmofl_status mmofl_summary_read(const mmofl_experiment *x,
                                              mmofl_run_folder *folder, uint64_t seed,
                                              mmofl_seed_summary *summary,
                                              mmofl_error *err);

/** Read the results of all seeds and write them to the folder's summary.json.
 * @param[out] summary  experiment->n_seeds of them */
MMOFL_CHECKED mmofl_status mmofl_summary_write(const mmofl_experiment *experiment,
                                               mmofl_run_folder *folder,
                                               mmofl_seed_summary *summary,
                                               mmofl_error *err);

/** The numbers that have a mean over seeds. */
#define MMOFL_SUMMARY_FIELD_LIST(X)                                                    \
    X(TEST_ACCURACY, test_accuracy)                                                    \
    X(TEST_MACRO_F1, test_macro_f1)                                                    \
    X(TEST_LOSS, test_loss)                                                            \
    X(DISTURBED_ACCURACY, disturbed_accuracy)                                          \
    X(DISTURBED_MACRO_F1, disturbed_macro_f1)                                          \
    X(VALIDATION_MACRO_F1, validation_macro_f1)                                        \
    X(PREQUENTIAL_ACCURACY, prequential_accuracy)                                      \
    X(CUMULATIVE_LOSS, cumulative_loss)

typedef enum mmofl_summary_field {
#define MMOFL_SUMMARY_FIELD_ENUM(id, name) MMOFL_SUMMARY_##id,
    MMOFL_SUMMARY_FIELD_LIST(MMOFL_SUMMARY_FIELD_ENUM)
#undef MMOFL_SUMMARY_FIELD_ENUM
        MMOFL_SUMMARY_FIELDS
} mmofl_summary_field;

/** "test_accuracy" for MMOFL_SUMMARY_TEST_ACCURACY. */
const char *mmofl_summary_field_name(mmofl_summary_field field);

/** Mean and sample standard deviation over n >= 1 seeds (sd 0 for one seed). */
void mmofl_summary_spread(const mmofl_seed_summary *summary, int n,
                          mmofl_summary_field field, double *mean, double *sd);

/** The summaries as JSON text (malloc; NULL when memory is short): {"name", "runs":
 * [...], "mean", "sd"}. */
char *mmofl_summary_json(const mmofl_experiment *x, const mmofl_seed_summary *summary,
                         int n);

#endif
