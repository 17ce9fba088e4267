/* methods.h - every method by name, for the table in methods.c; and what their files
 * share. */
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

/** Does the prototype of encoder e and class c exist? */
static inline bool mmofl_prototype_exists(const mmofl_prototypes *p,
                                          const mmofl_model *model, int e, int c)
{
    return p && p->seen[e * model->classes + c] > 0;
}

/** Was encoder e's modality recorded in a sample with this mask? */
static inline bool mmofl_recorded(const mmofl_model *model, uint32_t mask, int e)
{
    return mask >> model->encoder[e].modality & 1;
}

#endif
