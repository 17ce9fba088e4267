/* clones.h - MMOFL_CLONED before a function: gcc makes one more version of it for
 * processors with wider vectors, and the loader picks one.
 *
 * For loops outside of src/nn/kernels, whose versions MMOFL_ISA chooses.  All versions
 * give the same bits: nothing is contracted (-ffp-contract=off), and what is summed is
 * summed in integers or in an order that the source spells out.  Sanitizers cannot be
 * there yet when the loader picks, so they see the plain version. */
#ifndef MMOFL_BASE_CLONES_H
#define MMOFL_BASE_CLONES_H

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) &&                 \
    defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) &&                        \
    !defined(__SANITIZE_THREAD__)
#define MMOFL_CLONED __attribute__((target_clones("default", "avx2")))
#else
#define MMOFL_CLONED
#endif

#endif
