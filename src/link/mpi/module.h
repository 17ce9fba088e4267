/* module.h - what the program finds in mmofl-mpi.so, the only file that knows MPI.
 *
 * A file of its own, so that a program which runs by itself neither needs MPI on its
 * machine nor waits for it to start. */
#ifndef MMOFL_LINK_MPI_MODULE_H
#define MMOFL_LINK_MPI_MODULE_H

#include "base/ranks.h"

typedef struct mmofl_ranks_module {
    const char *version; /* of mmofl: must be the program's */
    size_t ranks_bytes;  /* sizeof(mmofl_ranks): the same */
    /** "Open MPI v4.1.4, ...": what the module was loaded with; at any time. */
    void (*library)(char *text, size_t size);
    /** All processes of the job, which then leave; NULL when memory is short.  Once in
     * a process. */
    mmofl_ranks *(*join)(void);
} mmofl_ranks_module;

/** The name under which the module exports one. */
#define MMOFL_RANKS_MODULE_SYMBOL "mmofl_ranks_module_mpi"
extern const mmofl_ranks_module mmofl_ranks_module_mpi;

#endif
