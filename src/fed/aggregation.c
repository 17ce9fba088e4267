/* aggregation.c - every aggregation rule by name. */
#include "fed/aggregation.h"

static const mmofl_kind *const kinds[] = {&mmofl_fedavg.kind};

mmofl_kind_list mmofl_aggregation_kinds(void)
{
    return (mmofl_kind_list){kinds, (int)(sizeof kinds / sizeof *kinds)};
}
