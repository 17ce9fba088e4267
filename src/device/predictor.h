/* predictor.h - what a device makes of one sample with the model it has, whatever
 * modalities the sample lacks. */
#ifndef MMOFL_DEVICE_PREDICTOR_H
#define MMOFL_DEVICE_PREDICTOR_H

#include "device/plan.h"

typedef struct mmofl_predictor mmofl_predictor;

/** Room for the predictions of a plan (borrowed).  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_predictor_new(const mmofl_plan *plan,
                                               mmofl_predictor **predictor);
void mmofl_predictor_delete(mmofl_predictor *predictor);

/** One sample, as the method sees it at test time.
 * @param[in]  parameters   (P) the model
 * @param[in]  prototypes   that came with it; NULL: the method has none
 * @param[in]  mask         modalities that the sample has; not one of the model's:
 * every class gets what the head says to nothing
 * @param[in]  values       (M) values[m]: (S_m) standardised; read where mask says so
 * @param[out] probability  (K) sums to 1
 * Returns the likeliest class (the first of equals).  Allocates nothing. */
int mmofl_predictor_run(mmofl_predictor *predictor, const float *parameters,
                        const mmofl_prototypes *prototypes, uint32_t mask,
                        const float *const *values, float *probability);

#endif
