/* run_cost.h - how much work a seed of an experiment is, before it is run. */
#ifndef MMOFL_RUN_RUN_COST_H
#define MMOFL_RUN_RUN_COST_H

#include "config/experiment.h"
#include "nn/model.h"

/** Floating-point operations of one seed of x, all devices having and recording all
 * that they could: training, prediction of what is new, tests, and analyses where they
 * are asked for.  Good for comparing runs and for no clock: what is missing is not
 * done, and small steps take longer than their arithmetic.  Cost: O(rounds). */
double mmofl_run_cost(const mmofl_experiment *x, const mmofl_model *model,
                      const mmofl_dataset *data);

#endif
