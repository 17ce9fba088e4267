/* isa.c - the instruction sets of this build, and which one this machine gets. */
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "nn/isa.h"

extern const mmofl_isa mmofl_isa_base;
#ifdef MMOFL_HAVE_X86_64
extern const mmofl_isa mmofl_isa_v3, mmofl_isa_v4;
#endif

const mmofl_isa *mmofl_isa_at(int i)
{
    switch (i) {
    case 0:
        return &mmofl_isa_base;
#ifdef MMOFL_HAVE_X86_64
    case 1:
        return &mmofl_isa_v3;
    case 2:
        return &mmofl_isa_v4;
#endif
    default:
        return NULL;
    }
}

bool mmofl_isa_runs(const mmofl_isa *isa)
{
#ifdef MMOFL_HAVE_X86_64
    if (isa == &mmofl_isa_v3)
        return mmofl_cpu_level() >= 3;
    if (isa == &mmofl_isa_v4)
        return mmofl_cpu_level() >= 4;
#endif
    return isa != NULL;
}

const mmofl_isa *mmofl_isa_best(void)
{
    const char *forced = getenv("MMOFL_ISA");
    const mmofl_isa *best = NULL;
    for (int i = 0; mmofl_isa_at(i); i++) {
        const mmofl_isa *isa = mmofl_isa_at(i);
        if (!mmofl_isa_runs(isa))
            continue;
        best = isa;
        if (forced && strcmp(forced, isa->name) == 0)
            return isa;
    }
    return best;
}
