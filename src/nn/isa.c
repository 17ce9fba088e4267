/* isa.c - the instruction sets of this build, and which one this machine gets. */
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "nn/isa.h"

/* SETS(X): X(name, level) for each set that cmake/kernels.cmake compiles, the plainest
 * first; level: what mmofl_cpu_level has to be for it. */
#if defined(MMOFL_HAVE_X86_64)
#define SETS(X) X(base, 0) X(v3, 3) X(v4, 4)
#elif defined(MMOFL_HAVE_ARM64)
#define SETS(X) X(base, 0) X(neon, 0)
#elif defined(MMOFL_HAVE_ARM32)
#define SETS(X) X(base, 0) X(vfp4, 4)
#else
#define SETS(X) X(base, 0)
#endif

#define DECLARE(name, level) extern const mmofl_isa mmofl_isa_##name;
SETS(DECLARE)

static const struct set {
    const mmofl_isa *isa;
    int level;
} sets[] = {
#define ROW(name, level) {&mmofl_isa_##name, level},
    SETS(ROW)};
enum { N_SETS = sizeof sets / sizeof *sets };

const mmofl_isa *mmofl_isa_at(int i)
{
    return i >= 0 && i < N_SETS ? sets[i].isa : NULL;
}

bool mmofl_isa_runs(const mmofl_isa *isa)
{
    for (int i = 0; i < N_SETS; i++)
        if (sets[i].isa == isa)
            return mmofl_cpu_level() >= sets[i].level;
    return false;
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
