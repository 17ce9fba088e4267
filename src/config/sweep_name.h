/* sweep_name.h - short readable names for cells.  Only sweep.c includes it. */
#ifndef MMOFL_CONFIG_SWEEP_NAME_H
#define MMOFL_CONFIG_SWEEP_NAME_H

#include "config/sweep.h"

/** Name every cell: its row, then KEY=VALUE for each of its last n_axes settings.  KEY
 * is the end of the path, as much of it as tells the axes apart; VALUE keeps letters,
 * digits and ._+-.  A name that is too long is cut, one that is taken gets "~2",
 * "~3"... False when memory is short.  Cost: O(cells^2) comparisons. */
bool mmofl_sweep_name_cells(mmofl_sweep_cell *cell, int n, int n_axes,
                            mmofl_arena *arena);

#endif
