/* evaluator.h - testing a model on a data set's test part, or on what was held out of
 * its training part, on all threads of all ranks.
 *
 * Samples are tested in pieces of a fixed size whose losses are added in their order,
 * so the result does not depend on the number of threads or ranks.  With ranks each has
 * an evaluator, all run it, and all get the result. */
#ifndef MMOFL_LEARN_EVALUATOR_H
#define MMOFL_LEARN_EVALUATOR_H

#include "base/pool.h"
#include "base/ranks.h"
#include "data/holdout.h"
#include "data/imbalance.h"
#include "learn/method.h"

/** Test results of one model.  K classes. */
typedef struct mmofl_evaluation {
    size_t samples;
    double loss;     /* mean cross-entropy, nats */
    double accuracy; /* share right */
    double macro_f1; /* mean over the classes that occur or are predicted */
    int classes;     /* K */
    const uint64_t
        *confusion; /* (K, K): row = true class, column = predicted; owned by
                     * the evaluator, valid until its next run of that kind */
} mmofl_evaluation;

/** Precision, recall and F1 of one class; 0 where nothing was predicted or nothing
 * occurs. */
typedef struct mmofl_class_score {
    uint64_t support; /* samples of the class */
    double precision, recall, f1;
} mmofl_class_score;

mmofl_class_score mmofl_evaluation_class(const mmofl_evaluation *evaluation, int class);

typedef struct mmofl_evaluator mmofl_evaluator;

/** What to test, and how; every pointer is borrowed and must outlive the evaluator. */
typedef struct mmofl_evaluator_setup {
    const mmofl_model *model;
    const mmofl_dataset *data; /* its test part; the training part when there is none */
    const mmofl_imbalance
        *imbalance; /* of the disturbed test part; NULL: there is none */
    const mmofl_holdout *validation; /* NULL or empty: there is none */
    const mmofl_pick *method;        /* what it does at test time; NULL: pm */
    mmofl_pool *pool;
    const mmofl_ranks *ranks; /* NULL: alone */
    long fail_after;          /* tests: as in arena.h */
} mmofl_evaluator_setup;

/** @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_evaluator_new(const mmofl_evaluator_setup *setup,
                                               mmofl_evaluator **evaluator);
void mmofl_evaluator_delete(mmofl_evaluator *evaluator);
size_t mmofl_evaluator_bytes(const mmofl_evaluator *evaluator);

/** Test the model; allocates nothing.  prototypes: as the coordinator keeps them, for
 * methods that fill slots at test time; NULL: there are none. */
mmofl_evaluation mmofl_evaluator_run(mmofl_evaluator *evaluator,
                                     const float *parameters,
                                     const mmofl_prototypes *prototypes);

/** Test it on the validation samples, as they were recorded; only where there are any.
 */
mmofl_evaluation mmofl_evaluator_run_validation(mmofl_evaluator *evaluator,
                                                const float *parameters,
                                                const mmofl_prototypes *prototypes);

/** Test it on the disturbed test part; only with an imbalance.  The three kinds of run
 * have a confusion matrix each. */
mmofl_evaluation mmofl_evaluator_run_disturbed(mmofl_evaluator *evaluator,
                                               const float *parameters,
                                               const mmofl_prototypes *prototypes);

#endif
