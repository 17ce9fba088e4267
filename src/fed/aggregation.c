/* aggregation.c - every aggregation rule by name. */
#include "fed/rules/rules.h"

static const mmofl_kind *const kinds[] = {
#define ROW(name) &mmofl_rule_##name.kind,
    MMOFL_RULE_LIST(ROW)
#undef ROW
};

mmofl_kind_list mmofl_aggregation_kinds(void)
{
    return (mmofl_kind_list){kinds, MMOFL_RULE_COUNT_OF(kinds)};
}
