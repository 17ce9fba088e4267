/* Ranks: what their calls promise, and sums that do not show how many there are. */
#define _GNU_SOURCE
#include "fed/fixed_sum.h"
#include "nn_fixture.h"
#include "ranks_fixture.h"

enum { NUMBERS = 5, ITEMS = 7, WIDE = 3 };

/* ---------------------------------------------------------------- dealing out */

static void every_item_is_dealt_once_in_blocks_that_differ_by_one(void **state)
{
    (void)state;
    for (int size = 1; size <= MOST_RANKS; size++)
        for (size_t n = 0; n < 40; n++) {
            const mmofl_ranks ranks = {&thread_ranks_kind, 0, size, size, 1};
            size_t start[MOST_RANKS + 1];
            mmofl_ranks_split(&ranks, n, start);
            CHECK(start[0] == 0 && start[size] == n);
            for (int r = 0; r < size; r++) {
                size_t block = start[r + 1] - start[r];
                CHECK(block == n / (size_t)size || block == n / (size_t)size + 1);
            }
        }
}

/* ---------------------------------------------------------------- alone */

static void alone_nothing_changes_and_gather_copies(void **state)
{
    (void)state;
    const mmofl_ranks *alone = mmofl_ranks_or_alone(NULL);
    CHECK(alone->rank == 0 && alone->size == 1 && mmofl_ranks_is_first(alone));
    int64_t numbers[] = {3, -4};
    mmofl_ranks_sum(alone, numbers, 2);
    mmofl_ranks_broadcast(alone, 0, numbers, sizeof numbers);
    CHECK(numbers[0] == 3 && numbers[1] == -4);
    const size_t start[] = {0, 2};
    int64_t all[2] = {0}, first[2] = {0};
    mmofl_ranks_gather(alone, sizeof *all, start, numbers, all);
    mmofl_ranks_gather(alone, sizeof *all, start, all, all);
    mmofl_ranks_collect(alone, sizeof *all, start, numbers, first);
    CHECK(memcmp(all, numbers, sizeof all) == 0);
    CHECK(memcmp(first, numbers, sizeof first) == 0);
    CHECK(mmofl_ranks_any(alone, true) && !mmofl_ranks_any(alone, false));
    CHECK(mmofl_ranks_same(alone, numbers, sizeof numbers));
}

static void alone_a_failure_is_agreed_on_as_it_is(void **state)
{
    (void)state;
    const mmofl_ranks *alone = mmofl_ranks_alone();
    mmofl_error err = {0};
    CHECK_OK(mmofl_ranks_agree(alone, MMOFL_OK, &err));
    CHECK_STATUS(
        mmofl_ranks_agree(alone, mmofl_fail(&err, MMOFL_E_SHAPE, "not square"), &err),
        MMOFL_E_SHAPE);
    CHECK_TEXT(err.text, "not square");
    CHECK_STATUS(mmofl_ranks_agree(alone, MMOFL_E_IO, NULL), MMOFL_E_IO);
    mmofl_ranks_leave(NULL);
}

/* ---------------------------------------------------------------- several */

/* What one rank saw of each call. */
typedef struct seen {
    int64_t sum[NUMBERS];
    int32_t gathered[ITEMS][WIDE], in_place[ITEMS][WIDE], collected[ITEMS][WIDE];
    double broadcast[2];
    bool any_first, any_last, any_none, same, differs;
} seen;

/* Item i holds 10 i, 10 i + 1, ... */
static void fill_items(int32_t (*item)[WIDE], size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        for (size_t k = 0; k < WIDE; k++)
            item[i - from][k] = (int32_t)(10 * i + k);
}

