/* methods.c - every method by name. */
#include "learn/methods/methods.h"

static const mmofl_kind *const kinds[] = {
#define ROW(name) &mmofl_method_##name.kind,
    MMOFL_METHOD_LIST(ROW)
#undef ROW
};

mmofl_kind_list mmofl_method_kinds(void)
{
    return (mmofl_kind_list){kinds, MMOFL_METHOD_COUNT_OF(kinds)};
}
