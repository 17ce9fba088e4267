/* sweep_folder.h - the folder that a sweep leaves behind.
 *
 *   DIR/sweep.yaml         base and cells; loads to the same sweep wherever it lies
 *   DIR/cells.csv          what each cell sets and where it ran (store/cell_table.h)
 *   DIR/lock               held while a process runs the sweep
 *   DIR/cells/<name>/      a run folder for each cell (store/run_folder.h)
 *   DIR/summary.json       there when all cells are done
 *
 * A folder is a sweep's when sweep.yaml is in it, which is written last: a process
 * killed before leaves a folder that may be created again.  Statuses of run_folder.h.
 */
#ifndef MMOFL_STORE_SWEEP_FOLDER_H
#define MMOFL_STORE_SWEEP_FOLDER_H

#include "mmofl/status.h"

typedef struct mmofl_sweep_folder mmofl_sweep_folder;

/** Is there a sweep in that folder? */
bool mmofl_sweep_folder_is(const char *path);

/** Make the folder of a new sweep, and lock it.
 * @retval MMOFL_E_EXISTS  it holds a sweep, a run or other files
 * @retval MMOFL_E_STATE   another process is using it */
MMOFL_CHECKED mmofl_status mmofl_sweep_folder_create(const char *path,
                                                     const char *sweep_yaml,
                                                     const char *cells_csv,
                                                     mmofl_sweep_folder **folder,
                                                     mmofl_error *err);

/** Open the folder of a sweep to go on with it, and lock it. */
MMOFL_CHECKED mmofl_status mmofl_sweep_folder_open(const char *path,
                                                   mmofl_sweep_folder **folder,
                                                   mmofl_error *err);

/** The folder of a sweep that another process of the same job has made or opened, and
 * holds: paths only.  @retval MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_sweep_folder_share(const char *path,
                                                    mmofl_sweep_folder **folder,
                                                    mmofl_error *err);

/** Unlock.  NULL is allowed. */
void mmofl_sweep_folder_close(mmofl_sweep_folder *folder);

/** sweep.yaml's text; the folder's.  NULL: it is shared. */
const char *mmofl_sweep_folder_text(const mmofl_sweep_folder *folder);

/** "DIR/file" in out. */
MMOFL_CHECKED mmofl_status mmofl_sweep_folder_path(const mmofl_sweep_folder *folder,
                                                   const char *file, char *out,
                                                   size_t size, mmofl_error *err);

#endif
