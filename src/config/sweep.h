/* sweep.h - many experiments from one file: a base, and what is changed in each cell.
 *
 *     sweep:                                  # every combination of these values
 *       method: [pm, {kind: qqr, alpha: 0.5}]
 *       train.lr: [0.5, 1.0]
 *     cells:                                  # and with each of these rows of changes
 *       - {name: B71, set: {rounds: 60, stream.new: 20}}
 *       - {name: M55}
 *
 * Either may stand alone.  A path is that of --set (config/setting.h), a value any
 * YAML. Cells are counted row by row, the last key of `sweep` fastest, and named after
 * what they set: "B71,method=pm,lr=0.5", which is also a fit name for a folder. */
#ifndef MMOFL_CONFIG_SWEEP_H
#define MMOFL_CONFIG_SWEEP_H

#include "config/experiment.h"

enum {
    MMOFL_SWEEP_MOST_CELLS = 5000,
    MMOFL_SWEEP_NAME_BYTES = 160 /* of a cell's name, its zero included */
};

/** One change of a cell, as texts for people and tables. */
typedef struct mmofl_sweep_setting {
    const char *path;  /* "train.lr" */
    const char *value; /* on one line; what is no single value as flow YAML */
} mmofl_sweep_setting;

typedef struct mmofl_sweep_cell {
    const char *name; /* different from all others; of A-Z, a-z, 0-9 and ._+-=,~ */
    const char *row;  /* name of its row of `cells`; "" = there are none */
    int n_settings;
    const mmofl_sweep_setting *setting; /* in the order in which they are applied */
} mmofl_sweep_cell;

typedef struct mmofl_sweep {
    mmofl_arena arena; /* owns every pointer below */
    /* What was read, to be read again for each cell. */
    const char *text, *source, *folder; /* folder NULL: paths are left as they are */
    size_t size;
    const char *const *settings;
    int n_settings;
    int n_cells; /* 0: the file has neither `sweep` nor `cells` */
    const mmofl_sweep_cell *cell;
} mmofl_sweep;

/** Read which cells a file describes, after the settings were applied to it.  What the
 * cells set is not looked at: mmofl_sweep_experiment does.
 * @retval MMOFL_E_TYPE       `sweep` is no map of lists, `cells` no list of maps
 * @retval MMOFL_E_MISSING    an empty list, a row without a name
 * @retval MMOFL_E_DUPLICATE  two rows of one name, a path in both a row and `sweep`
 * @retval MMOFL_E_UNKNOWN    another key in a row than name and set
 * @retval MMOFL_E_LIMIT      more than MMOFL_SWEEP_MOST_CELLS
 * @retval others             those of mmofl_experiment_load for text that is not YAML
 * On success the caller owns it: mmofl_sweep_free. */
MMOFL_CHECKED mmofl_status mmofl_sweep_load(const char *path,
                                            const char *const *settings, int n_settings,
                                            mmofl_sweep *out, mmofl_error *err);

/** The same from text, as mmofl_experiment_parse. */
MMOFL_CHECKED mmofl_status mmofl_sweep_parse(const char *text, size_t size,
                                             const char *name, const char *folder,
                                             const char *const *settings,
                                             int n_settings, mmofl_sweep *out,
                                             mmofl_error *err);

/** The experiment of cell i: the base with the cell's settings.
 * Statuses of mmofl_experiment_load; err starts with the cell's name. */
MMOFL_CHECKED mmofl_status mmofl_sweep_experiment(const mmofl_sweep *sweep, int i,
                                                  mmofl_experiment *out,
                                                  mmofl_error *err);

/** The whole sweep as YAML that loads to the same wherever it lies: settings applied,
 * data paths absolute.
 * @param[out] text  malloc; the caller frees */
MMOFL_CHECKED mmofl_status mmofl_sweep_text(const mmofl_sweep *sweep, char **text,
                                            mmofl_error *err);

/** NULL is allowed. */
void mmofl_sweep_free(mmofl_sweep *sweep);

#endif
