/* dir_samples.h - samples.csv of a user's own data: a line for each sample, with its
 * class, its owner, and the part it belongs to. */
#ifndef MMOFL_DATA_DIR_SAMPLES_H
#define MMOFL_DATA_DIR_SAMPLES_H

#include "data/delimited.h"
#include "data/dir_description.h"

typedef struct mmofl_dir_sample {
    size_t row; /* of samples.csv, header not counted, from 0 */
    mmofl_cell id;
    int32_t label, owner;
    int64_t time;
    bool test;
} mmofl_dir_sample;

typedef struct mmofl_dir_samples {
    mmofl_delimited *table;
    size_t n, n_train;
    mmofl_dir_sample *sample; /* (n) training first, by row in each part; malloc'ed */
} mmofl_dir_samples;

/** Read the table, whose bytes (malloc'ed) it takes over.  Owners are numbered from 0
 * in the order of their first row; which samples test, test_owners or test_share of the
 * description says, or else the column `part`.  test_share s: the samples of a class
 * that stand at number j, j from 0, by row, where floor((j + 1) s) > floor(j s).
 * @retval MMOFL_E_MISSING      a column
 * @retval MMOFL_E_UNKNOWN      a label that is no class, a part other than train and
 *                              test, a test owner with no sample
 * @retval MMOFL_E_DUPLICATE    an id twice
 * @retval MMOFL_E_UNSAFE_PATH  an id that would leave the folder as part of a path
 * @retval MMOFL_E_LIMIT        an id of more than MMOFL_DIR_ID_BYTES
 * @retval MMOFL_E_SYNTAX       an empty or unprintable id
 * @retval MMOFL_E_INFEASIBLE   no sample to train on
 * @retval MMOFL_E_MEMORY
 * and whatever mmofl_delimited_open and _integer refuse */
MMOFL_CHECKED mmofl_status mmofl_dir_samples_read(const mmofl_dir_description *of,
                                                  mmofl_text text,
                                                  mmofl_dir_samples *out,
                                                  mmofl_error *err);

/** Give everything back; of zero: nothing. */
void mmofl_dir_samples_free(mmofl_dir_samples *samples);

#endif
