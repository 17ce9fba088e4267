/* test_assembly.c - objects put together from frames in any order, and what happens
 * when there is no room, no end or no truth in them. */
#include "wire_fixture.h"

#include "base/rng.h"
#include "wire/assembly.h"

enum { MOST = 20000 };

static const mmofl_assembler_limits roomy = {
    .budget = 1 << 20, .per_source = 4, .idle_s = 10, .forget_s = 100};

/* An object made by a seed. */
typedef struct thing {
    uint8_t bytes[MOST];
    size_t size;
    mmofl_object_id id;
} thing;

static void thing_make(thing *t, uint64_t seed, size_t size)
{
    mmofl_rng rng = mmofl_rng_open(seed, 0, 0, MMOFL_USE_TEST);
    for (size_t i = 0; i < size; i++)
        t->bytes[i] = (uint8_t)mmofl_rng_bits(&rng);
    t->size = size;
    t->id = mmofl_object_id_of(seed, size);
}

static mmofl_status add(mmofl_assembler *a, uint64_t source, const thing *t,
                        uint32_t chunk_bytes, uint32_t chunk, double now,
                        mmofl_object *object)
{
    mmofl_frame frame =
        mmofl_frame_cut(&t->id, t->bytes, t->size, chunk_bytes, chunk, false);
    return mmofl_assembler_add(a, source, &frame, now, object);
}

static mmofl_assembler *assembler(const mmofl_assembler_limits *limits)
{
    mmofl_assembler *a;
    CHECK_OK(mmofl_assembler_new(limits, &a));
    return a;
}

static void objects_of_many_sources_in_any_order_are_whole_once(void **state)
{
    (void)state;
    enum { THINGS = 12, ROUNDS = 50 };
    static thing things[THINGS];
    mmofl_assembler *a = assembler(&roomy);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct step {
            uint32_t thing, chunk;
        } steps[THINGS * 100];
        uint32_t order[THINGS * 100], n = 0;
        int whole[THINGS] = {0};
        mmofl_rng rng = mmofl_rng_open(round, 1, 0, MMOFL_USE_TEST);
        for (uint32_t i = 0; i < THINGS; i++) {
            size_t size = 1 + (size_t)mmofl_rng_below(&rng, MOST);
            thing_make(&things[i], 100 * round + i, size);
            uint32_t chunks = mmofl_frame_chunks(things[i].size, 1000);
            for (uint32_t c = 0; c < chunks; c++) {
                steps[n++] = (struct step){i, c};
                if (mmofl_rng_below(&rng, 4) == 0 && n < THINGS * 90) /* twice */
                    steps[n++] = (struct step){i, c};
            }
        }
        for (uint32_t i = 0; i < n; i++)
            order[i] = i;
        mmofl_rng_shuffle(&rng, order, n);
        for (uint32_t i = 0; i < n; i++) {
            const struct step *s = &steps[order[i]];
            mmofl_object object;
            if (whole[s->thing]) /* the endpoint knows it and does not ask */
                continue;
            CHECK_OK(
                add(a, s->thing % 5, &things[s->thing], 1000, s->chunk, 0, &object));
            if (object.bytes) {
                whole[s->thing]++;
                CHECK_INT(object.size, things[s->thing].size);
                assert_memory_equal(object.bytes, things[s->thing].bytes, object.size);
                free(object.memory);
            }
        }
        for (int i = 0; i < THINGS; i++)
            CHECK_INT(whole[i], 1);
        CHECK_INT(mmofl_assembler_use_of(a).objects, 0);
        CHECK_INT(mmofl_assembler_use_of(a).bytes, 0);
    }
    mmofl_assembler_delete(a);
}

