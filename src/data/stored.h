/* stored.h - values in as few bytes as lose nothing, and back.
 *
 * Many sources count: a camera in bytes, a converter in 12 or 16 bits.  Their importers
 * make floats of the counts, which are whole numbers, and a whole number in one or two
 * bytes is exactly the float that it came from.  So a file of pictures is a quarter as
 * long, which is what opening and reading it cost, and no result changes by a bit.
 *
 * Values are asked, not importers: whatever the source was, a modality that holds
 * nothing but small whole numbers is kept so. */
#ifndef MMOFL_DATA_STORED_H
#define MMOFL_DATA_STORED_H

#include "mmofl/dataset.h"

/** Bytes of one value: 4, 4, 1, 2. */
size_t mmofl_stored_bytes(mmofl_stored stored);

/** The one with the fewest bytes that gives back each of n floats, to the bit (-0.0 is
 * no whole number here).  Cost: up to two passes; one block where the first values are
 * no whole numbers. */
mmofl_stored mmofl_stored_smallest(size_t n, const float *x);

/** n floats, of which mmofl_stored_smallest gave `stored`, as that; out has room for n
 * of them and does not overlap x. */
void mmofl_stored_pack(mmofl_stored stored, size_t n, const float *x, void *out);

/** The n values from number `first` on as floats: where they lie when they are floats,
 * else written to room, which holds n.  Cost: one pass, or none. */
const float *mmofl_stored_floats(mmofl_stored stored, const void *values, size_t first,
                                 size_t n, float *room);

#endif