static void call_all(void *context, const mmofl_ranks *ranks)
{
    seen *s = context;
    int r = ranks->rank, last = ranks->size - 1;
    for (int i = 0; i < NUMBERS; i++)
        s->sum[i] = i == NUMBERS - 1 ? INT64_MIN : (r + 1) * (i - 2);
    mmofl_ranks_sum(ranks, s->sum, NUMBERS);
    size_t start[MOST_RANKS + 1];
    mmofl_ranks_split(ranks, ITEMS, start);
    int32_t mine[ITEMS][WIDE];
    fill_items(mine, start[r], start[r + 1]);
    mmofl_ranks_gather(ranks, sizeof *mine, start, mine, s->gathered);
    fill_items(s->in_place + start[r], start[r], start[r + 1]);
    mmofl_ranks_gather(ranks, sizeof *mine, start, s->in_place + start[r], s->in_place);
    mmofl_ranks_collect(ranks, sizeof *mine, start, mine, r ? NULL : s->collected);
    s->broadcast[0] = s->broadcast[1] = r;
    mmofl_ranks_broadcast(ranks, 0, &s->broadcast[0], sizeof s->broadcast[0]);
    mmofl_ranks_broadcast(ranks, last, &s->broadcast[1], sizeof s->broadcast[1]);
    s->any_first = mmofl_ranks_any(ranks, r == 0);
    s->any_last = mmofl_ranks_any(ranks, r == last);
    s->any_none = mmofl_ranks_any(ranks, false);
    char long_text[1000];
    memset(long_text, 'x', sizeof long_text);
    s->same = mmofl_ranks_same(ranks, long_text, sizeof long_text);
    long_text[990] = r == last ? 'y' : 'x';
    s->differs = mmofl_ranks_same(ranks, long_text, sizeof long_text);
}

static void every_rank_sees_what_the_calls_promise(void **state)
{
    (void)state;
    for (int size = 1; size <= MOST_RANKS; size++) {
        meeting m;
        thread_rank rank[MOST_RANKS];
        seen s[MOST_RANKS] = {0};
        int32_t wanted[ITEMS][WIDE];
        fill_items(wanted, 0, ITEMS);
        ranks_init(&m, rank, size);
        ranks_run(rank, call_all, s, sizeof *s);
        for (int r = 0; r < size; r++) {
            for (int i = 0; i < NUMBERS - 1; i++)
                CHECK_INT(s[r].sum[i], size * (size + 1) / 2 * (i - 2));
            CHECK(s[r].sum[NUMBERS - 1] == (size % 2 ? INT64_MIN : 0)); /* wrapped */
            CHECK(memcmp(s[r].gathered, wanted, sizeof wanted) == 0);
            CHECK(memcmp(s[r].in_place, wanted, sizeof wanted) == 0);
            CHECK(r > 0 || memcmp(s[r].collected, wanted, sizeof wanted) == 0);
            CHECK(s[r].broadcast[0] == 0 && s[r].broadcast[1] == size - 1);
            CHECK(s[r].any_first && s[r].any_last && !s[r].any_none);
            CHECK(s[r].same && s[r].differs == (size == 1));
        }
        ranks_free(&m);
    }
}

typedef struct outcome {
    mmofl_status mine, agreed;
    mmofl_error err;
} outcome;

static void agree(void *context, const mmofl_ranks *ranks)
{
    outcome *o = context;
    o->agreed = mmofl_ranks_agree(ranks, o->mine, &o->err);
}

static void all_ranks_fail_as_the_lowest_one_that_does(void **state)
{
    (void)state;
    meeting m;
    thread_rank rank[MOST_RANKS];
    outcome o[4] = {0};
    ranks_init(&m, rank, 4);
    ranks_run(rank, agree, o, sizeof *o);
    for (int r = 0; r < 4; r++)
        CHECK_OK(o[r].agreed);
    o[1].mine = mmofl_fail(&o[1].err, MMOFL_E_NO_SPACE, "disk of rank 1");
    o[3].mine = mmofl_fail(&o[3].err, MMOFL_E_MEMORY, "memory of rank 3");
    ranks_run(rank, agree, o, sizeof *o);
    for (int r = 0; r < 4; r++) {
        CHECK_STATUS(o[r].agreed, MMOFL_E_NO_SPACE);
        CHECK_STATUS(o[r].err.status, MMOFL_E_NO_SPACE);
        CHECK_TEXT(o[r].err.text, "disk of rank 1");
    }
    ranks_free(&m);
}