static void what_is_missing_is_named_in_ranges(void **state)
{
    (void)state;
    static thing t;
    mmofl_assembler *a = assembler(&roomy);
    mmofl_object object;
    mmofl_chunk_range r[4];
    uint32_t bytes = 0;
    thing_make(&t, 1, 20000); /* 79 chunks of 256: more than one word of bits */
    CHECK_INT(mmofl_assembler_missing(a, 1, &t.id, r, 4, &bytes), 0);
    static const uint32_t there[] = {0, 1, 5, 63, 64, 78};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        CHECK_OK(add(a, 1, &t, 256, there[i], 0, &object));
    CHECK_INT(mmofl_assembler_missing(a, 1, &t.id, r, 4, &bytes), 3);
    CHECK_INT(bytes, 256);
    static const uint32_t wanted[] = {2, 4, 6, 62, 65, 77};
    for (int i = 0; i < 3; i++) {
        CHECK_INT(r[i].first, wanted[2 * i]);
        CHECK_INT(r[i].last, wanted[2 * i + 1]);
    }
    CHECK_INT(mmofl_assembler_missing(a, 1, &t.id, r, 2, &bytes), 2);
    CHECK_INT(mmofl_assembler_missing(a, 2, &t.id, r, 4, &bytes),
              0); /* another source */
    mmofl_assembler_delete(a);
}

static void finer_chunks_start_anew_and_coarser_ones_are_ignored(void **state)
{
    (void)state;
    static thing t;
    mmofl_assembler *a = assembler(&roomy);
    mmofl_object object;
    mmofl_chunk_range r[4];
    uint32_t bytes;
    thing_make(&t, 1, 2000);
    CHECK_OK(add(a, 1, &t, 1000, 0, 0, &object));
    CHECK_OK(add(a, 1, &t, 500, 3, 0, &object));
    CHECK_INT(mmofl_assembler_missing(a, 1, &t.id, r, 4, &bytes), 1);
    CHECK_INT(bytes, 500);
    CHECK_INT(r[0].last, 2);
    CHECK_OK(add(a, 1, &t, 1000, 1, 0, &object));
    CHECK(!object.bytes);
    for (uint32_t c = 0; c < 3; c++)
        CHECK_OK(add(a, 1, &t, 500, c, 0, &object));
    CHECK_INT(object.size, 2000);
    free(object.memory);
    mmofl_assembler_delete(a);
}

static void idle_objects_go_for_others_the_idle_longest_first(void **state)
{
    (void)state;
    static thing t[4];
    mmofl_assembler_limits limits = roomy;
    limits.budget = 45000;
    mmofl_assembler *a = assembler(&limits);
    mmofl_object object;
    mmofl_chunk_range r[4];
    uint32_t bytes;
    for (int i = 0; i < 4; i++)
        thing_make(&t[i], (uint64_t)i, 20000);
    CHECK_OK(add(a, 1, &t[0], 1000, 0, 0, &object));
    CHECK_OK(add(a, 2, &t[1], 1000, 0, 1, &object));
    CHECK_OK(add(a, 1, &t[0], 1000, 1, 2, &object)); /* no longer the idlest */
    CHECK_STATUS(add(a, 3, &t[2], 1000, 0, 10.5, &object), MMOFL_E_NO_SPACE);
    CHECK_OK(add(a, 3, &t[2], 1000, 0, 11.5, &object));
    CHECK_INT(mmofl_assembler_missing(a, 2, &t[1].id, r, 4, &bytes), 0);
    CHECK_INT(mmofl_assembler_missing(a, 1, &t[0].id, r, 4, &bytes), 1);
    CHECK_INT(mmofl_assembler_use_of(a).dropped, 1);
    CHECK(mmofl_assembler_use_of(a).bytes <= limits.budget);

    /* Objects of one frame get through whatever the budget holds. */
    thing_make(&t[3], 9, 900);
    CHECK_OK(add(a, 4, &t[3], 1000, 0, 11.5, &object));
    CHECK_INT(object.size, 900);
    free(object.memory);
    mmofl_assembler_delete(a);
}

