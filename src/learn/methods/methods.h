/* methods.h - every method by name, for the table in methods.c. */
#ifndef MMOFL_LEARN_METHODS_METHODS_H
#define MMOFL_LEARN_METHODS_METHODS_H

#include "learn/method.h"

#define MMOFL_METHOD_LIST(X)                                                           \
    X(full)                                                                            \
    X(pm)                                                                              \
    X(zf)                                                                              \
    X(mean_fill)                                                                       \
    X(dropout)                                                                         \
    X(pmm)                                                                             \
    X(pmr)                                                                             \
    X(ogm_ge)                                                                          \
    X(fedproto)                                                                        \
    X(fedamm)                                                                          \
    X(qqr)

#define MMOFL_METHOD_DECLARE(name) extern const mmofl_method_kind mmofl_method_##name;
MMOFL_METHOD_LIST(MMOFL_METHOD_DECLARE)
#undef MMOFL_METHOD_DECLARE

#define MMOFL_METHOD_COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

#endif
