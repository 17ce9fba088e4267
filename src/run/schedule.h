/* schedule.h - which runs go on which cores, and when one of them gets more.
 *
 * Runs are taken in the order of their numbers, which is longest first.  While as many
 * wait as cores are free, each gets one: a run on one core wastes none of it.  When
 * fewer wait, each gets its share of the free cores.  When none waits and cores are
 * free, the run that has longest to go gives way after its round and is taken again,
 * from its checkpoint, with more cores.
 *
 *   core 0  | run 0   | run 3 | run 3 goes on   |
 *   core 1  | run 1 | run 2   |   on both cores |
 *
 * Only decisions are made here: the caller runs what it is told to, and guards the
 * schedule.  A run's results must depend neither on its cores nor on its having given
 * way. */
#ifndef MMOFL_RUN_SCHEDULE_H
#define MMOFL_RUN_SCHEDULE_H

#include "mmofl/status.h"

typedef enum mmofl_scheduled_state {
    MMOFL_SCHEDULED_OVER,
    MMOFL_SCHEDULED_WAITS,
    MMOFL_SCHEDULED_RUNS,
    MMOFL_SCHEDULED_GIVES_WAY /* it still runs, and waits again when it has stopped */
} mmofl_scheduled_state;

/** One run. */
typedef struct mmofl_scheduled {
    int most;       /* cores that it can use; 0: it is not to be run */
    int cores;      /* that it has; 0: it does not run */
    double to_go_s; /* seconds, as it last said; 0: it has not */
    mmofl_scheduled_state state;
} mmofl_scheduled;

typedef struct mmofl_schedule {
    int n, waiting, left; /* runs; those that wait; those that are not over */
    int free_cores;
    int first;            /* no run before this one waits */
    mmofl_scheduled *run; /* (n) */
} mmofl_schedule;

/** A schedule of n runs, the caller's, whose `most` are set; all wait. */
mmofl_schedule mmofl_schedule_of(mmofl_scheduled *run, int n, int cores);

/** The number of the next run to start, which has run[...].cores from now on; -1: none
 * may. */
int mmofl_schedule_take(mmofl_schedule *schedule);

/** A run has finished a round and has so many seconds to go: is it to give way?  It
 * runs until mmofl_schedule_stopped. */
bool mmofl_schedule_gives_way(mmofl_schedule *schedule, int number, double to_go_s);

/** A run has stopped, to be taken again or for good. */
void mmofl_schedule_stopped(mmofl_schedule *schedule, int number, bool is_over);

#endif
