/* results.h - what runs and sweeps left in their folders, as one list of cells.
 *
 * A cell is one setting, with a result for each seed.  Its `method` becomes a column of
 * the tables and a line of the figures, its `group` (all that it sets besides) a row.
 */
#ifndef MMOFL_REPORT_RESULTS_H
#define MMOFL_REPORT_RESULTS_H

#include "base/arena.h"

/** The metrics that a summary may hold: name, title, is it a share shown in percent, is
 * more better. */
#define MMOFL_RESULT_METRIC_LIST(X)                                                    \
    X(test_accuracy, "Test accuracy", true, true)                                      \
    X(disturbed_accuracy, "Accuracy on disturbed test data", true, true)               \
    X(prequential_accuracy, "Prequential accuracy", true, true)                        \
    X(test_macro_f1, "Test macro F1", true, true)                                      \
    X(cumulative_loss, "Cumulative loss", false, false)                                \
    X(bytes_up, "Bytes up", false, false)                                              \
    X(bytes_down, "Bytes down", false, false)                                          \
    X(seconds, "Seconds", false, false)

typedef enum mmofl_result_metric {
#define MMOFL_RESULT_METRIC_ENUM(name, title, share, more) MMOFL_RESULT_##name,
    MMOFL_RESULT_METRIC_LIST(MMOFL_RESULT_METRIC_ENUM)
#undef MMOFL_RESULT_METRIC_ENUM
        MMOFL_RESULT_METRICS
} mmofl_result_metric;

typedef struct mmofl_metric_info {
    const char *name, *title;
    bool is_share, more_is_better;
} mmofl_metric_info;

const mmofl_metric_info *mmofl_metric(mmofl_result_metric metric);

/** One change that a sweep made. */
typedef struct mmofl_result_setting {
    const char *path, *value;
} mmofl_result_setting;

typedef struct mmofl_result_cell {
    const char *name, *method, *group;
    const char *folder; /* its run folder */
    const char *config; /* config.yaml's text */
    int rounds;
    int n_settings; /* without those of the method */
    const mmofl_result_setting *setting;
    int n_seeds;
    const uint64_t *seed;
    const double *value[MMOFL_RESULT_METRICS]; /* n_seeds each; NaN = not measured */
} mmofl_result_cell;

typedef struct mmofl_results {
    mmofl_arena arena; /* owns all of it */
    const char *title; /* name of the first experiment */
    int n_cells;
    const mmofl_result_cell *cell;
    int n_methods, n_groups; /* in the order of their first cell */
    const char *const *method, *const *group;
} mmofl_results;

/** Read run folders and sweep folders, n >= 1.
 * @retval MMOFL_E_NOT_FOUND  a folder is neither, or is not done yet (no summary.json)
 * @retval MMOFL_E_SYNTAX     a summary.json is none
 * @retval those of mmofl_cell_table_read and mmofl_file_read
 * On success the caller owns it: mmofl_results_free. */
MMOFL_CHECKED mmofl_status mmofl_results_load(const char *const *folder, int n,
                                              mmofl_results *results, mmofl_error *err);

/** NULL is allowed. */
void mmofl_results_free(mmofl_results *results);

/** The cell of that group and method, or NULL. */
const mmofl_result_cell *mmofl_results_find(const mmofl_results *results,
                                            const char *group, const char *method);

/** Is the metric there for any cell? */
bool mmofl_results_have(const mmofl_results *results, mmofl_result_metric metric);

/** The values of two cells for the seeds that both have, in a[] and b[] (room for
 * a->n_seeds each); how many. */
size_t mmofl_results_pair(const mmofl_result_cell *x, const mmofl_result_cell *y,
                          mmofl_result_metric metric, double *a, double *b);

#endif
