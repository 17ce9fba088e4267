/* analysis.h - the error terms of METHOD.md section 3, measured while a fleet trains.
 *
 * For each mini-batch, at the parameters it is taken at, with a_i the modalities left
 * of sample i and x~_i its values as the device sees them:
 *
 *   g = gradient(all modalities, x)        the twin: complete and clean
 *   q = gradient(a, x)                     losses only
 *   u = gradient(a, x~)                    losses and disturbances
 *   h = what the optimiser gets            u, and what method and rule made of it;
 *                                          before clipping
 *
 *   h - g = (q - g) + (u - q) + (h - u)
 *   error = quantity + quality + method
 *
 * gradient is that of the mean cross-entropy with zeros in empty slots (the method pm)
 * and the batch's own dropout masks.  Of one modality m alone: quantity_m is
 * gradient(only m is lost, x) - g, and quality_m is gradient(a, only m disturbed) - q.
 * Norms are Euclidean, averaged over a device's steps, then over devices.
 *
 * Training itself is not touched: the same bits with analysis as without.  Cost: 3 + 2M
 * gradients for each one, fewer where nothing is lost or disturbed. */
#ifndef MMOFL_SIM_ANALYSIS_H
#define MMOFL_SIM_ANALYSIS_H

#include "base/ranks.h"
#include "sim/holding.h"

/** One number of the last analysed round. */
typedef struct mmofl_error_term {
    const char *name;     /* "error_quantity" */
    const char *modality; /* "" = all */
    double value;
} mmofl_error_term;

typedef struct mmofl_analysis mmofl_analysis;

typedef struct mmofl_analysis_setup {
    const mmofl_model *model;
    uint32_t participants; /* the most that a round has */
    int threads;
    int batch; /* most samples in a mini-batch */
    long fail_after;
} mmofl_analysis_setup;

MMOFL_CHECKED mmofl_status mmofl_analysis_new(const mmofl_analysis_setup *setup,
                                              mmofl_analysis **analysis);
void mmofl_analysis_delete(mmofl_analysis *analysis);
size_t mmofl_analysis_bytes(const mmofl_analysis *analysis);

/** A device begins its round on that thread, as participant number `item`: let watch
 * call the analysis before each step.  The holding must stay as it is until then. */
void mmofl_analysis_begin(mmofl_analysis *analysis, size_t item, int thread,
                          const mmofl_holding *holding, mmofl_learner_watch *watch);

/** Have the rows of all participants, of which rank r took numbers start[r] ...
 * start[r + 1] - 1. */
void mmofl_analysis_merge(mmofl_analysis *analysis, const mmofl_ranks *ranks,
                          const size_t *start);

/** All n participants have ended their round: take the means. */
void mmofl_analysis_close(mmofl_analysis *analysis, size_t n);

/** What close left: at most max, how many in return.  Names:
 *   error, error_quantity, error_quality, error_method  the norms above; quantity and
 *                                        quality also for each modality alone
 *   error_encoder (each modality), error_head  parts of the vector h - g
 *   direction, twin                      norms of h and g
 *   direction_largest                    largest norm of h over all steps: H of the
 *                                        bound */
int mmofl_analysis_terms(const mmofl_analysis *analysis, mmofl_error_term *terms,
                         int max);
enum { MMOFL_ERROR_TERMS = 8 + 3 * MMOFL_MAX_MODALITIES };

#endif
