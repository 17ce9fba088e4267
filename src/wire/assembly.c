/* assembly.c - unfinished objects in a hash table by source, and in a list by the time
 * of their last frame.
 *
 *   bucket[source] -> object -> object -> ...        a source has few
 *   idle longest <-> ... <-> idle shortest           the list `ages`
 *
 * Bytes of an object come from malloc in one piece at its first frame.  Pages that no
 * frame has reached yet cost nothing but address space, but the budget counts them. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/assembly.h"

enum { BUCKETS = 4096 };

typedef struct part {
    struct part *next;            /* in the bucket */
    struct part *older, *younger; /* by age */
    uint64_t source;
    mmofl_object_id id;
    size_t size, cost;
    uint32_t chunk_bytes, chunks, have;
    double touched;
    uint8_t *bytes;
    uint64_t there[]; /* a bit for each chunk */
} part;

struct mmofl_assembler {
    mmofl_assembler_limits limits;
    part *oldest, *youngest;
    size_t bytes, objects;
    uint64_t whole, dropped;
    part *bucket[BUCKETS];
};

static part **bucket_of(const mmofl_assembler *a, uint64_t source)
{
    /* The upper bits of a product: sources are likely to be small numbers or addresses.
     */
    uint64_t hash = source * 0x9e3779b97f4a7c15u >> 52;
    _Static_assert(BUCKETS == 1 << 12, "as many as the bits that are left");
    return (part **)&a->bucket[hash];
}

static part *find(const mmofl_assembler *a, uint64_t source, const mmofl_object_id *id)
{
    part *p = *bucket_of(a, source);
    while (p && (p->source != source || !mmofl_object_id_equal(&p->id, id)))
        p = p->next;
    return p;
}

/* ---- the list by age ------------------------------------------------------------- */

static void unlink_age(mmofl_assembler *a, part *p)
{
    *(p->older ? &p->older->younger : &a->oldest) = p->younger;
    *(p->younger ? &p->younger->older : &a->youngest) = p->older;
}

static void link_youngest(mmofl_assembler *a, part *p, double now)
{
    p->touched = now;
    p->older = a->youngest;
    p->younger = NULL;
    *(a->youngest ? &a->youngest->younger : &a->oldest) = p;
    a->youngest = p;
}

/* ---- objects come and go --------------------------------------------------------- */

/* Take it out of the books; its bytes go to the caller. */
static uint8_t *remove_part(mmofl_assembler *a, part *p)
{
    part **place = bucket_of(a, p->source);
    while (*place != p)
        place = &(*place)->next;
    *place = p->next;
    unlink_age(a, p);
    a->bytes -= p->cost;
    a->objects--;
    uint8_t *bytes = p->bytes;
    free(p);
    return bytes;
}

static void drop(mmofl_assembler *a, part *p)
{
    a->dropped++;
    free(remove_part(a, p));
}

/* Room among the source's own objects: an idle one makes place. */
static bool make_place(mmofl_assembler *a, uint64_t source, double now)
{
    part *idle = NULL;
    int n = 0;
    for (part *p = *bucket_of(a, source); p; p = p->next)
        if (p->source == source) {
            n++;
            if (!idle || p->touched < idle->touched)
                idle = p;
        }
    if (n < a->limits.per_source)
        return true;
    if (!idle || now - idle->touched < a->limits.idle_s)
        return false;
    drop(a, idle);
    return true;
}

static mmofl_status begin(mmofl_assembler *a, uint64_t source, const mmofl_frame *frame,
                          double now, part **out)
{
    uint32_t chunks = mmofl_frame_chunks(frame->object_bytes, frame->chunk_bytes);
    size_t books = sizeof(part) + ((size_t)chunks + 63) / 64 * sizeof(uint64_t);
    if (frame->object_bytes > a->limits.budget ||
        books > a->limits.budget - frame->object_bytes)
        return MMOFL_E_LIMIT;
    size_t size = (size_t)frame->object_bytes, cost = books + size;
    if (!make_place(a, source, now))
        return MMOFL_E_NO_SPACE;
    while (cost > a->limits.budget - a->bytes) {
        if (now - a->oldest->touched < a->limits.idle_s)
            return MMOFL_E_NO_SPACE;
        drop(a, a->oldest);
    }
    part *p = calloc(1, books);
    uint8_t *bytes = p ? malloc(size) : NULL;
    if (!bytes) {
        free(p);
        return MMOFL_E_MEMORY;
    }
    part **bucket = bucket_of(a, source);
    *p = (part){.next = *bucket,
                .source = source,
                .id = frame->object,
                .size = size,
                .cost = cost,
                .chunk_bytes = frame->chunk_bytes,
                .chunks = chunks,
                .bytes = bytes};
    *bucket = p;
    link_youngest(a, p, now);
    a->bytes += cost;
    a->objects++;
    *out = p;
    return MMOFL_OK;
}

