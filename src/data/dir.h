/* dir.h - data of the user's own: a folder or zip with dataset.yaml, which says what is
 * in it, so that nobody has to write C for a new data set.
 *
 * docs/datasets.md ("Your own data") is the manual of the format. */
#ifndef MMOFL_DATA_DIR_H
#define MMOFL_DATA_DIR_H

#include "data/archive.h"
#include "data/source.h"

/** The set `dir`; it has no options, for dataset.yaml has all. */
extern const mmofl_data_source mmofl_dir;

/** The same from an open archive, in which dataset.yaml stands once, at the top or in a
 * folder; all its paths count from there.  Files are decoded on all cores; the result,
 * be it an error, does not depend on how many there are.
 * @retval MMOFL_E_MISSING  a file; a sample with no modality at all
 * @retval MMOFL_E_SHAPE, MMOFL_E_COUNT, MMOFL_E_TYPE  an .npy or .csv that does not fit
 * and whatever reading an archive, the description, the table of samples and each kind
 * of file refuses */
MMOFL_CHECKED mmofl_status mmofl_dir_read(const mmofl_archive *archive,
                                          const mmofl_log_sink *log,
                                          mmofl_dataset **out, mmofl_error *err);

#endif
