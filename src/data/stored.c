/* stored.c - which of the four, there and back. */
#include "data/stored.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "data/dataset_loops.h"

enum { BLOCK = 4096 };

size_t mmofl_stored_bytes(mmofl_stored stored)
{
    switch (stored) {
    case MMOFL_STORED_U8:
        return sizeof(uint8_t);
    case MMOFL_STORED_I16:
        return sizeof(int16_t);
    case MMOFL_STORED_I32:
        return sizeof(int32_t);
    case MMOFL_STORED_F32:
        break;
    }
    return sizeof(float);
}

/* Are all values whole numbers from low to high?  In blocks, so that a set of fractions
 * says no at once. */
static bool is_whole(size_t n, const float *x, float low, float high)
{
    for (size_t at = 0, some; at < n; at += some) {
        some = n - at < BLOCK ? n - at : BLOCK;
        if (!MMOFL_BEST(mmofl_dataset_is_whole)(some, x + at, low, high))
            return false;
    }
    return true;
}

mmofl_stored mmofl_stored_smallest(size_t n, const float *x)
{
    if (is_whole(n, x, 0, UINT8_MAX))
        return MMOFL_STORED_U8;
    return is_whole(n, x, INT16_MIN, INT16_MAX) ? MMOFL_STORED_I16 : MMOFL_STORED_F32;
}

void mmofl_stored_pack(mmofl_stored stored, size_t n, const float *x, void *out)
{
    uint8_t *bytes = out;
    int16_t *pairs = out;
    assert(stored != MMOFL_STORED_I32);
    if (stored == MMOFL_STORED_F32)
        memcpy(out, x, n * sizeof *x);
    for (size_t i = 0; i < n && stored == MMOFL_STORED_U8; i++)
        bytes[i] = (uint8_t)x[i];
    for (size_t i = 0; i < n && stored == MMOFL_STORED_I16; i++)
        pairs[i] = (int16_t)x[i];
}

const float *mmofl_stored_floats(mmofl_stored stored, const void *values, size_t first,
                                 size_t n, float *room)
{
    switch (stored) {
    case MMOFL_STORED_U8:
        MMOFL_BEST(mmofl_dataset_from_u8)(n, (const uint8_t *)values + first, room);
        return room;
    case MMOFL_STORED_I16:
        MMOFL_BEST(mmofl_dataset_from_i16)(n, (const int16_t *)values + first, room);
        return room;
    case MMOFL_STORED_I32:
        MMOFL_BEST(mmofl_dataset_from_i32)(n, (const int32_t *)values + first, room);
        return room;
    case MMOFL_STORED_F32:
        break;
    }
    return (const float *)values + first;
}
