/* signals.h - what a device's sensors must deliver: the modalities and classes of its
 * federation, as the coordinator's Welcome names them. */
#ifndef MMOFL_DEVICE_SIGNALS_H
#define MMOFL_DEVICE_SIGNALS_H

#include "base/arena.h"
#include "mmofl/dataset.h"
#include "wire/messages.h"

typedef struct mmofl_signals {
    mmofl_arena arena;
    int n; /* modalities */
    mmofl_modality modality[MMOFL_MAX_MODALITIES];
    float *mean[MMOFL_MAX_MODALITIES], *sd[MMOFL_MAX_MODALITIES]; /* (C_m) */
    size_t count[MMOFL_MAX_MODALITIES];                           /* S_m */
    mmofl_standardize standardize;
    int n_classes;
    char (*class_name)[MMOFL_NAME_BYTES];
} mmofl_signals;

/** Copy them out of a Welcome.  @retval E_MEMORY
 * On success the caller owns it: mmofl_signals_free. */
MMOFL_CHECKED mmofl_status mmofl_signals_take(mmofl_signals *signals,
                                              const mmofl_welcome *welcome);
void mmofl_signals_free(mmofl_signals *signals);

/** The number of that modality, of that class; -1: there is none. */
int mmofl_signals_modality(const mmofl_signals *signals, const char *name);
int mmofl_signals_class(const mmofl_signals *signals, const char *name);

/** Channels of modality m: its last dimension. */
static inline size_t mmofl_signals_channels(const mmofl_signals *signals, int m)
{
    mmofl_shape shape = signals->modality[m].shape;
    return (size_t)shape.dim[shape.n - 1];
}

#endif
