/* model_profile.h - where the time of a training step goes, layer by layer. */
#ifndef MMOFL_CLI_MODEL_PROFILE_H
#define MMOFL_CLI_MODEL_PROFILE_H

#include "run/setup.h"

/** Train the experiment's model on the first mini-batch of its data, over and over for
 * about so many seconds, on one thread, and print a table of its layers on stdout: the
 * medians over these steps, and what the multiply-adds of each come to beside the most
 * that a core can do.  Parameters stay as they are.
 * @retval E_MEMORY
 * @retval as mmofl_model_new */
MMOFL_CHECKED mmofl_status mmofl_cli_model_profile(const mmofl_setup *setup,
                                                   double seconds, mmofl_error *err);

#endif
