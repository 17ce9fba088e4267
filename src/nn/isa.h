/* isa.h - one source, several instruction sets.
 *
 * The files in kernels/ and layers/ are compiled once for each instruction set (cmake/
 * kernels.cmake) with MMOFL_ISA_SUFFIX naming the set; every name they export is
 * written MMOFL_ISA(name) and so exists once for each set.  A model is built for one
 * set and stays with it.  Results: sets with fused multiply-add agree to the bit, and
 * so do those without; the two groups differ in rounding (docs/determinism.md).  Every
 * machine has the set "base", which is without. */
#ifndef MMOFL_NN_ISA_H
#define MMOFL_NN_ISA_H

#include "base/option.h"

#define MMOFL_ISA_JOIN2(name, suffix) name##_##suffix
#define MMOFL_ISA_JOIN(name, suffix) MMOFL_ISA_JOIN2(name, suffix)
#define MMOFL_ISA(name) MMOFL_ISA_JOIN(name, MMOFL_ISA_SUFFIX)

typedef struct mmofl_isa {
    const char *name;            /* "v4", as in MMOFL_ISA=v4 */
    const char *help;            /* "AVX-512, tile 8x32" */
    bool fused;                  /* multiply-add rounds once */
    const struct mmofl_ops *ops; /* kernels/ops.h */
    mmofl_kind_list layers;      /* each the first member of a mmofl_layer_kind */
} mmofl_isa;

/** Set number i of this build, the plainest first; NULL past the last. */
const mmofl_isa *mmofl_isa_at(int i);

/** Can this machine run it? */
bool mmofl_isa_runs(const mmofl_isa *isa);

/** The set to use: the one the environment's MMOFL_ISA names, if this machine runs it,
 * else the best that it runs. */
const mmofl_isa *mmofl_isa_best(void);

#endif
