/* arena.h - memory that is taken during set-up and given back all at once.
 *
 * An arena is a chain of zeroed, 64-byte-aligned blocks.  Things built in it are never
 * freed one by one; mmofl_arena_free gives everything back.  Nothing is allocated per
 * sample or per round, so what an arena holds after set-up is what a run needs.
 * Threads: one owner. */
#ifndef MMOFL_BASE_ARENA_H
#define MMOFL_BASE_ARENA_H

#include "mmofl/status.h"

typedef struct mmofl_arena {
    struct mmofl_arena_block *blocks;
    size_t bytes;     /* asked for so far, alignment included */
    size_t limit;     /* most bytes; what would pass it fails at once.  0: none */
    long fail_after;  /* tests: the allocation that fails, counted from 1; 0 = none */
    long allocations; /* made so far */
} mmofl_arena;

/** An empty arena; it owes nothing until the first mmofl_arena_take. */
#define MMOFL_ARENA_INIT ((mmofl_arena){0})

/** count * size zeroed bytes, 64-byte aligned; NULL when memory is short or the product
 * overflows.  count = 0 gives a valid pointer to no bytes.  Lives until arena_free. */
void *mmofl_arena_take(mmofl_arena *arena, size_t count, size_t size);

/** A copy of text in the arena; NULL when memory is short. */
char *mmofl_arena_text(mmofl_arena *arena, const char *text);

/** Give everything back; the arena is empty again.  NULL is allowed. */
void mmofl_arena_free(mmofl_arena *arena);

#define MMOFL_ARENA_NEW(arena, count, type)                                            \
    ((type *)mmofl_arena_take(arena, count, sizeof(type)))

#endif
