/* pm.c - partial modality: a missing encoder is skipped, its slot is zero. */
#include "learn/methods/methods.h"

const mmofl_method_kind mmofl_method_pm = {
    .kind = {.name = "pm",
             .help =
                 "partial modality: a missing encoder is skipped, zeros in its slot",
             .source = "PMM, arXiv 2505.16138"}};
