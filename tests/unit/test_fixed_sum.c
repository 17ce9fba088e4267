/* Sums whose bits do not depend on the order of their terms. */
#define _GNU_SOURCE
#include "fed/fixed_sum.h"
#include "nn_fixture.h"

enum { N = 37, TERMS = 40 };

typedef struct terms {
    float x[TERMS][N];
    uint32_t weight[TERMS];
} terms;

/* Values of many sizes, weights from 1 to 50. */
static void make_terms(terms *t)
{
    mmofl_rng rng = fixture_rng(1);
    for (int i = 0; i < TERMS; i++) {
        fixture_fill(t->x[i], N, (uint64_t)i + 2);
        for (int j = 0; j < N; j++)
            t->x[i][j] *= ldexpf(1, (int)mmofl_rng_below(&rng, 30) - 20);
        t->weight[i] = 1 + (uint32_t)mmofl_rng_below(&rng, 50);
    }
}

static mmofl_fixed_sum new_sum(mmofl_arena *arena, size_t n)
{
    mmofl_fixed_sum sum;
    CHECK_OK(mmofl_fixed_sum_init(&sum, n, arena));
    return sum;
}

static void mean_of(mmofl_fixed_sum *sum, const terms *t, const uint32_t *order,
                    float *mean)
{
    mmofl_fixed_sum_clear(sum);
    for (int i = 0; i < TERMS; i++)
        CHECK_OK(mmofl_fixed_sum_add(sum, t->x[order[i]], t->weight[order[i]]));
    mmofl_fixed_sum_mean(sum, mean);
}

static void means_by_hand(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_fixed_sum sum = new_sum(&arena, 3);
    const float a[] = {1, -2, 0.5f}, b[] = {3, 4, 0.25f};
    float mean[3];
    CHECK_OK(mmofl_fixed_sum_add(&sum, a, 1));
    CHECK_OK(mmofl_fixed_sum_add(&sum, b, 1));
    mmofl_fixed_sum_mean(&sum, mean);
    CHECK(mean[0] == 2 && mean[1] == 1 && mean[2] == 0.375f);
    mmofl_fixed_sum_clear(&sum);
    CHECK_OK(mmofl_fixed_sum_add(&sum, a, 3));
    CHECK_OK(mmofl_fixed_sum_add(&sum, b, 1));
    CHECK_INT(sum.weight, 4);
    mmofl_fixed_sum_mean(&sum, mean);
    CHECK(mean[0] == 1.5f && mean[1] == -0.5f && mean[2] == 0.4375f);
    mmofl_arena_free(&arena);
}

static void a_term_is_rounded_to_a_multiple_of_two_to_the_minus_34(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_fixed_sum sum = new_sum(&arena, 4);
    const float x[] = {0x1p-34f, 0x1p-36f, -0x1.8p-34f, 0x1.8p-34f};
    CHECK_OK(mmofl_fixed_sum_add(&sum, x, 1));
    const int64_t units[] = {1, 0, -2, 2}; /* halves go to the even neighbour */
    for (int i = 0; i < 4; i++)
        CHECK_INT(sum.sum[i], units[i]);
    mmofl_arena_free(&arena);
}

static void every_order_gives_the_same_bits(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_fixed_sum sum = new_sum(&arena, N);
    terms t;
    make_terms(&t);
    uint32_t order[TERMS];
    for (uint32_t i = 0; i < TERMS; i++)
        order[i] = i;
    float first[N], mean[N];
    mean_of(&sum, &t, order, first);
    mmofl_rng rng = fixture_rng(99);
    for (int trial = 0; trial < 50; trial++) {
        mmofl_rng_shuffle(&rng, order, TERMS);
        mean_of(&sum, &t, order, mean);
        CHECK(fixture_same_bits(mean, first, N));
    }
    mmofl_arena_free(&arena);
}

/* As if several aggregators had each summed a part of the devices. */
static void sums_of_shards_add_up_to_the_same_bits(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_fixed_sum whole = new_sum(&arena, N);
    terms t;
    make_terms(&t);
    for (int i = 0; i < TERMS; i++)
        CHECK_OK(mmofl_fixed_sum_add(&whole, t.x[i], t.weight[i]));
    for (int shards = 2; shards <= 7; shards++) {
        mmofl_fixed_sum total = new_sum(&arena, N);
        for (int s = 0; s < shards; s++) {
            mmofl_fixed_sum part = new_sum(&arena, N);
            for (int i = s; i < TERMS; i += shards)
                CHECK_OK(mmofl_fixed_sum_add(&part, t.x[i], t.weight[i]));
            for (int j = 0; j < N; j++)
                total.sum[j] += part.sum[j];
            total.weight += part.weight;
        }
        CHECK_INT(total.weight, whole.weight);
        CHECK(memcmp(total.sum, whole.sum, N * sizeof *whole.sum) == 0);
    }
    mmofl_arena_free(&arena);
}

