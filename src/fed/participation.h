/* participation.h - which devices take part in a round: a random subset by (seed,
 * round). */
#ifndef MMOFL_FED_PARTICIPATION_H
#define MMOFL_FED_PARTICIPATION_H

#include "base/arena.h"
#include "base/choose.h"

/** How many of `devices` take part: a share in (0, 1] of them, to the nearest whole
 * number, or that many (> 1); 0 for what makes no sense. */
uint32_t mmofl_participants_wanted(double participation, uint32_t devices);

/** The participants of one round after the other. */
typedef struct mmofl_participation {
    uint64_t seed;
    uint32_t devices, n; /* n of `devices` take part */
    uint32_t *device;    /* (n) of the round drawn last, ascending */
    uint32_t *deck;      /* (devices) for mmofl_choose; NULL: all take part */
    uint32_t *scratch;   /* (n) */
} mmofl_participation;

/** Room for them in the arena; 1 <= n <= devices.  Where all take part they stand there
 * at once.  @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_participation_init(mmofl_participation *participation,
                                                    uint64_t seed, uint32_t devices,
                                                    uint32_t n, mmofl_arena *arena);

/** Draw the participants of a round.  Cost: O(n), however many devices there are. */
void mmofl_participation_draw(mmofl_participation *participation, uint64_t round);

#endif
