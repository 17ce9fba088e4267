/* ahead.h - asking for a sample's values before they are needed.
 *
 * Devices read their samples in random order from a data set that no cache holds.  A
 * sample is too short for the processor to notice that it is read from front to back,
 * so each fetch would wait for memory; asked for a few samples ahead, its lines arrive
 * while the ones before it are standardised. */
#ifndef MMOFL_DATA_AHEAD_H
#define MMOFL_DATA_AHEAD_H

#include "data/stored.h"

/** Sample's values of modality m will be wanted soon.  Only a hint: any sample < N and
 * m < M will do, whether it has the modality or not. */
static inline void mmofl_dataset_ahead(const mmofl_dataset *set, size_t sample, int m)
{
    enum { LINE = 64 };
    size_t bytes =
        mmofl_shape_count(set->modality[m].shape) * mmofl_stored_bytes(set->stored[m]);
    const char *at = (const char *)set->values[m] + sample * bytes;
    for (size_t i = 0; i < bytes; i += LINE)
        __builtin_prefetch(at + i);
    __builtin_prefetch(at + bytes - 1); /* samples need not begin with a line */
}

#endif
