/* experiment.h - a whole experiment as structs: what one YAML file says, validated.
 *
 * The structs of the parts stand with the parts (data/source.h, nn/spec.h, ...); this
 * is their sum.  schema.c holds the one table that reads, checks, prints and documents
 * them. */
#ifndef MMOFL_CONFIG_EXPERIMENT_H
#define MMOFL_CONFIG_EXPERIMENT_H

#include "base/arena.h"
#include "data/imbalance.h"
#include "data/partition.h"
#include "data/source.h"
#include "data/stream.h"
#include "nn/spec.h"
#include "nn/train_spec.h"

typedef struct mmofl_fleet_spec {
    int devices;          /* K */
    mmofl_pick partition; /* among mmofl_partition_kinds() */
} mmofl_fleet_spec;

typedef struct mmofl_evaluate_spec {
    int every;         /* test every n rounds for the learning curve; 0 = never */
    int n_rounds;      /* rounds whose mean is the result; none given: the last round */
    int *round;        /* ascending */
    double validation; /* share of each owner's training samples, for no device */
    int select;        /* mmofl_evaluate_select: which tests are the result */
} mmofl_evaluate_spec;

typedef enum mmofl_evaluate_select {
    MMOFL_SELECT_ROUNDS,         /* the mean over `rounds` */
    MMOFL_SELECT_BEST_VALIDATION /* the one of the best validation macro-F1 */
} mmofl_evaluate_select;
#define MMOFL_SELECT_CHOICES "rounds|best_validation"

typedef struct mmofl_record_spec {
    int injected; /* mmofl_record_when: what was injected, device by device */
} mmofl_record_spec;

typedef enum mmofl_record_when {
    MMOFL_RECORD_AUTO, /* where it is not much */
    MMOFL_RECORD_ALWAYS,
    MMOFL_RECORD_NEVER
} mmofl_record_when;
#define MMOFL_RECORD_CHOICES "auto|true|false"
enum { MMOFL_RECORD_DEVICES = 1000 }; /* auto: recorded up to that many devices */

/** What is worked out beside a run (docs/theory.md); the key `analysis`. */
typedef struct mmofl_analysis_spec {
    bool errors;      /* error terms, while training */
    bool regret;      /* regret and bound, at the end of a seed */
    int every;        /* error terms in every n-th round */
    int starts;       /* models that the search for the best fixed one begins with */
    int iterations;   /* at most, of each search */
    double tolerance; /* on the mean gradient's norm */
} mmofl_analysis_spec;

typedef struct mmofl_experiment {
    mmofl_arena arena; /* owns every pointer below */
    const char *name;
    int n_seeds;
    uint64_t *seed;
    mmofl_data_spec data;
    mmofl_fleet_spec fleet;
    mmofl_stream_spec stream;
    mmofl_imbalance_spec imbalance;
    mmofl_test_imbalance_spec test_imbalance;
    int rounds;           /* T */
    double participation; /* share of devices each round in (0, 1], or a number of
                             devices > 1 */
    mmofl_model_spec model;
    mmofl_train_spec train;
    mmofl_pick method;      /* among mmofl_method_kinds() */
    mmofl_pick aggregation; /* among mmofl_aggregation_kinds() */
    mmofl_evaluate_spec evaluate;
    mmofl_record_spec record;
    mmofl_analysis_spec analysis;
} mmofl_experiment;

/** Is the model tested after round 1 ... rounds?  After the last one it always is. */
bool mmofl_experiment_tests(const mmofl_experiment *experiment, int round);

/** Read and validate a YAML file, then the settings ("train.batch=32", in order).  The
 * blocks `sweep` and `cells` are not looked at: this is the base (config/sweep.h).
 * Everything absent has its default.  Refused: unknown and duplicate keys, wrong types,
 * values out of range, missing required keys, aliases that make the file grow beyond 1
 * MB or 10,000 nodes, nesting over 64.  err says "file:line:column: what, and what was
 * wanted" (unknown keys with the nearest known one), or "--set key=value: ..." .
 * @retval MMOFL_E_SYNTAX, E_UNKNOWN, E_DUPLICATE, E_TYPE, E_RANGE, E_MISSING, E_LIMIT,
 *         E_NOT_FOUND, E_IO, E_MEMORY
 * On success the caller owns it: mmofl_experiment_free. */
MMOFL_CHECKED mmofl_status mmofl_experiment_load(const char *path,
                                                 const char *const *settings,
                                                 int n_settings, mmofl_experiment *out,
                                                 mmofl_error *err);

/** The same from text; `name` stands for the file in messages.  A relative data.path is
 * taken relative to `folder` (NULL: as it is). */
MMOFL_CHECKED mmofl_status mmofl_experiment_parse(const char *text, size_t size,
                                                  const char *name, const char *folder,
                                                  const char *const *settings,
                                                  int n_settings, mmofl_experiment *out,
                                                  mmofl_error *err);

/** The resolved experiment as YAML that loads back to the same: every key, defaults
 * filled in. malloc; the caller frees.  NULL when memory is short. */
char *mmofl_experiment_text(const mmofl_experiment *experiment);

/** docs/config.md from the table: every key, type, range, default, meaning; and every
 * kind. malloc; the caller frees. */
char *mmofl_experiment_manual(void);

/** NULL is allowed. */
void mmofl_experiment_free(mmofl_experiment *experiment);

#endif
