/* method.h - what a device does about missing and noisy modalities.
 *
 * One file per method under methods/, one row in methods/methods.c.  A method is a set
 * of functions called at fixed points of a device's round; those it leaves NULL do
 * nothing:
 *
 *   begin_round    the model and the prototypes have come, the buffer is known
 *   begin_batch    may change which modalities count as recorded (masks)
 *   fuse           features (n, D) before the head: may fill the slots of what is
 * missing add_gradient   after the head's backward pass: gradient of further loss terms
 * on features end_batch      the batch's gradient is there: scale it, add the head's
 * own terms fuse_test      as fuse, at test time: it sees masks, never labels
 *
 * State belongs to one thread and is made once (`make`); between devices and rounds it
 * carries nothing, so results do not depend on which thread runs which device. */
#ifndef MMOFL_LEARN_METHOD_H
#define MMOFL_LEARN_METHOD_H

#include "base/arena.h"
#include "learn/prototypes.h"
#include "nn/gradient.h"

/** What a method's state is made for. */
typedef struct mmofl_method_setup {
    const mmofl_model *model;
    const void *options; /* the kind's own struct */
    int batch;           /* most samples in a mini-batch */
    mmofl_arena *arena;  /* where state lives; what it takes there needs no freeing */
} mmofl_method_setup;

/** A device's round, as a method sees it. */
typedef struct mmofl_method_round {
    uint64_t seed, device, round;
    const mmofl_prototypes *prototypes; /* as received; NULL in tests without any */
    const uint32_t *mask; /* (n) of the samples in the buffer; NULL at test time */
    int n;
} mmofl_method_round;

/** Sums of the further loss terms, for the record: each mean over the batch, added up.
 */
typedef struct mmofl_method_loss {
    double terms; /* all further terms together, as weighted in the loss */
} mmofl_method_loss;

/** Options of prototypes that several methods share, to be embedded first in their
 * options struct: how the coordinator keeps the persistent means (METHOD.md section 4).
 */
typedef struct mmofl_prototype_options {
    double rho;        /* weight of the old mean when update != mean */
    int persistent;    /* mmofl_prototype_persistent */
    int temporal;      /* mmofl_prototype_temporal */
    bool whole_buffer; /* statistics over the whole buffer, not only over new samples */
} mmofl_prototype_options;

typedef enum mmofl_prototype_persistent {
    MMOFL_PERSISTENT_EXPONENTIAL, /* p += (1 - rho)(new - p), the first as it is */
    MMOFL_PERSISTENT_MEAN         /* p += (new - p)/u: PMM, Eq. 17 */
} mmofl_prototype_persistent;

typedef enum mmofl_prototype_temporal {
    MMOFL_TEMPORAL_SAMPLES, /* sum of sums / sum of counts over devices */
    MMOFL_TEMPORAL_DEVICES /* unweighted mean over the devices that saw the pair: PMM */
} mmofl_prototype_temporal;

typedef struct mmofl_method_kind {
    mmofl_kind kind;
    bool prototypes;    /* devices send sums, the coordinator keeps means; the options
                         * begin with a mmofl_prototype_options */
    bool whole_batches; /* a mini-batch must go through in one piece */
    bool zeros;         /* a missing modality is a sample of zeros for its encoder */
    bool undisturbed;   /* the stream is whole and clean whatever the experiment says */
    bool by_modality; /* encoders are averaged with weights by their recorded samples */
    /** State, or NULL when memory is short.  NULL function: no state. */
    void *(*make)(const mmofl_method_setup *setup);
    void (*drop)(void *state); /* what is not in the arena; may be NULL */
    void (*begin_round)(void *state, const mmofl_method_round *round);
    /** batch is a copy that the method may change: its masks may point elsewhere. */
    void (*begin_batch)(void *state, mmofl_batch *batch);
    void (*fuse)(void *state, const mmofl_batch *batch, int from, int n, mmofl_span z);
    void (*add_gradient)(void *state, const mmofl_batch *batch, int from, int n,
                         mmofl_span z, mmofl_span dz, mmofl_method_loss *loss);
    void (*end_batch)(void *state, const mmofl_batch *batch, const float *w,
                      mmofl_gradient *g, mmofl_method_loss *loss);
    void (*fuse_test)(void *state, const uint32_t *mask, int n, mmofl_span z);
} mmofl_method_kind;

/** All methods, each the first member of a mmofl_method_kind. */
mmofl_kind_list mmofl_method_kinds(void);

/** Partial modality: what a device does when no method is named. */
extern const mmofl_method_kind mmofl_method_pm;

static inline const mmofl_method_kind *mmofl_method_of(const mmofl_pick *pick)
{
    return (const mmofl_method_kind *)(const void *)pick->kind;
}

/** The rows of an option table for mmofl_prototype_options at the start of a struct. */
#define MMOFL_PROTOTYPE_OPTIONS(persistent_default, temporal_default)                  \
    {"rho",                                                                            \
     MMOFL_OPTION_REAL,                                                                \
     offsetof(mmofl_prototype_options, rho),                                           \
     0,                                                                                \
     1,                                                                                \
     NULL,                                                                             \
     "0.5",                                                                            \
     "exponential prototypes: weight of the old mean"},                                \
        {"persistent",                                                                 \
         MMOFL_OPTION_CHOICE,                                                          \
         offsetof(mmofl_prototype_options, persistent),                                \
         0,                                                                            \
         0,                                                                            \
         "exponential|mean",                                                           \
         persistent_default,                                                           \
         "how prototypes carry over rounds"},                                          \
        {"temporal",                                                                   \
         MMOFL_OPTION_CHOICE,                                                          \
         offsetof(mmofl_prototype_options, temporal),                                  \
         0,                                                                            \
         0,                                                                            \
         "samples|devices",                                                            \
         temporal_default,                                                             \
         "mean over devices: by samples, or equal (PMM)"},                             \
    {                                                                                  \
        "whole_buffer", MMOFL_OPTION_BOOL,                                             \
            offsetof(mmofl_prototype_options, whole_buffer), 0, 1, NULL, "false",      \
            "prototypes from the whole buffer, not only new samples"                   \
    }

#endif
