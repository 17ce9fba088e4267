/* fuzz_reassembly.c - frames of a few objects from a few sources in an order that the
 * input gives, some of them lies: memory stays within the budget, and what comes out
 * whole has an object's size and was read in full.  Four bytes of input are one frame.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/assembly.h"

enum { OBJECTS = 4, MOST = 4096, BUDGET = 9000, FRAMES = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct thing {
    uint8_t bytes[MOST];
    size_t size;
    mmofl_object_id id;
} thing;

static void make(thing *t, int which)
{
    static const size_t sizes[OBJECTS] = {1, 700, 2048, MOST};
    t->size = sizes[which];
    for (size_t i = 0; i < t->size; i++)
        t->bytes[i] = (uint8_t)(i * 7 + (size_t)which);
    t->id = mmofl_object_id_of(1, (uint64_t)which);
}

static void check_whole(const thing *things, const mmofl_object *object)
{
    static uint8_t copy[MOST];
    for (int i = 0; i < OBJECTS; i++)
        if (object->size == things[i].size) {
            memcpy(copy, object->bytes, object->size); /* all of it is there */
            return;
        }
    abort();
}

static void check_missing(const mmofl_assembler *a, uint64_t source, const thing *t)
{
    mmofl_chunk_range range[3];
    uint32_t bytes;
    int n = mmofl_assembler_missing(a, source, &t->id, range, 3, &bytes);
    for (int i = 0; i < n; i++)
        if (range[i].first > range[i].last ||
            range[i].last >= mmofl_frame_chunks(MOST, bytes) ||
            (i > 0 && range[i].first <= range[i - 1].last + 1))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static thing things[OBJECTS];
    static const uint32_t cuts[4] = {256, 300, 1000, 5000};
    const mmofl_assembler_limits limits = {BUDGET, 2, 10, 50};
    mmofl_assembler *a;
    double now = 0;
    if (!things[0].size)
        for (int i = 0; i < OBJECTS; i++)
            make(&things[i], i);
    if (mmofl_assembler_new(&limits, &a))
        return 0;
    if (size > 4 * FRAMES)
        size = 4 * FRAMES;
    for (; size >= 4; data += 4, size -= 4) {
        const thing *t = &things[data[0] % OBJECTS];
        uint32_t cut = cuts[data[0] / 4 % 4];
        uint32_t chunk = data[1] % mmofl_frame_chunks(t->size, cut);
        uint64_t source = data[2] % 4;
        mmofl_frame frame =
            mmofl_frame_cut(&t->id, t->bytes, t->size, cut, chunk, false);
        mmofl_object object;
        if (data[2] & 0x80) /* the data of another place */
            frame.data = things[3].bytes;
        if (data[2] & 0x40) /* another object's name */
            frame.object = things[(data[0] + 1) % OBJECTS].id;
        now += data[3] / 16;
        if (mmofl_assembler_add(a, source, &frame, now, &object) == MMOFL_OK &&
            object.bytes) {
            check_whole(things, &object);
            free(object.memory);
        }
        check_missing(a, source, t);
        if (data[3] % 16 == 1)
            mmofl_assembler_forget(a, source);
        if (data[3] % 16 == 2)
            (void)mmofl_assembler_step(a, now);
        if (mmofl_assembler_use_of(a).bytes > BUDGET)
            abort();
    }
    mmofl_assembler_delete(a);
    return 0;
}
