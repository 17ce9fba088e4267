/* test_stream.c - a stream is worked by hand, and then against a queue that is filled
 * and emptied round by round. */
#include "check.h"

#include "base/rng.h"
#include "data/stream.h"

enum { MOST = 64 };

static void expect_window(const mmofl_stream_spec *spec, size_t n, uint64_t round,
                          uint64_t first, int held, int fresh)
{
    mmofl_window w = mmofl_stream_window(spec, n, round);
    CHECK_INT(w.first, first);
    CHECK_INT(w.held, held);
    CHECK_INT(w.fresh, fresh);
}

static void expect_held(const mmofl_stream_spec *spec, const uint32_t *pool, size_t n,
                        uint64_t round, const uint32_t *wanted, int count)
{
    uint32_t held[MOST], scratch[MOST];
    mmofl_window w = mmofl_stream_window(spec, n, round);
    CHECK_INT(w.held, count);
    mmofl_stream_held(spec, pool, n, 1, 2, w, held, scratch);
    for (int i = 0; i < count; i++)
        CHECK_INT(held[i], wanted[i]);
}

static void a_small_stream_is_as_worked_by_hand(void **state)
{
    /* Arrivals 10 11 12 13 14 10 11 ...: three in round 1, then two each round. */
    static const uint32_t pool[] = {10, 11, 12, 13, 14};
    const mmofl_stream_spec spec = {
        .buffer = 4, .fresh = 2, .initial = 3, .order = MMOFL_ORDER_TIME};
    (void)state;
    expect_window(&spec, 5, 1, 0, 3, 3);
    expect_window(&spec, 5, 2, 1, 4, 2);
    expect_window(&spec, 5, 3, 3, 4, 2);
    expect_held(&spec, pool, 5, 1, (const uint32_t[]){10, 11, 12}, 3);
    expect_held(&spec, pool, 5, 2, (const uint32_t[]){11, 12, 13, 14}, 4);
    expect_held(&spec, pool, 5, 3, (const uint32_t[]){13, 14, 10, 11}, 4);
}

static void initial_zero_fills_the_buffer(void **state)
{
    const mmofl_stream_spec spec = {.buffer = 200, .fresh = 20};
    (void)state;
    expect_window(&spec, 700, 1, 0, 200, 200);
    expect_window(&spec, 700, 60, 59 * 20, 200, 20);
}

static void more_arrivals_than_the_buffer_holds_push_each_other_out(void **state)
{
    const mmofl_stream_spec spec = {.buffer = 3, .fresh = 5, .initial = 7};
    (void)state;
    expect_window(&spec, 100, 1, 4, 3, 3);
    expect_window(&spec, 100, 2, 9, 3, 3);
}

static void a_stopped_stream_keeps_its_buffer(void **state)
{
    static const uint32_t pool[] = {4, 5, 6, 7, 8};
    const mmofl_stream_spec spec = {.buffer = 3,
                                    .fresh = 2,
                                    .initial = 2,
                                    .order = MMOFL_ORDER_TIME,
                                    .at_end = MMOFL_END_STOP};
    (void)state;
    expect_window(&spec, 5, 2, 1, 3, 2);
    expect_window(&spec, 5, 3, 2, 3, 1); /* only one was left */
    expect_window(&spec, 5, 4, 2, 3, 0);
    expect_window(&spec, 5, UINT64_C(1) << 32, 2, 3, 0);
    expect_held(&spec, pool, 5, 1000, (const uint32_t[]){6, 7, 8}, 3);
}

static void a_pool_smaller_than_the_buffer_stops_with_all_of_it(void **state)
{
    const mmofl_stream_spec spec = {.buffer = 9, .fresh = 2, .at_end = MMOFL_END_STOP};
    (void)state;
    expect_window(&spec, 5, 1, 0, 5, 5);
    expect_window(&spec, 5, 2, 0, 5, 0);
}

static void a_buffer_over_several_passes_holds_samples_twice(void **state)
{
    static const uint32_t pool[] = {1, 2};
    const mmofl_stream_spec spec = {.buffer = 5, .fresh = 1, .order = MMOFL_ORDER_TIME};
    (void)state;
    expect_held(&spec, pool, 2, 2, (const uint32_t[]){2, 1, 2, 1, 2}, 5);
}

static void a_stream_without_fresh_samples_stands_still(void **state)
{
    const mmofl_stream_spec spec = {.buffer = 5, .fresh = 0};
    (void)state;
    expect_window(&spec, 50, 1, 0, 5, 5);
    expect_window(&spec, 50, 99, 0, 5, 0);
}

static void late_rounds_do_not_overflow(void **state)
{
    const mmofl_stream_spec spec = {.buffer = 2, .fresh = INT32_MAX};
    uint64_t round = UINT64_C(1) << 32;
    (void)state;
    expect_window(&spec, 50, round, (round - 1) * INT32_MAX, 2, 2);
}

