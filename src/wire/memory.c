/* memory.c - blocks in a ring of their own, so that any of them can be given back alone
 * (protobuf-c does that while it reads) and all of them together. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/memory.h"

/* In front of each block; a multiple of 16 bytes, as malloc's alignment is. */
typedef struct mmofl_wire_block {
    struct mmofl_wire_block *next, **place; /* what points to this block */
    size_t size;
    size_t unused;
} block;

_Static_assert(sizeof(block) % 16 == 0, "what follows a block's head is aligned");

static void *allocate(void *data, size_t size)
{
    mmofl_wire_memory *memory = data;
    size_t whole;
    block *b = NULL;
    if (size <= memory->left && mmofl_bytes_sum(size, sizeof(block), &whole))
        b = malloc(whole);
    if (!b) {
        memory->short_of_it = true;
        return NULL;
    }
    *b = (block){.next = memory->blocks, .place = &memory->blocks, .size = size};
    if (b->next)
        b->next->place = &b->next;
    memory->blocks = b;
    memory->left -= size;
    return b + 1;
}

static void give_back(void *data, void *pointer)
{
    mmofl_wire_memory *memory = data;
    if (!pointer)
        return;
    block *b = (block *)pointer - 1;
    memory->left += b->size;
    *b->place = b->next;
    if (b->next)
        b->next->place = b->place;
    free(b);
}

mmofl_wire_memory *mmofl_wire_memory_new(size_t limit)
{
    mmofl_wire_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return NULL;
    memory->allocator = (ProtobufCAllocator){
        .alloc = allocate, .free = give_back, .allocator_data = memory};
    memory->left = limit;
    return memory;
}

void mmofl_wire_memory_delete(mmofl_wire_memory *memory)
{
    if (!memory)
        return;
    for (block *b = memory->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(memory);
}

mmofl_status mmofl_wire_memory_refusal(const mmofl_wire_memory *memory)
{
    return memory->short_of_it ? MMOFL_E_MEMORY : MMOFL_E_SYNTAX;
}

void *mmofl_wire_take(mmofl_wire_memory *memory, size_t count, size_t size)
{
    size_t bytes;
    void *p = mmofl_bytes_product(count, size, &bytes) ? allocate(memory, bytes) : NULL;
    return p ? memset(p, 0, bytes) : NULL;
}
