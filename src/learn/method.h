/* method.h - what a device does about missing and noisy modalities.
 *
 * One file per method under methods/, one row in methods/methods.c. */
#ifndef MMOFL_LEARN_METHOD_H
#define MMOFL_LEARN_METHOD_H

#include "base/option.h"

/** All methods.  Now: pm (partial modality: a missing encoder is skipped). */
mmofl_kind_list mmofl_method_kinds(void);

#endif
