/* participation.c - the first steps of a Fisher-Yates shuffle, then sorted. */
#include <math.h>
#include <stdlib.h>

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

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void mmofl_participants_draw(uint64_t seed, uint64_t round, uint32_t devices,
                             uint32_t n, uint32_t *participants, uint32_t *draw)
{
    if (n == devices) {
        for (uint32_t i = 0; i < n; i++)
            participants[i] = i;
        return;
    }
    mmofl_rng rng =
        mmofl_rng_open(seed, MMOFL_NO_DEVICE, round, MMOFL_USE_PARTICIPATION);
    for (uint32_t i = 0; i < devices; i++)
        draw[i] = i;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = i + (uint32_t)mmofl_rng_below(&rng, devices - i);
        participants[i] = draw[j];
        draw[j] = draw[i];
    }
    qsort(participants, n, sizeof *participants, by_number);
}
