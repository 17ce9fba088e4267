/* participation.c - a number of devices, and a choice of them (base/choose.h). */
#include <math.h>

#include "fed/participation.h"

uint32_t mmofl_participants_wanted(double participation, uint32_t devices)
{
    if (devices == 0 || !(participation > 0)) /* NaN comes here as well */
        return 0;
    if (participation > 1)
        return participation <= devices ? (uint32_t)participation : 0;
    double n = floor(participation * devices + 0.5);
    return n < 1 ? 1 : (uint32_t)n;
}

mmofl_status mmofl_participation_init(mmofl_participation *p, uint64_t seed,
                                      uint32_t devices, uint32_t n, mmofl_arena *arena)
{
    *p = (mmofl_participation){.seed = seed, .devices = devices, .n = n};
    p->device = MMOFL_ARENA_NEW(arena, n, uint32_t);
    if (!p->device)
        return MMOFL_E_MEMORY;
    if (n == devices) {
        mmofl_choose_deck(p->device, n);
        return MMOFL_OK;
    }
    p->deck = MMOFL_ARENA_NEW(arena, devices, uint32_t);
    p->scratch = MMOFL_ARENA_NEW(arena, n, uint32_t);
    if (!p->deck || !p->scratch)
        return MMOFL_E_MEMORY;
    mmofl_choose_deck(p->deck, devices);
    return MMOFL_OK;
}

void mmofl_participation_draw(mmofl_participation *p, uint64_t round)
{
    if (!p->deck)
        return;
    mmofl_rng rng =
        mmofl_rng_open(p->seed, MMOFL_NO_DEVICE, round, MMOFL_USE_PARTICIPATION);
    mmofl_choose(&rng, p->deck, p->devices, p->n, p->device, p->scratch);
}