static void source_has_so_many_objects_and_no_more(void **state)
{
    (void)state;
    static thing t[6];
    mmofl_assembler *a = assembler(&roomy);
    mmofl_object object;
    for (int i = 0; i < 6; i++)
        thing_make(&t[i], (uint64_t)i, 2000);
    for (int i = 0; i < 4; i++)
        CHECK_OK(add(a, 1, &t[i], 1000, 0, i, &object));
    CHECK_STATUS(add(a, 1, &t[4], 1000, 0, 5, &object), MMOFL_E_NO_SPACE);
    CHECK_OK(add(a, 2, &t[4], 1000, 0, 5, &object));
    CHECK_OK(add(a, 1, &t[5], 1000, 0, 10, &object)); /* for its own oldest */
    CHECK_INT(mmofl_assembler_use_of(a).objects, 5);
    mmofl_assembler_forget(a, 1);
    CHECK_INT(mmofl_assembler_use_of(a).objects, 1);
    mmofl_assembler_delete(a);
}

static void old_objects_are_forgotten_in_time(void **state)
{
    (void)state;
    static thing t[2];
    mmofl_assembler *a = assembler(&roomy);
    mmofl_object object;
    CHECK(isinf(mmofl_assembler_step(a, 0)));
    for (int i = 0; i < 2; i++) {
        thing_make(&t[i], (uint64_t)i, 2000);
        CHECK_OK(add(a, 1, &t[i], 1000, 0, 10.0 * i, &object));
    }
    CHECK_NEAR(mmofl_assembler_step(a, 50), 50, 1e-9);
    CHECK_NEAR(mmofl_assembler_step(a, 100), 10, 1e-9);
    CHECK_INT(mmofl_assembler_use_of(a).objects, 1);
    CHECK(isinf(mmofl_assembler_step(a, 110)));
    mmofl_assembler_delete(a);
}

static void frames_of_another_size_are_not_of_the_object(void **state)
{
    (void)state;
    static thing t, other;
    mmofl_assembler *a = assembler(&roomy);
    mmofl_object object;
    thing_make(&t, 1, 2000);
    thing_make(&other, 2, 1500);
    other.id = t.id; /* a lie */
    CHECK_OK(add(a, 1, &t, 1000, 0, 0, &object));
    CHECK_STATUS(add(a, 1, &other, 1000, 1, 0, &object), MMOFL_E_COUNT);
    CHECK(!object.bytes);
    CHECK_INT(mmofl_assembler_use_of(a).objects, 1);
    CHECK_OK(add(a, 1, &t, 1000, 1, 0, &object));
    assert_memory_equal(object.bytes, t.bytes, t.size);
    free(object.memory);
    mmofl_assembler_delete(a);
}

static void object_of_one_frame_is_where_the_frame_has_it(void **state)
{
    (void)state;
    static thing t;
    mmofl_assembler *a = assembler(&roomy);
    mmofl_object object;
    thing_make(&t, 1, 900);
    CHECK_OK(add(a, 1, &t, 1000, 0, 0, &object));
    CHECK(object.bytes == t.bytes && object.size == 900 && !object.memory);
    mmofl_assembler_delete(a);
}

static void object_beyond_the_budget_is_refused(void **state)
{
    (void)state;
    static thing t;
    mmofl_assembler_limits limits = roomy;
    limits.budget = 20000; /* the books do not fit beside it */
    mmofl_assembler *a = assembler(&limits);
    mmofl_object object;
    thing_make(&t, 1, 20000);
    CHECK_STATUS(add(a, 1, &t, 1000, 0, 0, &object), MMOFL_E_LIMIT);
    mmofl_assembler_delete(a);
}

CHECK_MAIN(TEST(objects_of_many_sources_in_any_order_are_whole_once),
           TEST(what_is_missing_is_named_in_ranges),
           TEST(finer_chunks_start_anew_and_coarser_ones_are_ignored),
           TEST(idle_objects_go_for_others_the_idle_longest_first),
           TEST(source_has_so_many_objects_and_no_more),
           TEST(old_objects_are_forgotten_in_time),
           TEST(frames_of_another_size_are_not_of_the_object),
           TEST(object_of_one_frame_is_where_the_frame_has_it),
           TEST(object_beyond_the_budget_is_refused))
