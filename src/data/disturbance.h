/* disturbance.h - what a bad sensor does to a sample it records (METHOD.md section 2,
 * "sensor disturbance").
 *
 * One file per kind under disturbances/, one row in disturbance.c.  A sample is as
 * mmofl_dataset_values hands it out: channels last; real values standardised, so
 * lengths are in standard deviations of the training part and 0 is its mean; token ids
 * as whole floats, 0 = padding.  Not every kind makes sense for every modality: each
 * says what it fits, and mmofl_disturbance_check is asked when an experiment is set up.
 */
#ifndef MMOFL_DATA_DISTURBANCE_H
#define MMOFL_DATA_DISTURBANCE_H

#include "base/option.h"
#include "base/rng.h"
#include "mmofl/dataset.h"

/** What a modality is, by its dtype and its number of dimensions: one bit.  What a kind
 * fits: a sum of them. */
typedef enum mmofl_fits {
    MMOFL_FITS_SEQUENCE = 1, /* reals (T,C): a sensor window, a spectrogram */
    MMOFL_FITS_IMAGE = 2,    /* reals (H,W,C) */
    MMOFL_FITS_TOKENS = 4,   /* ids, (L) */
    MMOFL_FITS_OTHER = 8,    /* reals (C), or of four dimensions */
    MMOFL_FITS_REALS = MMOFL_FITS_SEQUENCE | MMOFL_FITS_IMAGE | MMOFL_FITS_OTHER,
    MMOFL_FITS_ALL = MMOFL_FITS_REALS | MMOFL_FITS_TOKENS
} mmofl_fits;

/** The first member of every kind's options but none's. */
typedef struct mmofl_disturbance_share {
    double share; /* nu: of the recorded samples, how many are disturbed */
} mmofl_disturbance_share;

typedef struct mmofl_disturbance_kind {
    mmofl_kind kind;
    unsigned fits; /* mmofl_fits */
    /** Disturb the sample x of a modality that fits, in place, as rng says; NULL:
     * nothing to do.  Cost: O(values), allocates nothing. */
    void (*disturb)(const void *options, mmofl_rng *rng, const mmofl_modality *modality,
                    float *x);
} mmofl_disturbance_kind;

/** none, gauss, snr, stuck, gap, drift, saturation, spikes, salt_pepper, blur,
 * occlusion, token_delete, token_replace. */
mmofl_kind_list mmofl_disturbance_kinds(void);

/** nu of a pick; 0 for none. */
double mmofl_disturbance_share_of(const mmofl_pick *pick);

/** Does the pick make sense for that modality, whatever its share?
 * @retval MMOFL_E_TYPE  no; err names the kind, what the modality is, and the kinds
 * that fit it */
MMOFL_CHECKED mmofl_status mmofl_disturbance_check(const mmofl_pick *pick,
                                                   const mmofl_modality *modality,
                                                   mmofl_error *err);

/** Disturb the sample x of that modality, which the pick fits, as the pick says. */
void mmofl_disturb(const mmofl_pick *pick, mmofl_rng *rng,
                   const mmofl_modality *modality, float *x);

/* ---- for the files of the kinds ---- */

#define MMOFL_DISTURBANCE_LIST(X)                                                      \
    X(none)                                                                            \
    X(gauss)                                                                           \
    X(snr)                                                                             \
    X(stuck)                                                                           \
    X(gap)                                                                             \
    X(drift)                                                                           \
    X(saturation)                                                                      \
    X(spikes)                                                                          \
    X(salt_pepper)                                                                     \
    X(blur)                                                                            \
    X(occlusion)                                                                       \
    X(token_delete)                                                                    \
    X(token_replace)

#define MMOFL_DISTURBANCE_DECLARE(name)                                                \
    extern const mmofl_disturbance_kind mmofl_disturbance_##name;
MMOFL_DISTURBANCE_LIST(MMOFL_DISTURBANCE_DECLARE)
#undef MMOFL_DISTURBANCE_DECLARE

/** The first row of a kind's option table; `type` begins with a
 * mmofl_disturbance_share named common. */
#define MMOFL_SHARE_OPTION(type)                                                       \
    {                                                                                  \
        "share", MMOFL_OPTION_REAL, offsetof(type, common.share), 0, 1, NULL, NULL,    \
            "share of the recorded samples that are disturbed (nu)"                    \
    }

/** A kind's row:
 * MMOFL_DISTURBANCE("gap", MMOFL_FITS_SEQUENCE, "one line", gap_options, options,
 *                   disturb) */
#define MMOFL_DISTURBANCE(name_text, fits_what, help_text, type, table, function)      \
    {                                                                                  \
        .kind = {.name = (name_text),                                                  \
                 .help = (help_text),                                                  \
                 .source = "METHOD.md section 2",                                      \
                 .options = (table),                                                   \
                 .n_options = sizeof(table) / sizeof *(table),                         \
                 .options_size = sizeof(type)},                                        \
        .fits = (fits_what), .disturb = (function)                                     \
    }

/** The first of a stretch of n places (cut to length) put at random in 0 ... length-1.
 */
int mmofl_disturbance_place(mmofl_rng *rng, int length, int n);

/** x[i] += sigma * N(0, 1) for n values. */
void mmofl_disturbance_add_noise(mmofl_rng *rng, float sigma, float *x, size_t n);

#endif
