/* injected.h - what a round's imbalance really did, as rows and measures of the run
 * store.
 *
 * beta_m = missing / samples and nu_m = disturbed / (samples - missing) are what was
 * measured over the fleet's fresh samples of modality m.  Measures of each round:
 *   missing_rate, disturbed_rate (each modality)  beta_m, nu_m
 *   quantity_index                                max_m beta - min_m beta
 *   quality_index                                 max_m nu - min_m nu
 * (METHOD.md section 2; the quality index is ours, by share and not by level.) */
#ifndef MMOFL_RUN_INJECTED_H
#define MMOFL_RUN_INJECTED_H

#include "sim/simulation.h"
#include "store/run_store.h"

enum { MMOFL_INJECTED_MEASURES = 2 + 2 * MMOFL_MAX_MODALITIES };

typedef struct mmofl_injected_rows {
    mmofl_arena arena;
    const mmofl_simulation *simulation;
    const mmofl_dataset *data;
    mmofl_injected_record *row; /* (participants, M) at most; NULL: only measures */
    mmofl_measure measure[MMOFL_INJECTED_MEASURES];
} mmofl_injected_rows;

/** Room for the rounds of a simulation; participants: the most whose rows are to be
 * kept, 0 = none (then nothing is allocated).  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_injected_rows_init(mmofl_injected_rows *rows,
                                                    const mmofl_simulation *simulation,
                                                    const mmofl_dataset *data,
                                                    uint32_t participants);
void mmofl_injected_rows_free(mmofl_injected_rows *rows);

/** What the last round injected: rows into record, which borrows them; measures into
 * rows->measure, their number is returned.  Nothing where there is no imbalance or no
 * sample arrived. */
size_t mmofl_injected_rows_fill(mmofl_injected_rows *rows, mmofl_round_record *record);

#endif
