/* list.h - every layer kind by name: a file in layers/ for each instruction set, and
 * its plain loops in reference/. */
#ifndef MMOFL_NN_LAYERS_LIST_H
#define MMOFL_NN_LAYERS_LIST_H

#define MMOFL_LAYER_LIST(X)                                                            \
    X(embedding)                                                                       \
    X(linear)                                                                          \
    X(conv1d)                                                                          \
    X(conv2d)                                                                          \
    X(relu)                                                                            \
    X(leaky_relu)                                                                      \
    X(tanh)                                                                            \
    X(gelu)                                                                            \
    X(max_pool)                                                                        \
    X(avg_pool)                                                                        \
    X(global_avg_pool)                                                                 \
    X(sum_pool)                                                                        \
    X(attention_pool)                                                                  \
    X(gated_sum)                                                                       \
    X(flatten)                                                                         \
    X(group_norm)                                                                      \
    X(layer_norm)                                                                      \
    X(dropout)                                                                         \
    X(gru)                                                                             \
    X(lstm)

#endif
