/* memory.h - what one message may take: an allocator for protobuf-c with a limit, whose
 * blocks are given back all at once.
 *
 * Internal to src/wire.  Blocks are aligned for floats and doubles, so that a tensor's
 * bytes, which protobuf-c copies into a block of their own, are its numbers in place.
 */
#ifndef MMOFL_WIRE_MEMORY_H
#define MMOFL_WIRE_MEMORY_H

#include <protobuf-c/protobuf-c.h>

#include "mmofl/status.h"

typedef struct mmofl_wire_memory {
    ProtobufCAllocator allocator; /* for protobuf-c; first, so that it finds the rest */
    size_t left;                  /* bytes that may still be taken */
    bool short_of_it;             /* something could not be had */
    struct mmofl_wire_block *blocks;
} mmofl_wire_memory;

/** With room for `limit` bytes, the books on it not counted; NULL: there is none.
 * Blocks come from malloc one by one. */
mmofl_wire_memory *mmofl_wire_memory_new(size_t limit);

/** Give everything back.  NULL is allowed. */
void mmofl_wire_memory_delete(mmofl_wire_memory *memory);

/** Why protobuf-c read nothing: E_MEMORY, or E_SYNTAX when memory was not short. */
mmofl_status mmofl_wire_memory_refusal(const mmofl_wire_memory *memory);

/** Bytes to be written: protobuf-c wants them without const, but does not change them.
 */
static inline ProtobufCBinaryData mmofl_wire_bytes(const void *data, size_t size)
{
    union {
        const void *in;
        uint8_t *out;
    } pointer = {data};
    return (ProtobufCBinaryData){size, pointer.out};
}

static inline char *mmofl_wire_text(const char *text)
{
    return (char *)mmofl_wire_bytes(text, 0).data;
}

/** count * size zeroed bytes (size > 0), or NULL: no memory, or beyond the limit.  They
 * live as long as the memory. */
void *mmofl_wire_take(mmofl_wire_memory *memory, size_t count, size_t size);

#define MMOFL_WIRE_NEW(memory, count, type)                                            \
    ((type *)mmofl_wire_take(memory, count, sizeof(type)))

#endif
