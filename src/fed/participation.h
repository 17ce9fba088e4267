/* participation.h - which devices take part in a round: a random subset by (seed,
 * round). */
#ifndef MMOFL_FED_PARTICIPATION_H
#define MMOFL_FED_PARTICIPATION_H

#include "base/rng.h"

/** How many of `devices` take part: a share in (0, 1] of them, to the nearest whole
 * number, or that many (> 1); 0 for what makes no sense. */
uint32_t mmofl_participants_wanted(double participation, uint32_t devices);

/** Write the n participants of a round, ascending, to participants.  draw: scratch for
 * `devices` numbers.  n = devices: everybody, without drawing.  Cost: O(devices). */
void mmofl_participants_draw(uint64_t seed, uint64_t round, uint32_t devices,
                             uint32_t n, uint32_t *participants, uint32_t *draw);

#endif
