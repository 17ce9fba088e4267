/* clones.h - loops over many values, compiled once for each instruction set.
 *
 * A file named *_loops.c is compiled for the plain machine and, on x86-64, for levels
 * v3 and v4 (cmake/kernels.cmake); each function in it exists once for each of them,
 * and callers take the widest that this machine runs:
 *
 *     x_loops.h    MMOFL_CLONES(void, mmofl_x_scale, (float *x, size_t n));
 *     x_loops.c    void MMOFL_CLONE(mmofl_x_scale)(float *x, size_t n) { ... }
 *     x.c          MMOFL_BEST(mmofl_x_scale)(x, n);
 *
 * For loops outside of src/nn/kernels, whose versions MMOFL_ISA chooses.  Here there is
 * nothing to choose, because all versions give the same bits: nothing is contracted
 * (-ffp-contract=off), and what is summed is summed in integers or in an order that the
 * source spells out. */
#ifndef MMOFL_BASE_CLONES_H
#define MMOFL_BASE_CLONES_H

#include "base/cpu.h"

/** In *_loops.c: the name of the version that is being compiled. */
#define MMOFL_CLONE(name) MMOFL_CLONE_JOIN(name, MMOFL_ISA_SUFFIX)
#define MMOFL_CLONE_JOIN(name, suffix) MMOFL_CLONE_JOIN2(name, suffix)
#define MMOFL_CLONE_JOIN2(name, suffix) name##_##suffix

/** MMOFL_CLONES declares all versions; MMOFL_BEST(name) is the one to call.  Cost: two
 * comparisons, so call it for some hundred values, not for one. */
#if defined(__x86_64__)
#define MMOFL_CLONES(type, name, parameters)                                           \
    type name##_base parameters;                                                       \
    type name##_v3 parameters;                                                         \
    type name##_v4 parameters
#define MMOFL_BEST(name)                                                               \
    (mmofl_cpu_level() == 4   ? name##_v4                                              \
     : mmofl_cpu_level() == 3 ? name##_v3                                              \
                              : name##_base)
#else
#define MMOFL_CLONES(type, name, parameters) type name##_base parameters
#define MMOFL_BEST(name) name##_base
#endif

#endif
