/* dataset_parts.h - what those who make data sets (builder.c, data_cache.c) share with
 * dataset.c: the memory behind a set and the checks that make a set one. */
#ifndef MMOFL_DATA_DATASET_PARTS_H
#define MMOFL_DATA_DATASET_PARTS_H

#include "base/arena.h"
#include "base/file.h"
#include "mmofl/dataset.h"

/** What the arrays of a set live in: an arena, a mapped file, or both. */
struct mmofl_dataset_memory {
    mmofl_arena arena;
    mmofl_mapping mapping;
};

/** Largest number of values in one sample of one modality, and of samples (partitions
 * number them with 32 bits). */
enum { MMOFL_MAX_SAMPLE_VALUES = 1 << 28, MMOFL_MAX_SAMPLES = INT32_MAX };

/** A set that is all zero but for its memory, to be filled and then checked; give it
 * back with mmofl_dataset_close.  fail_after: as in mmofl_arena, for tests.
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_dataset_new(long fail_after, mmofl_dataset **set,
                                             mmofl_error *err);

/** Number of channels of a modality: its last dimension. */
int mmofl_modality_channels(const mmofl_modality *modality);

/** Are the counts, shapes and names what dataset.h promises?  Looks at no array but
 * class_name, which may still be NULL.
 * @retval MMOFL_E_RANGE      a count outside its range
 * @retval MMOFL_E_SHAPE      a shape with no or too many dimensions or values
 * @retval MMOFL_E_TYPE       a dtype that is none
 * @retval MMOFL_E_CORRUPT    a name that is empty, has no end or control characters
 * @retval MMOFL_E_DUPLICATE  two modalities of one name
 * @retval MMOFL_E_NONFINITE  a sampling rate that is no number */
MMOFL_CHECKED mmofl_status mmofl_dataset_check_header(const mmofl_dataset *set,
                                                      mmofl_error *err);

/** Are the arrays of a set whose header is good what dataset.h promises?  One pass over
 * everything.
 * @retval MMOFL_E_RANGE      a label, owner, mask, token or sd outside its range
 * @retval MMOFL_E_NONFINITE  a value, mean or sd that is NaN or infinite
 * @retval MMOFL_E_CORRUPT    a class name (as above) */
MMOFL_CHECKED mmofl_status mmofl_dataset_check_arrays(const mmofl_dataset *set,
                                                      mmofl_error *err);

/** Make scale and shift from mean and sd.  @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_dataset_tile(mmofl_dataset *set, mmofl_error *err);

#endif
