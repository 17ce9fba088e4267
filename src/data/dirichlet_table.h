/* dirichlet_table.h - how many samples of each class each pool gets, drawn from
 * Dirichlet distributions: label skew of adjustable strength.
 *
 * Shapes: D pools, K classes, n samples.  For the kinds of partition that draw such
 * tables: partition_dirichlet.c, partition_owner_dirichlet.c. */
#ifndef MMOFL_DATA_DIRICHLET_TABLE_H
#define MMOFL_DATA_DIRICHLET_TABLE_H

#include "data/partition_parts.h"

/** The options of every kind that draws a table. */
typedef struct mmofl_dirichlet_options {
    double alpha;
    int min_samples, tries;
    double max_moved;
} mmofl_dirichlet_options;

/** Their rows; least is the default of min_samples, a text. */
#define MMOFL_DIRICHLET_OPTIONS(least)                                                 \
    MMOFL_REAL_OPTION(                                                                 \
        mmofl_dirichlet_options, alpha, MMOFL_POSITIVE, 1e9, "1",                      \
        "concentration: small = each class on few devices, large = even"),             \
        MMOFL_INT_OPTION(mmofl_dirichlet_options, min_samples, 1, 1000000000, least,   \
                         "fewest samples of a device"),                                \
        MMOFL_INT_OPTION(mmofl_dirichlet_options, tries, 1, 1000000, "1000",           \
                         "draws before the best one is mended or refused"),            \
        MMOFL_REAL_OPTION(mmofl_dirichlet_options, max_moved, 0, 1, "0.01",            \
                          "largest share of all samples moved to mend it")

/** What is shared out, and the current draw of it.  Random numbers are those of the
 * streams (seed, key, number of the draw) and (seed, key, 2^64 - 1 - class) of
 * MMOFL_USE_PARTITION: tables with different keys are independent. */
typedef struct mmofl_dirichlet_table {
    size_t pools, classes; /* D, K */
    uint64_t seed, key;
    bool balanced; /* a pool that has n / D samples gets none of later classes */
    const mmofl_dirichlet_options *options;
    const size_t *start; /* (K + 1) class k is sample[start[k] ... start[k + 1] - 1] */
    uint32_t *sample;    /* (n) by class */
    uint32_t *count;     /* (D, K) the draw: samples of each class for each pool */
    size_t *size;        /* (D) of the pools */
    double *share;       /* (D) scratch */
} mmofl_dirichlet_table;

/** Room in the dealing's scratch for tables of that many pools; start and sample are
 * the caller's to set, and key and balanced, which are MMOFL_NO_DEVICE and false.
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_dirichlet_init(mmofl_dealing *dealing, size_t pools,
                                                mmofl_dirichlet_table *table,
                                                mmofl_error *err);

/** Draw a table in which every pool has min_samples: the first such draw of `tries`, or
 * the best of them, mended if that moves at most max_moved of all samples.
 * @retval MMOFL_E_INFEASIBLE  neither; err has the numbers
 * Cost: O(tries D K) */
MMOFL_CHECKED mmofl_status mmofl_dirichlet_draw(mmofl_dirichlet_table *table,
                                                mmofl_error *err);

/** Shuffle each class and hand its samples out as the table says: device[i] becomes
 * first + the pool of sample i. */
void mmofl_dirichlet_hand_out(mmofl_dirichlet_table *table, uint32_t first,
                              uint32_t *device);

#endif
