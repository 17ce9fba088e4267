/* recording.h - long recordings of several sensors cut into labelled windows.
 *
 * A recording is R rows in time, each with a label and V values; a modality is a set of
 * its columns.  Windows of `length` rows start every `step` rows inside stretches of
 * one label (rows of label < 0 belong to no window and end a stretch).  NaN is a value
 * that was not recorded: a gap of at most `bridge` rows is filled linearly between its
 * ends (at a stretch's border: with the nearest value); a window with a longer gap in
 * some column of a modality lacks that modality (mask bit not set, values zero).  A
 * window that lacks all modalities is dropped. */
#ifndef MMOFL_DATA_RECORDING_H
#define MMOFL_DATA_RECORDING_H

#include "data/builder.h"

typedef struct mmofl_recording {
    size_t rows;          /* R */
    int columns;          /* V */
    const float *value;   /* (R, V); NaN where nothing was recorded */
    const int32_t *label; /* (R) class in [0, K), or < 0 */
    int32_t owner;
    bool test; /* its windows belong to the test part */
} mmofl_recording;

/** Columns of a recording that make a modality, in the order of its channels. */
typedef struct mmofl_recording_modality {
    mmofl_modality modality; /* shape (length, n_columns) */
    int n_columns;
    int column[64];
} mmofl_recording_modality;

typedef struct mmofl_recording_plan {
    const char *name, *citation;
    int n_modalities;
    const mmofl_recording_modality *modality;
    int n_classes;
    const char *const *class_name;
    int length, step, bridge; /* rows; >= 1, >= 1, >= 0 */
    long fail_after;          /* tests: as in mmofl_arena */
} mmofl_recording_plan;

/** Cut n recordings into one data set: training windows first, in the order of the
 * recordings and of time; time of a window = its first row.
 * @retval MMOFL_E_COUNT   no window in the training part, or none at all
 * @retval MMOFL_E_RANGE   a label >= K
 * @retval MMOFL_E_MEMORY, and what mmofl_builder_begin refuses */
MMOFL_CHECKED mmofl_status mmofl_recording_windows(const mmofl_recording_plan *plan,
                                                   const mmofl_recording *recording,
                                                   size_t n, mmofl_dataset **set,
                                                   mmofl_error *err);

#endif