/* Number `arrival` of a device's stream. */
static uint32_t arrived(const mmofl_stream_spec *spec, const uint32_t *pool, size_t n,
                        uint64_t device, uint64_t arrival)
{
    uint32_t held, scratch[MOST];
    mmofl_stream_held(spec, pool, n, 7, device, (mmofl_window){arrival, 1, 1}, &held,
                      scratch);
    return held;
}

static void each_pass_is_a_shuffle_of_its_own(void **state)
{
    const mmofl_stream_spec spec = {.buffer = 1, .fresh = 1};
    uint32_t pool[MOST];
    int same_as_first = 0, same_as_other_device = 0;
    (void)state;
    for (uint32_t i = 0; i < MOST; i++)
        pool[i] = 100 + i;
    for (uint64_t pass = 0; pass < 3; pass++) {
        bool seen[MOST] = {0};
        for (uint64_t i = 0; i < MOST; i++) {
            uint32_t sample = arrived(&spec, pool, MOST, 3, pass * MOST + i);
            CHECK(sample >= 100 && sample < 100 + MOST && !seen[sample - 100]);
            seen[sample - 100] = true;
            same_as_first += sample == arrived(&spec, pool, MOST, 3, i);
            same_as_other_device +=
                sample == arrived(&spec, pool, MOST, 4, pass * MOST + i);
        }
    }
    CHECK(same_as_first >= MOST && same_as_first < MOST + MOST / 4);
    CHECK(same_as_other_device < MOST / 4);
}

/* A first-in-first-out buffer, the plain way. */
struct queue {
    uint32_t sample[MOST];
    int n, fresh;
    uint64_t arrivals;
};

static void push(struct queue *queue, const mmofl_stream_spec *spec,
                 const uint32_t *pool, size_t n)
{
    if (spec->at_end == MMOFL_END_STOP && queue->arrivals == n)
        return;
    if (queue->n == spec->buffer) {
        queue->n--;
        memmove(queue->sample, queue->sample + 1,
                (size_t)queue->n * sizeof *queue->sample);
    }
    queue->sample[queue->n++] = arrived(spec, pool, n, 3, queue->arrivals++);
    queue->fresh += queue->fresh < queue->n;
}

static void every_round_equals_a_queue_filled_step_by_step(void **state)
{
    mmofl_rng rng = mmofl_rng_open(1, 0, 0, MMOFL_USE_TEST);
    (void)state;
    for (int trial = 0; trial < 300; trial++) {
        const mmofl_stream_spec spec = {.buffer = 1 + (int)mmofl_rng_below(&rng, 40),
                                        .fresh = (int)mmofl_rng_below(&rng, 12),
                                        .initial = (int)mmofl_rng_below(&rng, 50),
                                        .order = (int)mmofl_rng_below(&rng, 2),
                                        .at_end = (int)mmofl_rng_below(&rng, 2)};
        size_t n = 1 + (size_t)mmofl_rng_below(&rng, MOST);
        uint32_t pool[MOST], held[MOST], scratch[MOST];
        struct queue queue = {.n = 0};
        for (size_t i = 0; i < n; i++)
            pool[i] = (uint32_t)mmofl_rng_below(&rng, 1000);
        for (uint64_t round = 1; round <= 20; round++) {
            int coming = round > 1 ? spec.fresh : spec.initial;
            if (round == 1 && spec.initial == 0)
                coming = spec.buffer;
            queue.fresh = 0;
            for (int i = 0; i < coming; i++)
                push(&queue, &spec, pool, n);
            mmofl_window w = mmofl_stream_window(&spec, n, round);
            CHECK_INT(w.held, queue.n);
            CHECK_INT(w.fresh, queue.fresh);
            CHECK_INT(w.first, queue.arrivals - (uint64_t)queue.n);
            mmofl_stream_held(&spec, pool, n, 7, 3, w, held, scratch);
            assert_memory_equal(held, queue.sample, (size_t)w.held * sizeof *held);
        }
    }
}

CHECK_MAIN(TEST(a_small_stream_is_as_worked_by_hand),
           TEST(initial_zero_fills_the_buffer),
           TEST(more_arrivals_than_the_buffer_holds_push_each_other_out),
           TEST(a_stopped_stream_keeps_its_buffer),
           TEST(a_pool_smaller_than_the_buffer_stops_with_all_of_it),
           TEST(a_buffer_over_several_passes_holds_samples_twice),
           TEST(a_stream_without_fresh_samples_stands_still),
           TEST(late_rounds_do_not_overflow), TEST(each_pass_is_a_shuffle_of_its_own),
           TEST(every_round_equals_a_queue_filled_step_by_step))
