/* values.c - each value for itself. */
#include <math.h>

#include "nn/reference/reference_layer.h"

#define VALUE_BY_VALUE(name, expression)                                               \
    MMOFL_REFERENCE(name)                                                              \
    {                                                                                  \
        (void)w;                                                                       \
        for (size_t i = 0; i < mmofl_shape_count(layer->in); i++)                      \
            y[i] = expression;                                                         \
    }
VALUE_BY_VALUE(relu, x[i] > 0 ? x[i] : 0)
VALUE_BY_VALUE(leaky_relu, x[i] > 0 ? x[i] : option(layer, "slope") * x[i])
VALUE_BY_VALUE(tanh, tanh(x[i]))
VALUE_BY_VALUE(gelu, x[i] * 0.5 * (1 + erf(x[i] * 0.70710678118654752440)))
VALUE_BY_VALUE(flatten, x[i])
VALUE_BY_VALUE(dropout, x[i]) /* and then the multipliers */
