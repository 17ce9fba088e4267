/* The thread pool: every item once, on its thread, at any number of threads. */
#include "base/pool.h"
#include "check.h"

enum { ITEMS = 1000, MOST_THREADS = 7 };

typedef struct tally {
    int runs[ITEMS]; /* written by the item's thread alone */
    int thread[ITEMS];
    double value[ITEMS];
} tally;

static void count_item(void *context, size_t item, int thread)
{
    tally *t = context;
    t->runs[item]++;
    t->thread[item] = thread;
    t->value[item] = sqrt((double)item) + (double)item / 3;
}

static void every_item_runs_once_on_its_own_thread(void **state)
{
    (void)state;
    static tally t;
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        mmofl_pool *pool = NULL;
        CHECK_OK(mmofl_pool_new(threads, &pool));
        CHECK_INT(mmofl_pool_threads(pool), threads);
        for (size_t n = 0; n <= ITEMS; n = 2 * n + 1) {
            memset(&t, 0, sizeof t);
            mmofl_pool_run(pool, n, count_item, &t);
            for (size_t i = 0; i < ITEMS; i++) {
                CHECK_INT(t.runs[i], i < n);
                CHECK(i >= n || t.thread[i] == (int)(i % (size_t)threads));
            }
        }
        mmofl_pool_delete(pool);
    }
}

static void results_do_not_depend_on_the_number_of_threads(void **state)
{
    (void)state;
    static tally alone, many;
    mmofl_pool *one = NULL, *pool = NULL;
    CHECK_OK(mmofl_pool_new(1, &one));
    CHECK_OK(mmofl_pool_new(5, &pool));
    mmofl_pool_run(one, ITEMS, count_item, &alone);
    mmofl_pool_run(pool, ITEMS, count_item, &many);
    CHECK(memcmp(alone.value, many.value, sizeof many.value) == 0);
    mmofl_pool_delete(one);
    mmofl_pool_delete(pool);
}

/* When a loop returns, all that it wrote is visible, loop after loop. */
static void loops_follow_each_other_completely(void **state)
{
    (void)state;
    static tally t;
    mmofl_pool *pool = NULL;
    memset(&t, 0, sizeof t);
    CHECK_OK(mmofl_pool_new(3, &pool));
    for (int loop = 1; loop <= 300; loop++) {
        mmofl_pool_run(pool, 10, count_item, &t);
        for (int i = 0; i < 10; i++)
            CHECK_INT(t.runs[i], loop);
    }
    mmofl_pool_delete(pool);
}

static void no_number_means_one_thread_for_each_core(void **state)
{
    (void)state;
    mmofl_pool *pool = NULL;
    CHECK_OK(mmofl_pool_new(0, &pool));
    CHECK(mmofl_pool_threads(pool) >= 1);
    mmofl_pool_delete(pool);
}

static void a_pool_that_never_ran_can_be_deleted(void **state)
{
    (void)state;
    mmofl_pool *pool = NULL;
    CHECK_OK(mmofl_pool_new(4, &pool));
    mmofl_pool_delete(pool);
    mmofl_pool_delete(NULL);
}

CHECK_MAIN(TEST(every_item_runs_once_on_its_own_thread),
           TEST(results_do_not_depend_on_the_number_of_threads),
           TEST(loops_follow_each_other_completely),
           TEST(no_number_means_one_thread_for_each_core),
           TEST(a_pool_that_never_ran_can_be_deleted))