static void a_weight_counts_as_that_many_equal_terms(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_fixed_sum weighted = new_sum(&arena, 2), repeated = new_sum(&arena, 2);
    const float x[] = {0.75f, -3.5f}; /* exact in units of 2^-34 */
    CHECK_OK(mmofl_fixed_sum_add(&weighted, x, 6));
    for (int i = 0; i < 6; i++)
        CHECK_OK(mmofl_fixed_sum_add(&repeated, x, 1));
    CHECK_INT(weighted.weight, repeated.weight);
    CHECK(memcmp(weighted.sum, repeated.sum, 2 * sizeof *weighted.sum) == 0);
    CHECK_OK(mmofl_fixed_sum_add(&weighted, x, 0));
    CHECK(weighted.weight == 6 && weighted.sum[0] == repeated.sum[0]);
    mmofl_arena_free(&arena);
}

/* Half a unit for the terms, half a float32 ulp for the result. */
static void the_mean_is_as_precise_as_promised(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_fixed_sum sum = new_sum(&arena, N);
    terms t;
    make_terms(&t);
    float mean[N];
    for (int i = 0; i < TERMS; i++)
        CHECK_OK(mmofl_fixed_sum_add(&sum, t.x[i], t.weight[i]));
    mmofl_fixed_sum_mean(&sum, mean);
    for (int j = 0; j < N; j++) {
        long double exact = 0;
        for (int i = 0; i < TERMS; i++)
            exact += (long double)t.x[i][j] * t.weight[i];
        exact /= (long double)sum.weight;
        double bound = 0x1p-35 + fabs((double)exact) * 0x1.001p-24;
        CHECK_NEAR((double)((long double)mean[j] - exact), 0, bound);
    }
    mmofl_arena_free(&arena);
}

/* Refused with this status, and the sum is as it was. */
static void refuses(mmofl_fixed_sum *sum, const float *x, uint32_t weight,
                    mmofl_status wanted)
{
    int64_t before[2] = {sum->sum[0], sum->sum[1]};
    uint64_t total = sum->weight;
    int64_t bound = sum->bound;
    CHECK_STATUS(mmofl_fixed_sum_add(sum, x, weight), wanted);
    CHECK(sum->sum[0] == before[0] && sum->sum[1] == before[1]);
    CHECK(sum->weight == total && sum->bound == bound);
}

static void refused_terms_change_nothing(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_fixed_sum sum = new_sum(&arena, 2);
    const float x[] = {1, 2};
    CHECK_OK(mmofl_fixed_sum_add(&sum, x, 5));
    refuses(&sum, (float[]){1, NAN}, 1, MMOFL_E_NONFINITE);
    refuses(&sum, (float[]){-NAN, 1}, 0, MMOFL_E_NONFINITE);
    refuses(&sum, (float[]){INFINITY, 1}, 1, MMOFL_E_NONFINITE);
    refuses(&sum, (float[]){1, -INFINITY}, 1, MMOFL_E_NONFINITE);
    refuses(&sum, (float[]){1, 0x1p17f}, 1, MMOFL_E_RANGE);
    refuses(&sum, (float[]){-0x1p17f, 1}, 1, MMOFL_E_RANGE);
    refuses(&sum, (float[]){1, 0x1p16f}, 4096, MMOFL_E_RANGE);
    refuses(&sum, (float[]){1, 3e38f}, UINT32_MAX, MMOFL_E_RANGE);
    CHECK_OK(mmofl_fixed_sum_add(&sum, (float[]){0, -0x1.fffffep16f}, 1));
    CHECK_INT(sum.weight, 6);
    mmofl_arena_free(&arena);
}

static void the_sum_stays_in_its_range_and_exact_up_to_its_end(void **state)
{
    (void)state;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_fixed_sum sum = new_sum(&arena, 2);
    const float x[] = {0x1p16f, -0x1p16f};
    int added = 0;
    while (mmofl_fixed_sum_add(&sum, x, 1) == MMOFL_OK)
        added++;
    CHECK_INT(added, (1 << 12) - 1); /* the next one would reach 2^28 */
    refuses(&sum, x, 1, MMOFL_E_RANGE);
    float mean[2];
    mmofl_fixed_sum_mean(&sum, mean);
    CHECK(mean[0] == x[0] && mean[1] == x[1]);
    mmofl_fixed_sum_clear(&sum);
    CHECK_OK(mmofl_fixed_sum_add(&sum, x, 1));
    mmofl_arena_free(&arena);
}

static void it_says_when_memory_is_short(void **state)
{
    (void)state;
    mmofl_arena arena = {.fail_after = 1};
    mmofl_fixed_sum sum = {.weight = 7};
    CHECK_STATUS(mmofl_fixed_sum_init(&sum, 3, &arena), MMOFL_E_MEMORY);
    CHECK_INT(sum.weight, 7);
    mmofl_arena_free(&arena);
}

CHECK_MAIN(TEST(means_by_hand),
           TEST(a_term_is_rounded_to_a_multiple_of_two_to_the_minus_34),
           TEST(every_order_gives_the_same_bits),
           TEST(sums_of_shards_add_up_to_the_same_bits),
           TEST(a_weight_counts_as_that_many_equal_terms),
           TEST(the_mean_is_as_precise_as_promised), TEST(refused_terms_change_nothing),
           TEST(the_sum_stays_in_its_range_and_exact_up_to_its_end),
           TEST(it_says_when_memory_is_short))
