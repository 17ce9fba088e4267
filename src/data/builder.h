/* builder.h - make a data set in memory: say its shapes, fill its arrays, finish.
 *
 *     mmofl_builder b;
 *     if (mmofl_builder_begin(&plan, &b, err)) return ...;
 *     float *acc = b.values[0];  ... fill, training samples first ...
 *     return mmofl_builder_finish(&b, &set, err);       or  mmofl_builder_drop(&b);
 *
 * Shapes as in dataset.h. */
#ifndef MMOFL_DATA_BUILDER_H
#define MMOFL_DATA_BUILDER_H

#include "mmofl/dataset.h"

typedef struct mmofl_builder_plan {
    const char *name, *citation;    /* cut to fit */
    int n_modalities;               /* M */
    const mmofl_modality *modality; /* (M) */
    int n_classes;                  /* K */
    const char *const *class_name;  /* (K) */
    size_t n_samples, n_train;      /* 1 <= N_train <= N */
    long fail_after;                /* tests: as in mmofl_arena; 0 = never */
} mmofl_builder_plan;

typedef struct mmofl_builder {
    void *values[MMOFL_MAX_MODALITIES]; /* (N, S_m) float or int32_t, zero at first;
                                           leave zero where the mask bit is not set */
    uint32_t *mask;                     /* (N) all modalities recorded at first */
    int32_t *label, *owner;             /* (N) zero at first */
    int64_t *time;                      /* (N) zero at first */
    mmofl_dataset *set;                 /* under construction */
} mmofl_builder;

/** Allocate the arrays of plan.
 * @retval MMOFL_E_MEMORY, and whatever mmofl_dataset_check_header refuses */
MMOFL_CHECKED mmofl_status mmofl_builder_begin(const mmofl_builder_plan *plan,
                                               mmofl_builder *builder,
                                               mmofl_error *err);

/** Compute each channel's mean and sd (population) over the recorded training samples,
 * in double and index order, check everything, and hand the set over (the caller closes
 * it).  Ends the builder also when it fails.
 * @retval MMOFL_E_MEMORY, and whatever mmofl_dataset_check_arrays refuses */
MMOFL_CHECKED mmofl_status mmofl_builder_finish(mmofl_builder *builder,
                                                mmofl_dataset **set, mmofl_error *err);

/** Give everything back without making a set. */
void mmofl_builder_drop(mmofl_builder *builder);

#endif