/* All chunks are there. */
static void end(mmofl_assembler *a, part *p, mmofl_object *object)
{
    object->size = p->size;
    object->bytes = object->memory = remove_part(a, p);
    a->whole++;
}

mmofl_status mmofl_assembler_add(mmofl_assembler *a, uint64_t source,
                                 const mmofl_frame *frame, double now,
                                 mmofl_object *object)
{
    *object = (mmofl_object){0};
    /* An object of one frame needs no place in the books, so that answers and greetings
     * get through whatever the budget holds. */
    if (frame->size == frame->object_bytes) {
        *object = (mmofl_object){frame->data, frame->size, NULL};
        a->whole++;
        return MMOFL_OK;
    }
    part *p = find(a, source, &frame->object);
    if (p && p->size != frame->object_bytes)
        return MMOFL_E_COUNT;
    if (p && frame->chunk_bytes > p->chunk_bytes)
        return MMOFL_OK;
    if (p && frame->chunk_bytes < p->chunk_bytes) {
        drop(a, p);
        p = NULL;
    }
    mmofl_status st = p ? MMOFL_OK : begin(a, source, frame, now, &p);
    if (st)
        return st;
    unlink_age(a, p);
    link_youngest(a, p, now);
    uint64_t *word = &p->there[frame->chunk / 64];
    uint64_t bit = (uint64_t)1 << frame->chunk % 64;
    if (*word & bit)
        return MMOFL_OK;
    *word |= bit;
    memcpy(p->bytes + (size_t)frame->chunk * p->chunk_bytes, frame->data, frame->size);
    if (++p->have == p->chunks)
        end(a, p, object);
    return MMOFL_OK;
}

/* ---- looking at them ------------------------------------------------------------- */

static bool is_there(const part *p, uint32_t chunk)
{
    return p->there[chunk / 64] >> chunk % 64 & 1;
}

/* The first chunk from `chunk` on that is there or not, as asked; the number of chunks
 * where there is none. */
static uint32_t next_chunk(const part *p, uint32_t chunk, bool there)
{
    while (chunk < p->chunks && is_there(p, chunk) != there) {
        bool same_word = p->there[chunk / 64] == (there ? 0 : ~(uint64_t)0);
        chunk = same_word ? (chunk / 64 + 1) * 64 : chunk + 1;
    }
    return chunk < p->chunks ? chunk : p->chunks;
}

int mmofl_assembler_missing(const mmofl_assembler *a, uint64_t source,
                            const mmofl_object_id *id, mmofl_chunk_range *ranges,
                            int most, uint32_t *chunk_bytes)
{
    const part *p = find(a, source, id);
    if (!p)
        return 0;
    *chunk_bytes = p->chunk_bytes;
    int n = 0;
    uint32_t first = next_chunk(p, 0, false);
    while (n < most && first < p->chunks) {
        uint32_t after = next_chunk(p, first, true);
        ranges[n++] = (mmofl_chunk_range){first, after - 1};
        first = next_chunk(p, after, false);
    }
    return n;
}

void mmofl_assembler_forget(mmofl_assembler *a, uint64_t source)
{
    for (part *p = *bucket_of(a, source), *next; p; p = next) {
        next = p->next;
        if (p->source == source)
            drop(a, p);
    }
}

double mmofl_assembler_step(mmofl_assembler *a, double now)
{
    part *p = a->oldest;
    while (p && now - p->touched >= a->limits.forget_s) {
        part *next = p->younger;
        drop(a, p);
        p = next;
    }
    return p ? a->limits.forget_s - (now - p->touched) : (double)INFINITY;
}

mmofl_assembler_use mmofl_assembler_use_of(const mmofl_assembler *a)
{
    return (mmofl_assembler_use){a->bytes, a->objects, a->whole, a->dropped};
}

/* ---- the whole ------------------------------------------------------------------- */

mmofl_status mmofl_assembler_new(const mmofl_assembler_limits *limits,
                                 mmofl_assembler **out)
{
    assert(limits->per_source >= 1);
    mmofl_assembler *a = calloc(1, sizeof *a);
    if (!a)
        return MMOFL_E_MEMORY;
    a->limits = *limits;
    *out = a;
    return MMOFL_OK;
}

void mmofl_assembler_delete(mmofl_assembler *a)
{
    for (part *p = a ? a->oldest : NULL, *next; p; p = next) {
        next = p->younger;
        free(p->bytes);
        free(p);
    }
    free(a);
}
