/* dir_values.h - from the files of a user's own data to arrays: one file for all
 * samples (dir_tables.c), or one for each (dir_files.c). */
#ifndef MMOFL_DATA_DIR_VALUES_H
#define MMOFL_DATA_DIR_VALUES_H

#include "data/archive_text.h"
#include "data/builder.h"
#include "data/dir_samples.h"
#include "data/npy.h"

/** The files of the archive below the folder of dataset.yaml, sorted by path. */
typedef struct mmofl_dir_folder {
    const mmofl_archive *archive;
    size_t prefix; /* bytes of each path before that folder's files */
    size_t *entry; /* (n) malloc'ed */
    size_t n;
} mmofl_dir_folder;

/** @retval MMOFL_E_DUPLICATE  a zip with two files of one path
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_dir_folder_open(const mmofl_archive *archive,
                                                 const char *description_path,
                                                 mmofl_dir_folder *out,
                                                 mmofl_error *err);
/** The entry of that path below the folder; false when there is none. */
bool mmofl_dir_folder_find(const mmofl_dir_folder *folder, const char *path,
                           size_t *entry);
void mmofl_dir_folder_close(mmofl_dir_folder *folder);

/** What the functions below read into. */
typedef struct mmofl_dir_filling {
    const mmofl_dir_description *of;
    const mmofl_dir_samples *samples;
    const mmofl_dir_folder *folder;
    mmofl_builder *builder;
    bool *absent; /* (N, M) set where a modality is not there; all false before */
} mmofl_dir_filling;

/** Fill each modality that is in one file for all samples. */
MMOFL_CHECKED mmofl_status mmofl_dir_read_tables(const mmofl_dir_filling *filling,
                                                 mmofl_error *err);

/** Fill each modality that has a file for each sample. */
MMOFL_CHECKED mmofl_status mmofl_dir_read_files(const mmofl_dir_filling *filling,
                                                mmofl_error *err);

/** Row `row` of an array whose rows are samples of modality m (or the only sample, row
 * 0), as sample i; where the modality is optional, a row of NaN (token ids: of zeros)
 * marks it absent.
 * @retval MMOFL_E_NONFINITE, MMOFL_E_TYPE, MMOFL_E_RANGE  as mmofl_npy_floats and
 *         mmofl_npy_integers
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_dir_take_row(const mmofl_dir_filling *filling, int m,
                                              size_t i, const mmofl_npy *npy,
                                              const char *name, size_t row,
                                              mmofl_error *err);

#endif
