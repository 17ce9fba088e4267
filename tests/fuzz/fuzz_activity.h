/* fuzz_activity.h - any bytes as one person's file of a layout: what is accepted gives
 * windows without NaN, and missing modalities are zeros. */
#ifndef MMOFL_TESTS_FUZZ_ACTIVITY_H
#define MMOFL_TESTS_FUZZ_ACTIVITY_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/activity_logs.h"

static inline void fuzz_activity_set(const mmofl_dataset *set)
{
    for (int m = 0; m < set->n_modalities; m++) {
        size_t n = mmofl_shape_count(set->modality[m].shape);
        const float *values = set->values[m];
        for (size_t i = 0; i < set->n_samples * n; i++)
            if (!isfinite(values[i]) ||
                (values[i] != 0 && !(set->mask[i / n] >> m & 1)))
                abort();
    }
}

static inline void fuzz_activity(const mmofl_activity_layout *layout,
                                 const uint8_t *data, size_t size)
{
    char *exact = malloc(size ? size : 1); /* no zero at its end */
    if (!exact)
        return;
    if (size > 0)
        memcpy(exact, data, size);
    for (int grouping = 0; grouping < MMOFL_ACTIVITY_GROUPINGS; grouping++) {
        const mmofl_activity_options options = {.sensors = grouping,
                                                .length = 2,
                                                .step = 1,
                                                .every = 1 + grouping,
                                                .bridge = 1,
                                                .test_subjects = ""};
        const mmofl_text text = {exact, size, "fuzz"};
        mmofl_activity_log log;
        mmofl_dataset *set;
        mmofl_error err;
        if (mmofl_activity_log_read(layout, &options, text, &log, &err))
            continue;
        if (mmofl_activity_logs_windows(layout, &options, &log, 1, &set, &err) ==
            MMOFL_OK) {
            fuzz_activity_set(set);
            mmofl_dataset_close(set);
        }
        mmofl_activity_log_free(&log);
    }
    free(exact);
}

#endif
