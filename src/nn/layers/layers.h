/* layers.h - every layer kind by name, for the table in layers.c. */
#ifndef MMOFL_NN_LAYERS_LAYERS_H
#define MMOFL_NN_LAYERS_LAYERS_H

#include "nn/layer.h"

#define MMOFL_LAYER_LIST(X)                                                            \
    X(linear)                                                                          \
    X(conv1d)                                                                          \
    X(relu)                                                                            \
    X(leaky_relu)                                                                      \
    X(tanh)                                                                            \
    X(gelu)                                                                            \
    X(max_pool)                                                                        \
    X(avg_pool)                                                                        \
    X(global_avg_pool)                                                                 \
    X(flatten)                                                                         \
    X(group_norm)                                                                      \
    X(layer_norm)                                                                      \
    X(dropout)

#define MMOFL_LAYER_NAME(name) MMOFL_ISA(mmofl_layer_##name)
#define MMOFL_LAYER_DECLARE(name) extern const mmofl_layer_kind MMOFL_LAYER_NAME(name);
MMOFL_LAYER_LIST(MMOFL_LAYER_DECLARE)
#undef MMOFL_LAYER_DECLARE

#define MMOFL_COUNT_OF(array) (sizeof(array) / sizeof *(array))

#endif
