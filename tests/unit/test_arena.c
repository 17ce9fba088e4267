/* Arenas: zeroed, aligned, bounded, given back whole. */
#include "base/arena.h"
#include "check.h"

static void blocks_are_zeroed_and_aligned(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    const size_t sizes[] = {1, 63, 64, 65, 4000, 17000, 70000, 1000000, 3};
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            unsigned char *p = mmofl_arena_take(&arena, sizes[i], 1);
            CHECK(p != NULL);
            CHECK_INT((uintptr_t)p % 64, 0);
            for (size_t k = 0; k < sizes[i]; k++)
                CHECK(p[k] == 0);
            memset(p, 0xff, sizes[i]); /* the next one must not show it */
        }
    CHECK_INT(arena.allocations, 180);
    mmofl_arena_free(&arena);
}

static void blocks_do_not_overlap(void **state)
{
    (void)state;
    enum { N = 500 };
    mmofl_arena arena = MMOFL_ARENA_INIT;
    size_t *p[N];
    for (size_t i = 0; i < N; i++) {
        p[i] = MMOFL_ARENA_NEW(&arena, 1 + i, size_t);
        CHECK(p[i] != NULL);
        for (size_t k = 0; k <= i; k++)
            p[i][k] = i;
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k <= i; k++)
            CHECK(p[i][k] == i);
    mmofl_arena_free(&arena);
}

static void a_large_request_leaves_the_shared_block_in_reach(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    char *small = mmofl_arena_take(&arena, 64, 1);
    CHECK(small && mmofl_arena_take(&arena, 1000000, 1));
    CHECK(mmofl_arena_take(&arena, 64, 1) == small + 64);
    CHECK(mmofl_arena_take(&arena, 20000, 1) == small + 128); /* there is room for it */
    mmofl_arena_free(&arena);
    CHECK(mmofl_arena_take(&arena, 1000000, 1)); /* a large one may also be the first */
    small = mmofl_arena_take(&arena, 64, 1);
    CHECK(small && mmofl_arena_take(&arena, 64, 1) == small + 64);
    mmofl_arena_free(&arena);
}

static void what_would_pass_the_limit_fails_and_takes_nothing(void **state)
{
    (void)state;
    mmofl_arena arena = {.limit = 1000};
    CHECK(mmofl_arena_take(&arena, 1, 1001) == NULL);
    CHECK(mmofl_arena_take(&arena, 1, 900) != NULL); /* 960 with its alignment */
    CHECK_INT(arena.bytes, 960);
    CHECK(mmofl_arena_take(&arena, 1, 41) == NULL);
    CHECK_INT(arena.bytes, 960);
    mmofl_arena_free(&arena);
}

static void no_bytes_are_a_valid_pointer(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    CHECK(mmofl_arena_take(&arena, 0, 8) != NULL);
    CHECK(mmofl_arena_take(&arena, 8, 0) != NULL);
    CHECK_INT(arena.bytes, 0);
    mmofl_arena_free(&arena);
}

static void a_product_that_overflows_is_refused(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    CHECK(mmofl_arena_take(&arena, SIZE_MAX / 2 + 2, 2) == NULL);
    CHECK(mmofl_arena_take(&arena, SIZE_MAX, 1) == NULL);
    CHECK(mmofl_arena_take(&arena, SIZE_MAX - 100, 1) == NULL);
    const size_t root = (size_t)1 << (sizeof(size_t) * 4); /* of SIZE_MAX + 1 */
    CHECK(mmofl_arena_take(&arena, root, root) == NULL);
    CHECK_INT(arena.bytes, 0);
    CHECK(mmofl_arena_take(&arena, 10, 1) != NULL); /* and it still works */
    mmofl_arena_free(&arena);
}

static void the_chosen_allocation_fails_and_only_that_one(void **state)
{
    (void)state;
    mmofl_arena arena = {.fail_after = 3};
    CHECK(mmofl_arena_take(&arena, 1, 1) != NULL);
    CHECK(mmofl_arena_take(&arena, 1, 1) != NULL);
    CHECK(mmofl_arena_text(&arena, "three") == NULL);
    CHECK(mmofl_arena_take(&arena, 1, 1) != NULL);
    mmofl_arena_free(&arena);
}

static void bytes_count_what_was_asked_for(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    CHECK(mmofl_arena_take(&arena, 1, 1) && mmofl_arena_take(&arena, 65, 1));
    CHECK_INT(arena.bytes, 64 + 128);
    mmofl_arena_free(&arena);
}

static void texts_are_copies(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    char text[] = "accelerometer";
    char *copy = mmofl_arena_text(&arena, text);
    text[0] = 'X';
    CHECK_TEXT(copy, "accelerometer");
    CHECK_TEXT(mmofl_arena_text(&arena, ""), "");
    mmofl_arena_free(&arena);
}

static void a_freed_arena_is_an_empty_one(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    CHECK(mmofl_arena_take(&arena, 100, 1) != NULL);
    mmofl_arena_free(&arena);
    CHECK(arena.blocks == NULL && arena.bytes == 0 && arena.allocations == 0);
    CHECK(mmofl_arena_take(&arena, 100, 1) != NULL);
    mmofl_arena_free(&arena);
    mmofl_arena_free(&arena);
    mmofl_arena_free(NULL);
}

CHECK_MAIN(TEST(blocks_are_zeroed_and_aligned), TEST(blocks_do_not_overlap),
           TEST(a_large_request_leaves_the_shared_block_in_reach),
           TEST(what_would_pass_the_limit_fails_and_takes_nothing),
           TEST(no_bytes_are_a_valid_pointer),
           TEST(a_product_that_overflows_is_refused),
           TEST(the_chosen_allocation_fails_and_only_that_one),
           TEST(bytes_count_what_was_asked_for), TEST(texts_are_copies),
           TEST(a_freed_arena_is_an_empty_one))
