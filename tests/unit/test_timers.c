/* test_timers.c - timers come out in order however they were set, moved and cleared. */
#include "check.h"

#include "base/rng.h"
#include "link/timers.h"

enum { N = 200 };

static void timers_come_out_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        mmofl_timers timers = {0};
        mmofl_timer timer[N] = {{0}};
        bool set[N] = {false};
        mmofl_rng rng = mmofl_rng_open(seed, 0, 0, MMOFL_USE_TEST);
        CHECK_OK(mmofl_timers_reserve(&timers, N));
        for (int i = 0; i < 1000; i++) {
            size_t which = (size_t)mmofl_rng_below(&rng, N);
            if (mmofl_rng_below(&rng, 3) == 0) {
                mmofl_timers_clear(&timers, &timer[which]);
                set[which] = false;
            } else {
                mmofl_timers_set(&timers, &timer[which],
                                 floor(20 * mmofl_rng_uniform(&rng)));
                set[which] = true;
            }
        }
        double last = -1;
        for (mmofl_timer *first; (first = mmofl_timers_first(&timers));) {
            CHECK(first->due >= last && set[first - timer]);
            last = first->due;
            set[first - timer] = false;
            mmofl_timers_clear(&timers, first);
        }
        for (int i = 0; i < N; i++)
            CHECK(!set[i]);
        mmofl_timers_free(&timers);
    }
}

CHECK_MAIN(TEST(timers_come_out_in_order))
