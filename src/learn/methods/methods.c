/* methods.c - every method by name. */
#include "learn/method.h"

static const mmofl_kind partial_modality = {
    .name = "pm",
    .help = "partial modality: a missing encoder is skipped, zeros in its feature slot",
    .source = "PMM, arXiv 2505.16138"};

static const mmofl_kind *const kinds[] = {&partial_modality};

mmofl_kind_list mmofl_method_kinds(void)
{
    return (mmofl_kind_list){kinds, (int)(sizeof kinds / sizeof *kinds)};
}
