/* disturbance.h - what a bad sensor does to a sample it records (METHOD.md section 2,
 * "sensor disturbance").
 *
 * One file per kind under disturbances/, one row in disturbance.c.  A sample is (T,C):
 * T steps of C channels, standardised, so lengths are in standard deviations of the
 * training part and 0 is its mean. */
#ifndef MMOFL_DATA_DISTURBANCE_H
#define MMOFL_DATA_DISTURBANCE_H

#include "base/option.h"
#include "base/rng.h"

/** The first member of every kind's options but none's. */
typedef struct mmofl_disturbance_share {
    double share; /* nu: of the recorded samples, how many are disturbed */
} mmofl_disturbance_share;

typedef struct mmofl_disturbance_kind {
    mmofl_kind kind;
    /** Disturb x (T,C), T and C >= 1, in place, as rng says; NULL: nothing to do.
     * Cost: O(T C), allocates nothing. */
    void (*disturb)(const void *options, mmofl_rng *rng, float *x, int T, int C);
} mmofl_disturbance_kind;

/** none, gauss, stuck, gap, drift, saturation, spikes. */
mmofl_kind_list mmofl_disturbance_kinds(void);

/** nu of a pick; 0 for none. */
double mmofl_disturbance_share_of(const mmofl_pick *pick);

/** Disturb x as the pick says. */
void mmofl_disturb(const mmofl_pick *pick, mmofl_rng *rng, float *x, int T, int C);

/* ---- for the files of the kinds ---- */

extern const mmofl_disturbance_kind mmofl_disturbance_none, mmofl_disturbance_gauss,
    mmofl_disturbance_stuck, mmofl_disturbance_gap, mmofl_disturbance_drift,
    mmofl_disturbance_saturation, mmofl_disturbance_spikes;

/** The first row of a kind's option table; `type` begins with a
 * mmofl_disturbance_share named common. */
#define MMOFL_SHARE_OPTION(type)                                                       \
    {                                                                                  \
        "share", MMOFL_OPTION_REAL, offsetof(type, common.share), 0, 1, NULL, NULL,    \
            "share of the recorded samples that are disturbed (nu)"                    \
    }

/** A kind's row: MMOFL_DISTURBANCE("gap", "one line", gap_options, options, disturb) */
#define MMOFL_DISTURBANCE(name_text, help_text, type, table, function)                 \
    {                                                                                  \
        .kind = {.name = (name_text),                                                  \
                 .help = (help_text),                                                  \
                 .source = "METHOD.md section 2",                                      \
                 .options = (table),                                                   \
                 .n_options = sizeof(table) / sizeof *(table),                         \
                 .options_size = sizeof(type)},                                        \
        .disturb = (function)                                                          \
    }

/** The first step of a stretch of n steps (cut to T) placed at random in T. */
int mmofl_disturbance_place(mmofl_rng *rng, int T, int n);

#endif
