/* join.h - meeting the other processes that `mpirun` or `srun` has started.
 *
 * Environment: OMPI_COMM_WORLD_SIZE (mpirun of Open MPI), PMI_SIZE (MPICH's, srun
 * --mpi=pmi2) and SLURM_STEP_NUM_TASKS (srun) say how many there are; MMOFL_MPI=off
 * makes each of them a process alone.  MPI itself is in mmofl-mpi.so, beside the
 * program or in the library folder of its installation, and loaded only when it is
 * needed. */
#ifndef MMOFL_LINK_JOIN_H
#define MMOFL_LINK_JOIN_H

#include "base/ranks.h"

/** Meet the others.
 * @param[out] ranks  mmofl_ranks_leave at the end of the process; NULL: it is alone
 * @retval E_UNSUPPORTED  there are others and no module, or not the program's; or MPI
 *                        does not see them
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_ranks_join(mmofl_ranks **ranks, mmofl_error *err);

/** What number the environment gives this process among those started together; 0 when
 * there are no others.  For those whom mmofl_ranks_join has failed: one should tell. */
int mmofl_ranks_launch_number(void);

/** In words what mmofl_ranks_join would use: the library and the module's path, or why
 * there is none. */
void mmofl_ranks_describe(char *text, size_t size);

#endif
