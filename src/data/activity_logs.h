/* activity_logs.h - people who wear sensors, one text file of numbers per person: what
 * PAMAP2 and mHealth have in common.
 *
 * A layout says how the files are named, which columns they have and how the columns
 * can be grouped into modalities; everything else is the same for both: the files are
 * read in parallel, cut into windows (recording.h), and some people are kept for the
 * test part. */
#ifndef MMOFL_DATA_ACTIVITY_LOGS_H
#define MMOFL_DATA_ACTIVITY_LOGS_H

#include "base/option.h"
#include "data/recording.h"
#include "data/text_table.h"

enum { MMOFL_ACTIVITY_COLUMNS = 64, MMOFL_ACTIVITY_SUBJECTS = 16 };

/** Ways to group the columns into modalities. */
typedef enum mmofl_activity_grouping {
    MMOFL_ACTIVITY_BY_PLACE, /* all sensors at one place of the body */
    MMOFL_ACTIVITY_BY_KIND,  /* all sensors of one kind */
    MMOFL_ACTIVITY_GROUPINGS
} mmofl_activity_grouping;
#define MMOFL_ACTIVITY_GROUPING_CHOICES "by_place|by_kind"

typedef struct mmofl_activity_group {
    int n_modalities;
    /** Columns are numbered as in the file, from 0; dimension 0 of the shape is left
     * open; bridge < 0 = as the option says. */
    const mmofl_recording_modality *modality;
} mmofl_activity_group;

typedef struct mmofl_activity_layout {
    const char *name, *citation;
    const char *file_head, *file_tail; /* "Protocol/subject", ".dat" */
    int first_subject, n_subjects;     /* numbers in the files' names */
    int columns;                       /* numbers in a row */
    int label_column;
    int time_column; /* seconds; -1 = none: rows follow each other evenly */
    bool nan;        /* NaN is a value that was not recorded */
    double max_gap_s;
    mmofl_activity_group group[MMOFL_ACTIVITY_GROUPINGS];
    int n_classes;
    const char *const *class_name;
    const int *class_id; /* (K) in the label column; 0 there = no activity */
} mmofl_activity_layout;

/** The options of a set of this kind. */
typedef struct mmofl_activity_options {
    int sensors;                     /* mmofl_activity_grouping */
    int length, step, every, bridge; /* rows, as in a mmofl_recording_plan */
    const char *test_subjects;       /* numbers between blanks */
} mmofl_activity_options;

/** The option rows that every such set has; windows are so long and so far apart unless
 * the user says otherwise. */
#define MMOFL_ACTIVITY_OPTIONS(default_length, default_step, length_help,              \
                               sensors_help)                                           \
    MMOFL_CHOICE_OPTION(mmofl_activity_options, sensors,                               \
                        MMOFL_ACTIVITY_GROUPING_CHOICES, "by_place", sensors_help),    \
        MMOFL_INT_OPTION(mmofl_activity_options, length, 1, 16384, default_length,     \
                         length_help),                                                 \
        MMOFL_INT_OPTION(mmofl_activity_options, step, 1, 16384, default_step,         \
                         "rows from one window's start to the next"),                  \
        MMOFL_INT_OPTION(mmofl_activity_options, every, 1, 100, "1",                   \
                         "keep every n-th row, without a filter; length and step "     \
                         "count rows that are kept")
#define MMOFL_ACTIVITY_TEST_SUBJECTS(default_people)                                   \
    MMOFL_TEXT_OPTION(mmofl_activity_options, test_subjects, default_people,           \
                      "people of the test part; all others train")

/** Columns of three axes, the first of which is `first`. */
#define MMOFL_ACTIVITY_AXES(first) (first), (first) + 1, (first) + 2

/** A modality of `count` columns: its_bridge < 0 = as the option says. */
#define MMOFL_ACTIVITY_MODALITY(its_name, its_unit, hz, its_bridge, count, ...)        \
    {                                                                                  \
        .modality = {.name = its_name,                                                 \
                     .unit = its_unit,                                                 \
                     .rate_hz = (hz),                                                  \
                     .dtype = MMOFL_F32},                                              \
        .n_columns = (count), .column = {__VA_ARGS__}, .bridge = (its_bridge)          \
    }

/** One person's file. */
typedef struct mmofl_activity_log {
    mmofl_recording recording;
    int32_t *label; /* the recording's own arrays, to be freed */
    double *time_s;
} mmofl_activity_log;

/** Read one file's text.  The recording's columns are those that
 * mmofl_activity_logs_windows wants for these options; owner and test are the caller's.
 * @retval MMOFL_E_RANGE  an activity that the layout does not know
 * @retval MMOFL_E_NONFINITE  a time that is none
 * @retval MMOFL_E_MEMORY, and as mmofl_text_read_rows */
MMOFL_CHECKED mmofl_status mmofl_activity_log_read(
    const mmofl_activity_layout *layout, const mmofl_activity_options *options,
    mmofl_text text, mmofl_activity_log *log, mmofl_error *err);

/** A log of zeros is allowed. */
void mmofl_activity_log_free(mmofl_activity_log *log);

/** Cut n people's logs into a set; see mmofl_recording_windows. */
MMOFL_CHECKED mmofl_status mmofl_activity_logs_windows(
    const mmofl_activity_layout *layout, const mmofl_activity_options *options,
    const mmofl_activity_log *log, size_t n, mmofl_dataset **set, mmofl_error *err);

/** Import an archive that has at least one person's file; owner = the number in the
 * file's name.
 * @retval MMOFL_E_MISSING  no file of the layout, or a test subject without one
 * @retval MMOFL_E_SYNTAX, MMOFL_E_RANGE, MMOFL_E_DUPLICATE  test_subjects
 * @retval MMOFL_E_COUNT    no window to train with
 * and what archive.h and the functions above refuse.
 * Memory: while files are read, the largest one's size for each thread. */
MMOFL_CHECKED mmofl_status mmofl_activity_logs_import(
    const mmofl_activity_layout *layout, const mmofl_activity_options *options,
    const char *path, mmofl_dataset **set, mmofl_error *err);

#endif
