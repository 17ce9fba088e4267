/* gradient_loops.h - gradient.h's loops over parameters, for each instruction set. */
#ifndef MMOFL_NN_GRADIENT_LOOPS_H
#define MMOFL_NN_GRADIENT_LOOPS_H

#include <stddef.h>

#include "base/clones.h"

/** x[i] *= factor */
MMOFL_CLONES(void, mmofl_gradient_scale_values, (float *x, size_t n, float factor));

#endif
