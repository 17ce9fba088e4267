/* prototype_terms.h - loss terms that draw features to class prototypes.
 *
 *   pull    (1/n) sum_m sum_i a_i^m [u > 0] |z_i^m - p^(m,y)|^2 / d_m
 *   PCE     (1/n) sum_m [at least 2 classes] sum_i a_i^m (-log pi_i^m(y)),
 *           pi_i^m(c) = softmax_c(cos(z_i^m, p^(m,c)) / kappa) over classes with u > 0
 *
 * (METHOD.md section 6, B1 and B2, our reconstruction; the pull alone is FedProto's
 * term.) n counts the whole mini-batch, a is 1 for recorded modalities; prototypes are
 * constants for back-propagation.  A sample whose class has no prototype yet adds
 * nothing; in cosines a vector shorter than 1e-12 counts as zero, with no gradient. */
#ifndef MMOFL_LEARN_PROTOTYPE_TERMS_H
#define MMOFL_LEARN_PROTOTYPE_TERMS_H

#include "learn/prototypes.h"

typedef struct mmofl_prototype_terms {
    const mmofl_model *model;
    const mmofl_prototypes *prototypes; /* of the round; NULL: every term is zero */
    float *unit; /* (K, D) prototypes at length 1 in each modality's slot */
    float
        *unit_by_class; /* for encoder e, at e.at * K: (d_e, K), the same transposed */
    float *logit;       /* (batch, K) */
    int *classes;       /* (M) how many prototypes exist */
} mmofl_prototype_terms;

/** Room for batches of up to `batch` samples (0: none are to come).  @retval E_MEMORY
 */
MMOFL_CHECKED mmofl_status mmofl_prototype_terms_init(mmofl_prototype_terms *terms,
                                                      const mmofl_model *model,
                                                      int batch, mmofl_arena *arena);

/** Take the round's prototypes. */
void mmofl_prototype_terms_begin(mmofl_prototype_terms *terms,
                                 const mmofl_prototypes *prototypes);

/** Add weight * gradient of the pull to dz; returns weight * its value, for the samples
 * from ... from + n - 1 of the batch. */
double mmofl_prototype_pull(const mmofl_prototype_terms *terms,
                            const mmofl_batch *batch, int from, int n, double weight,
                            mmofl_span z, mmofl_span dz);

/** Add weight * gradient of the PCE to dz; returns weight * its value. */
double mmofl_prototype_pce(const mmofl_prototype_terms *terms, const mmofl_batch *batch,
                           int from, int n, double weight, double kappa, mmofl_span z,
                           mmofl_span dz);

#endif
