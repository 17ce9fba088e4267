/* imbalance_parts.h - what imbalance.c (who has what) shares with imbalance_draw.c
 * (what happens to a sample); inside of data only. */
#ifndef MMOFL_DATA_IMBALANCE_PARTS_H
#define MMOFL_DATA_IMBALANCE_PARTS_H

#include "data/disturbance.h"
#include "data/imbalance.h"
#include "data/missing_pattern.h"

/** What one entry of a spec does to its modality. */
typedef struct mmofl_imbalance_entry {
    mmofl_missing_pattern missing;
    const mmofl_pick *noise;
    double share; /* nu */
} mmofl_imbalance_entry;

struct mmofl_imbalance {
    mmofl_arena arena;
    mmofl_imbalance_setup setup;
    mmofl_granularity granularity;
    int n_modalities;             /* M */
    mmofl_imbalance_entry *entry; /* number 0 does nothing */
    uint16_t *of_device;          /* (D, M) numbers of entries */
    uint16_t *of_test;            /* (M); NULL: as a device's */
};

#endif
