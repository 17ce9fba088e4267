/* prototype_rows.h - a method's global prototypes as rows of the run store, and what
 * they cost.
 *
 * Measures of round 1, each per device and round:
 *   prototype_bytes  bytes up beside the model: sums and counts of a device
 *   prototype_flops  arithmetic for the statistics, of a full buffer that lacks no
 *                    modality (so an upper bound): one addition for each feature of
 *                    each sample counted; with whole_buffer also the forward pass of
 *                    the older samples, which is done for nothing else.  New samples
 *                    pass the model in any case, to test it before training.  Extra
 *                    terms of the training loss are the method's and not in it. */
#ifndef MMOFL_RUN_PROTOTYPE_ROWS_H
#define MMOFL_RUN_PROTOTYPE_ROWS_H

#include "config/experiment.h"
#include "sim/simulation.h"
#include "store/run_store.h"

enum { MMOFL_PROTOTYPE_MEASURES = 2 };

typedef struct mmofl_prototype_rows {
    mmofl_arena arena;
    const mmofl_simulation *simulation;
    size_t n;                    /* M * K; 0: the method has no prototypes */
    mmofl_prototype_record *row; /* (M, K) */
} mmofl_prototype_rows;

/** Room for the prototypes of a simulation, which is borrowed.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_prototype_rows_init(
    mmofl_prototype_rows *rows, const mmofl_simulation *simulation);
void mmofl_prototype_rows_free(mmofl_prototype_rows *rows);

/** The prototypes after the last round into record, which borrows them until the next
 * round; nothing where the method has none. */
void mmofl_prototype_rows_fill(mmofl_prototype_rows *rows, mmofl_round_record *record);

/** Their cost; returns how many measures, 0 where the method has no prototypes. */
size_t mmofl_prototype_rows_cost(const mmofl_prototype_rows *rows,
                                 const mmofl_experiment *experiment,
                                 mmofl_measure measure[MMOFL_PROTOTYPE_MEASURES]);

#endif
