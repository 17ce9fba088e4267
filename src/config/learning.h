/* learning.h - what a coordinator tells its devices of an experiment: how samples reach
 * the learner, the model, how it is trained, the method, the aggregation rule.
 *
 * It travels as YAML of the same keys, every default filled in, so that one table reads
 * and checks both.  A device's program has this much of src/config and no more: neither
 * data sets nor fleets. */
#ifndef MMOFL_CONFIG_LEARNING_H
#define MMOFL_CONFIG_LEARNING_H

#include "base/yaml.h"
#include "config/experiment.h"

/** The experiment's part that devices must know, as YAML.  malloc; the caller frees.
 * NULL when memory is short. */
char *mmofl_learning_text(const mmofl_experiment *experiment);

/** Read such a text; `name` stands for it in messages.  Only stream, model, train,
 * method and aggregation of *out are filled.
 * @retval those of mmofl_experiment_parse
 * On success the caller owns it: mmofl_learning_free. */
MMOFL_CHECKED mmofl_status mmofl_learning_parse(const char *text, size_t size,
                                                const char *name, mmofl_experiment *out,
                                                mmofl_error *err);

/** NULL is allowed. */
void mmofl_learning_free(mmofl_experiment *learning);

/** Do these keys fit together, where each by itself is sound?  root: for places.
 * @retval MMOFL_E_RANGE */
MMOFL_CHECKED mmofl_status mmofl_learning_check(const mmofl_experiment *experiment,
                                                const mmofl_yaml_node *root,
                                                mmofl_error *err);

#endif
