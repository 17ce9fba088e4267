/* holding.h - what a device holds in a round: which samples, which of their modalities
 * are left, and their values as recorded or as they would have been.
 *
 * The simulator knows both sides of an imbalance: what a device sees, and the whole,
 * clean twin of the same samples.  Learners read one, analyses compare the two. */
#ifndef MMOFL_SIM_HOLDING_H
#define MMOFL_SIM_HOLDING_H

#include "data/imbalance.h"
#include "data/partition.h"
#include "learn/learner.h"

/** Where devices' samples come from; read-only. */
typedef struct mmofl_holding_source {
    const mmofl_dataset *data;
    const mmofl_partition *partition;
    const mmofl_stream_spec *stream;
    const mmofl_imbalance *imbalance; /* NULL: devices see everything, and clean */
    uint64_t seed;
} mmofl_holding_source;

/** One device's buffer in one round.  Sample i is the i-th oldest. */
typedef struct mmofl_holding {
    const mmofl_holding_source *source;
    uint64_t device;
    mmofl_window window;
    uint32_t *index;     /* (buffer) in the data set */
    uint32_t *mask;      /* (buffer) modalities that are left */
    uint32_t *disturbed; /* (buffer) of those left: the disturbed ones */
    int32_t *label;      /* (buffer) */
    uint32_t *scratch;   /* (longest pool) */
} mmofl_holding;

/** Room for one holding, in the arena.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_holding_init(mmofl_holding *holding,
                                              const mmofl_holding_source *source,
                                              mmofl_arena *arena);

/** Find out what the device holds.  Cost: O(pool + buffer M). */
void mmofl_holding_look(mmofl_holding *holding, uint64_t device, uint64_t round);

/** Sample i's values of modality m, as the device sees them; context: the holding.  The
 * fetch function of the device's batches. */
void mmofl_holding_fetch(void *context, int i, int m, float *values);

/** The same, disturbed only if the sample is and bit m of noisy is set. */
void mmofl_holding_values(const mmofl_holding *holding, int i, int m, uint32_t noisy,
                          float *values);

/** The buffer, for a learner; valid until the next look. */
mmofl_buffer_view mmofl_holding_view(mmofl_holding *holding);

#endif
