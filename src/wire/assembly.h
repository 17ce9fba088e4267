/* assembly.h - objects put together from frames that come in any order, any number of
 * times, from many sources at once, in bounded memory.
 *
 * An object takes its room when its first frame comes.  Where the room of all objects
 * would pass the budget, those that have been idle go, the one idle longest first; if
 * that is not enough the frame is refused, and its sender tries again later.  So
 * sources that send get done, one after the other, and sources that only begin lose
 * what they began.  Memory: budget, and 16 KiB for each 65,536 chunks. */
#ifndef MMOFL_WIRE_ASSEMBLY_H
#define MMOFL_WIRE_ASSEMBLY_H

#include "wire/frames.h"

typedef struct mmofl_assembler mmofl_assembler;

typedef struct mmofl_assembler_limits {
    size_t budget;   /* bytes of all unfinished objects together, books included */
    int per_source;  /* unfinished objects of one source */
    double idle_s;   /* without a frame so long, an object may go for others */
    double forget_s; /* without a frame so long, it goes anyway */
} mmofl_assembler_limits;

MMOFL_CHECKED mmofl_status mmofl_assembler_new(const mmofl_assembler_limits *limits,
                                               mmofl_assembler **assembler);
/** NULL is allowed. */
void mmofl_assembler_delete(mmofl_assembler *assembler);

/** A whole object. */
typedef struct mmofl_object {
    const uint8_t *bytes; /* NULL: not whole yet */
    size_t size;
    void *memory; /* of the bytes, the caller's to free; NULL: they are the frame's */
} mmofl_object;

/** Take a frame of a source (any number that names a sender) at `now` seconds.  When it
 * completes its object, that is handed out and forgotten here.
 * A frame that was there already changes nothing but the object's idle time; one with
 * larger chunks than those before it is ignored, one with smaller chunks starts anew.
 * @retval E_NO_SPACE  the budget is taken by objects that are on their way, or the
 *                     source has per_source others
 * @retval E_LIMIT     the object alone passes the budget
 * @retval E_COUNT     another size than the object's frames before had
 * @retval E_MEMORY
 * Cost: O(frame); O(object) when whole; allocates once for each object. */
MMOFL_CHECKED mmofl_status mmofl_assembler_add(mmofl_assembler *assembler,
                                               uint64_t source,
                                               const mmofl_frame *frame, double now,
                                               mmofl_object *object);

/** Chunks first ... last, both included. */
typedef struct mmofl_chunk_range {
    uint32_t first, last;
} mmofl_chunk_range;

/** What is missing of an object, at most `most` ranges of it, lowest first; returns how
 * many, 0 when nothing is known of it.  *chunk_bytes: of its cutting. */
int mmofl_assembler_missing(const mmofl_assembler *assembler, uint64_t source,
                            const mmofl_object_id *id, mmofl_chunk_range *ranges,
                            int most, uint32_t *chunk_bytes);

/** Drop what a source began. */
void mmofl_assembler_forget(mmofl_assembler *assembler, uint64_t source);

/** Drop what has been idle for forget_s; returns the seconds until it should be called
 * again (infinite when nothing is there).  Cost: O(dropped). */
double mmofl_assembler_step(mmofl_assembler *assembler, double now);

typedef struct mmofl_assembler_use {
    size_t bytes, objects; /* now */
    uint64_t whole;        /* handed out */
    uint64_t dropped;      /* unfinished, for others, of age or wrong */
} mmofl_assembler_use;
mmofl_assembler_use mmofl_assembler_use_of(const mmofl_assembler *assembler);

#endif
