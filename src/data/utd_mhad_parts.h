/* utd_mhad_parts.h - what utd_mhad.c shares with the two layouts of its files. */
#ifndef MMOFL_DATA_UTD_MHAD_PARTS_H
#define MMOFL_DATA_UTD_MHAD_PARTS_H

#include "base/log.h"
#include "data/archive.h"
#include "data/builder.h"

enum { UTD_ACTIONS = 27, UTD_SUBJECTS = 8, UTD_TRIALS = 4 };

/* The modalities in the set's order; MATLAB files have those before UTD_DEPTH. */
enum { UTD_ACCELEROMETER, UTD_GYROSCOPE, UTD_SKELETON, UTD_DEPTH, UTD_MODALITIES };

enum { UTD_STEPS = 128, UTD_AXES = 3 };                   /* of the inertial sensors */
enum { UTD_FRAMES = 64, UTD_JOINTS = 20, UTD_SPACE = 3 }; /* of the skeleton */
enum { UTD_HEIGHT = 30, UTD_WIDTH = 40, UTD_PICTURES = 8 };

/** One action done once. */
typedef struct mmofl_utd_sequence {
    bool is_there;
    size_t row;    /* arrays: which row it is */
    size_t files;  /* MATLAB: one bit for each of its files that has been seen */
    size_t sample; /* its number in the data set, once all are known */
} mmofl_utd_sequence;

/** All that can be: an archive's sequences are marked in it, whatever their order. */
typedef struct mmofl_utd_grid {
    mmofl_utd_sequence at[UTD_ACTIONS][UTD_SUBJECTS][UTD_TRIALS]; /* each from 0 */
    size_t n;                                                     /* that are there */
} mmofl_utd_grid;

/** A layout of the files. */
typedef struct mmofl_utd_layout {
    int n_modalities; /* the first ones of the set */
    /** Mark what the archive has; the grid is zero before. */
    mmofl_status (*list)(const mmofl_archive *archive, mmofl_utd_grid *grid,
                         mmofl_error *err);
    /** Fill the values of each sequence's sample. */
    mmofl_status (*fill)(const mmofl_archive *archive, const mmofl_utd_grid *grid,
                         const mmofl_builder *builder, mmofl_error *err);
} mmofl_utd_layout;

/** The set of an open archive: what the importer does once it has opened one.
 * @retval MMOFL_E_MISSING     neither layout, or a file of it lacks
 * @retval MMOFL_E_INFEASIBLE  nobody to train on, or nobody to test on
 * @retval others  as the readers of tables, arrays and MATLAB files say */
MMOFL_CHECKED mmofl_status mmofl_utd_mhad_read(const mmofl_archive *archive,
                                               const char *train_subjects,
                                               const mmofl_log_sink *log,
                                               mmofl_dataset **out, mmofl_error *err);

extern const mmofl_utd_layout mmofl_utd_arrays, mmofl_utd_matlab;

#endif
