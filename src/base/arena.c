/* arena.c - a chain of blocks; small requests share a block, large ones get their own.
 *
 *   block:  | header, 64 bytes | used ... | free ... |
 *                                         ^ header + used
 *
 * Only the first block of the chain is taken from.  A large request therefore puts its
 * block second: it is full at once, and what the first one has left stays in reach. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { ALIGN = 64, BLOCK_BYTES = 64 * 1024 };

struct mmofl_arena_block {
    struct mmofl_arena_block *next;
    size_t used, size; /* bytes after the header */
};

static struct mmofl_arena_block *block_new(size_t size)
{
    struct mmofl_arena_block *block = aligned_alloc(ALIGN, ALIGN + size);
    if (!block)
        return NULL;
    memset(block, 0, ALIGN + size);
    block->size = size;
    return block;
}

void *mmofl_arena_take(mmofl_arena *arena, size_t count, size_t size)
{
    if (++arena->allocations == arena->fail_after)
        return NULL;
    if (size && count > (SIZE_MAX - 4 * ALIGN) / size)
        return NULL;
    size_t bytes = (count * size + ALIGN - 1) / ALIGN * ALIGN;
    if (arena->limit && (bytes > arena->limit || arena->bytes > arena->limit - bytes))
        return NULL;
    struct mmofl_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < bytes) {
        bool large = bytes > BLOCK_BYTES / 4;
        block = block_new(large ? bytes : (size_t)BLOCK_BYTES);
        if (!block)
            return NULL;
        struct mmofl_arena_block **place =
            large && arena->blocks ? &arena->blocks->next : &arena->blocks;
        block->next = *place;
        *place = block;
    }
    void *p = (char *)block + ALIGN + block->used;
    block->used += bytes;
    arena->bytes += bytes;
    return p;
}

char *mmofl_arena_text(mmofl_arena *arena, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = mmofl_arena_take(arena, n, 1);
    return copy ? memcpy(copy, text, n) : NULL;
}

void mmofl_arena_free(mmofl_arena *arena)
{
    if (!arena)
        return;
    for (struct mmofl_arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = MMOFL_ARENA_INIT;
}
