/* recording.h - long recordings of several sensors cut into labelled windows.
 *
 * A recording is R rows in time, each with a label and V values; a modality is a set of
 * its columns.  A *stretch* is a run of rows with one label; rows of a label < 0 belong
 * to none, and a jump in time ends one.  Windows lie inside stretches and do not know
 * of each other but for their step:
 *
 *     label    0 0 0 0 0 0 0 1 1 - - 1 1 1 1        length 3, step 2
 *     windows  [---]             |   [---]
 *                  [---]         |
 *                      [---]     too short
 *
 * NaN is a value that was not recorded: a gap of at most `bridge` rows is filled
 * linearly between its ends (at a stretch's border: with the nearest value); a window
 * with a longer gap in some column of a modality lacks that modality (mask bit not set,
 * values zero).  A window that lacks all modalities is dropped. */
#ifndef MMOFL_DATA_RECORDING_H
#define MMOFL_DATA_RECORDING_H

#include "data/builder.h"

typedef struct mmofl_recording {
    size_t rows;          /* R */
    int columns;          /* V */
    float *value;         /* (R, V); NaN where nothing was recorded; gaps are filled */
    const int32_t *label; /* (R) class in [0, K), or < 0 */
    const double *time_s; /* (R) seconds; NULL = no jumps */
    int32_t owner;
    bool test; /* its windows belong to the test part */
} mmofl_recording;

/** Columns of a recording that make a modality, in the order of its channels.  A column
 * that two modalities share gets the longer bridge of the two. */
typedef struct mmofl_recording_modality {
    mmofl_modality modality; /* shape (length, n_columns) */
    int n_columns;
    int column[64];
    int bridge; /* rows, >= 0 */
} mmofl_recording_modality;

typedef struct mmofl_recording_plan {
    const char *name, *citation;
    int n_modalities;
    const mmofl_recording_modality *modality;
    int n_classes;
    const char *const *class_name;
    int length, step; /* of windows, >= 1, in rows that are kept */
    int every;        /* >= 1: of the rows of a window, keep every n-th */
    double
        max_gap_s;   /* a stretch ends where time does not rise, or by more than this */
    long fail_after; /* tests: as in mmofl_arena */
} mmofl_recording_plan;

/** Cut n recordings into one data set: training windows first, in the order of the
 * recordings and of time; time of a window = its first row, counted on through all
 * recordings.  Gaps in the recordings' values are filled in place, also when this
 * fails.
 * @retval MMOFL_E_COUNT   no window in the training part
 * @retval MMOFL_E_RANGE   a label >= K
 * @retval MMOFL_E_MEMORY, and what mmofl_builder_begin and _finish refuse
 * Cost: two passes over the rows in windows. */
MMOFL_CHECKED mmofl_status mmofl_recording_windows(const mmofl_recording_plan *plan,
                                                   const mmofl_recording *recording,
                                                   size_t n, mmofl_dataset **set,
                                                   mmofl_error *err);

#endif