/* ---------------------------------------------------------------- fixed sums */

enum { TERMS = 11, LENGTH = 6 };

typedef struct summing {
    const float (*x)[LENGTH];
    uint32_t weight;
    mmofl_arena arena;
    mmofl_fixed_sum sum;
    mmofl_status added, merged;
} summing;

/* The rank's block of the terms, then everybody's. */
static void add_and_merge(void *context, const mmofl_ranks *ranks)
{
    summing *s = context;
    size_t start[MOST_RANKS + 1];
    mmofl_ranks_split(ranks, TERMS, start);
    s->added = mmofl_fixed_sum_init(&s->sum, LENGTH, &s->arena);
    for (size_t i = start[ranks->rank]; i < start[ranks->rank + 1] && !s->added; i++)
        s->added = mmofl_fixed_sum_add(&s->sum, s->x[i], s->weight + (uint32_t)i);
    s->merged = mmofl_fixed_sum_merge(&s->sum, ranks);
}

static void merge_terms(const float (*x)[LENGTH], uint32_t weight, int size, summing *s)
{
    meeting m;
    thread_rank rank[MOST_RANKS];
    for (int r = 0; r < size; r++)
        s[r] = (summing){.x = x, .weight = weight};
    ranks_init(&m, rank, size);
    ranks_run(rank, add_and_merge, s, sizeof *s);
    ranks_free(&m);
}

static void a_sum_has_the_same_bits_on_any_number_of_ranks(void **state)
{
    (void)state;
    float x[TERMS][LENGTH];
    fixture_fill(&x[0][0], TERMS * LENGTH, 3);
    summing whole, s[MOST_RANKS];
    merge_terms((const float(*)[LENGTH])x, 1, 1, &whole);
    for (int size = 2; size <= MOST_RANKS; size++) {
        merge_terms((const float(*)[LENGTH])x, 1, size, s);
        for (int r = 0; r < size; r++) {
            CHECK_OK(s[r].added);
            CHECK_OK(s[r].merged);
            CHECK_INT(s[r].sum.weight, whole.sum.weight);
            CHECK_INT(s[r].sum.bound, whole.sum.bound);
            CHECK(memcmp(s[r].sum.sum, whole.sum.sum, LENGTH * sizeof(int64_t)) == 0);
            mmofl_arena_free(&s[r].arena);
        }
    }
    mmofl_arena_free(&whole.arena);
}

/* Each rank is within the range of a sum, all of them are not. */
static void what_is_too_large_together_is_refused_on_all_ranks(void **state)
{
    (void)state;
    float x[TERMS][LENGTH] = {{0}};
    for (int i = 0; i < TERMS; i++)
        x[i][i % LENGTH] = 0x1p16f;
    summing s[MOST_RANKS];
    merge_terms((const float(*)[LENGTH])x, 500, 1, s);
    CHECK_STATUS(s[0].added, MMOFL_E_RANGE);
    mmofl_arena_free(&s[0].arena);
    merge_terms((const float(*)[LENGTH])x, 500, 4, s);
    for (int r = 0; r < 4; r++) {
        CHECK_OK(s[r].added);
        CHECK_STATUS(s[r].merged, MMOFL_E_RANGE);
        mmofl_arena_free(&s[r].arena);
    }
}

CHECK_MAIN(TEST(every_item_is_dealt_once_in_blocks_that_differ_by_one),
           TEST(alone_nothing_changes_and_gather_copies),
           TEST(alone_a_failure_is_agreed_on_as_it_is),
           TEST(every_rank_sees_what_the_calls_promise),
           TEST(all_ranks_fail_as_the_lowest_one_that_does),
           TEST(a_sum_has_the_same_bits_on_any_number_of_ranks),
           TEST(what_is_too_large_together_is_refused_on_all_ranks))
