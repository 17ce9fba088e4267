/* imbalance.h - QQI: modalities that are missing (quantity) and modalities that are
 * disturbed (quality), as METHOD.md section 2 names it.
 *
 *   recorded mask --[losses]--> what is left --[share nu]--> which of it is disturbed
 *                               never nothing                 values: disturbance.h
 *
 * Everything is a pure function of (seed, device, number of the arrival in the device's
 * stream, its round): drawn anew at each arrival and then the same for as long as the
 * sample is held, on any thread and after any resume.  There is no state to save.
 * Shapes: D devices, M modalities of the data set. */
#ifndef MMOFL_DATA_IMBALANCE_H
#define MMOFL_DATA_IMBALANCE_H

#include "base/arena.h"
#include "base/option.h"
#include "data/stream.h"
#include "mmofl/dataset.h"

/** What loses a modality at one go. */
typedef enum mmofl_granularity {
    MMOFL_GRANULARITY_SAMPLE, /* each sample for itself */
    MMOFL_GRANULARITY_DEVICE, /* a device's arrivals of one round */
    MMOFL_GRANULARITY_ROUND,  /* all devices' arrivals of one round */
    MMOFL_GRANULARITY_RUN     /* a device, for good */
} mmofl_granularity;
#define MMOFL_GRANULARITY_CHOICES "sample|device|round|run"

/** What happens to one modality. */
typedef struct mmofl_modality_imbalance {
    const char *modality; /* a name of the data set */
    double missing;       /* beta, in [0, 1] */
    mmofl_pick pattern;   /* among mmofl_missing_pattern_kinds() */
    mmofl_pick noise;     /* among mmofl_disturbance_kinds() */
} mmofl_modality_imbalance;

/** What these devices have in place of what was said about the modalities before. */
typedef struct mmofl_group_imbalance {
    int n_devices;
    int *device; /* numbers from 0 */
    int n_modalities;
    mmofl_modality_imbalance *modality;
} mmofl_group_imbalance;

typedef struct mmofl_imbalance_spec {
    int granularity;    /* mmofl_granularity */
    double bad_devices; /* share of the devices, drawn by the seed, that `modality` is
                           about */
    int n_modalities;
    mmofl_modality_imbalance *modality; /* of those devices */
    int n_groups;
    mmofl_group_imbalance *group; /* later ones win, modality by modality */
} mmofl_imbalance_spec;

/** The disturbed test set, where it is not a sample of the fleet's. */
typedef struct mmofl_test_imbalance_spec {
    int n_modalities;
    mmofl_modality_imbalance *modality; /* patterns are not looked at */
} mmofl_test_imbalance_spec;

/** Does the spec make sense for a fleet of that size, whatever the data set?
 * @retval MMOFL_E_RANGE   a device that is not there; a time pattern where losses are
 *                         for good (run); a pattern that does not fit its rate
 * @retval MMOFL_E_SYNTAX  a schedule
 * @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_imbalance_check(const mmofl_imbalance_spec *spec,
                                                 int devices, mmofl_error *err);

/** What an imbalance is made for; pointers must outlive it. */
typedef struct mmofl_imbalance_setup {
    const mmofl_imbalance_spec *spec;
    const mmofl_test_imbalance_spec *test; /* no modality: as the fleet */
    const mmofl_stream_spec *stream;
    const mmofl_dataset *data;
    uint32_t used; /* bit m: the model uses modality m; one of them is always left */
    int devices;
    uint64_t seed;
    long fail_after; /* tests: as in arena.h */
} mmofl_imbalance_setup;

typedef struct mmofl_imbalance mmofl_imbalance;

/** Resolve who has what.  *out is NULL when the spec and the test spec name no modality
 * at all: then nothing is to be done to any sample.
 * @retval those of mmofl_imbalance_check
 * @retval MMOFL_E_UNKNOWN  a modality that the data set lacks
 * @retval MMOFL_E_TYPE     noise of a kind that does not fit its modality */
MMOFL_CHECKED mmofl_status mmofl_imbalance_new(const mmofl_imbalance_setup *setup,
                                               mmofl_imbalance **out, mmofl_error *err);

/** NULL is allowed in both. */
void mmofl_imbalance_delete(mmofl_imbalance *b);
size_t mmofl_imbalance_bytes(const mmofl_imbalance *b);

/** What is left of a device's held samples, and what of that is disturbed.
 * @param[in,out] mask  (held) in: what was recorded; out: what is left of it.  A sample
 *                      that lost all used modalities gets one of them back, drawn
 *                      uniformly over those that were recorded
 * @param[out] disturbed  (held) bit m: modality m is left and disturbed
 * Cost: O(held M); bursts add O(their length) once. */
void mmofl_imbalance_window(const mmofl_imbalance *b, uint64_t device,
                            mmofl_window window, uint32_t *mask, uint32_t *disturbed);

/** Disturb the standardised values of modality m of arrival number `arrival`; only for
 * samples whose disturbed bit is set.  Cost: O(values). */
void mmofl_imbalance_disturb(const mmofl_imbalance *b, uint64_t device,
                             uint64_t arrival, int m, float *values);

/** The same for a sample of the test part, by its number in the data set, so that every
 * test of a run sees the same set.  Without a spec of its own each test sample is
 * treated as one of a device drawn at random, at that device's rates without their
 * pattern in time. */
void mmofl_imbalance_test(const mmofl_imbalance *b, size_t sample, uint32_t *mask,
                          uint32_t *disturbed);
void mmofl_imbalance_disturb_test(const mmofl_imbalance *b, size_t sample, int m,
                                  float *values);

#endif
