/* Runs on cores, by hand. */
#include "check.h"
#include "run/schedule.h"

enum { MOST_RUNS = 8 };

static mmofl_scheduled run[MOST_RUNS];

static mmofl_schedule schedule(int n, int cores, int most)
{
    for (int i = 0; i < n; i++)
        run[i].most = most;
    return mmofl_schedule_of(run, n, cores);
}

static void takes(mmofl_schedule *s, int number, int cores)
{
    CHECK_INT(mmofl_schedule_take(s), number);
    CHECK_INT(run[number].cores, cores);
}

static void nothing_to_take(mmofl_schedule *s)
{
    CHECK_INT(mmofl_schedule_take(s), -1);
}

static void each_gets_one_core_while_enough_of_them_wait(void **state)
{
    (void)state;
    mmofl_schedule s = schedule(5, 2, 10);
    takes(&s, 0, 1);
    takes(&s, 1, 1);
    nothing_to_take(&s);
    mmofl_schedule_stopped(&s, 1, true);
    takes(&s, 2, 1);
    CHECK(!mmofl_schedule_gives_way(&s, 0, 1000)); /* others wait */
    mmofl_schedule_stopped(&s, 0, true);
    takes(&s, 3, 1);
    mmofl_schedule_stopped(&s, 2, true);
    takes(&s, 4, 1);
    nothing_to_take(&s);
    CHECK_INT(s.left, 2);
}

static void fewer_runs_than_cores_share_them(void **state)
{
    (void)state;
    mmofl_schedule s = schedule(3, 8, 10);
    takes(&s, 0, 3); /* 8 / 3, then 5 / 2, then what is left */
    takes(&s, 1, 3);
    takes(&s, 2, 2);
    s = schedule(2, 8, 3); /* three devices a round cannot use more threads */
    takes(&s, 0, 3);
    takes(&s, 1, 3);
    CHECK_INT(s.free_cores, 2);
}

static void the_longest_of_the_last_runs_goes_on_with_the_free_cores(void **state)
{
    (void)state;
    mmofl_schedule s = schedule(3, 2, 10);
    takes(&s, 0, 1);
    takes(&s, 1, 1);
    mmofl_schedule_stopped(&s, 1, true);
    takes(&s, 2, 1);
    CHECK(!mmofl_schedule_gives_way(&s, 0, 30)); /* no core is free */
    CHECK(!mmofl_schedule_gives_way(&s, 2, 60));
    mmofl_schedule_stopped(&s, 0, true);
    nothing_to_take(&s);
    CHECK(mmofl_schedule_gives_way(&s, 2, 50));
    nothing_to_take(&s); /* it has not stopped yet */
    mmofl_schedule_stopped(&s, 2, false);
    takes(&s, 2, 2);
    CHECK(!mmofl_schedule_gives_way(&s, 2, 20));
    mmofl_schedule_stopped(&s, 2, true);
    nothing_to_take(&s);
    CHECK_INT(s.left, 0);
    CHECK_INT(s.free_cores, 2);
}

static void one_at_a_time_gives_way_and_the_longest_does(void **state)
{
    (void)state;
    mmofl_schedule s = schedule(4, 4, 10);
    for (int i = 0; i < 4; i++)
        takes(&s, i, 1);
    mmofl_schedule_stopped(&s, 3, true);
    CHECK(!mmofl_schedule_gives_way(&s, 0, 0.5)); /* not worth it */
    CHECK(mmofl_schedule_gives_way(&s, 1, 40));   /* the longest that is known */
    CHECK(!mmofl_schedule_gives_way(&s, 2, 90));  /* the free core is run 1's */
    mmofl_schedule_stopped(&s, 1, false);
    takes(&s, 1, 2);
    mmofl_schedule_stopped(&s, 0, true);
    CHECK(!mmofl_schedule_gives_way(&s, 1, 200)); /* one more is not twice as many */
    CHECK(mmofl_schedule_gives_way(&s, 2, 80));
    mmofl_schedule_stopped(&s, 2, false);
    takes(&s, 2, 2);
}

static void a_run_that_cannot_use_more_cores_does_not_give_way(void **state)
{
    (void)state;
    mmofl_schedule s = schedule(2, 3, 1);
    run[1].most = 10;
    takes(&s, 0, 1);
    takes(&s, 1, 2);
    s = schedule(2, 2, 1);
    run[1].most = 10;
    takes(&s, 0, 1);
    takes(&s, 1, 1);
    CHECK(!mmofl_schedule_gives_way(&s, 0, 100));
    mmofl_schedule_stopped(&s, 0, true);
    CHECK(mmofl_schedule_gives_way(&s, 1, 50));
}

static void runs_that_are_not_to_be_run_are_over(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        run[i].most = i % 2;
    mmofl_schedule s = mmofl_schedule_of(run, 4, 2);
    CHECK_INT(s.left, 2);
    takes(&s, 1, 1);
    takes(&s, 3, 1);
    nothing_to_take(&s);
    run[0].most = 0;
    s = mmofl_schedule_of(run, 1, 2);
    nothing_to_take(&s);
    CHECK_INT(s.left, 0);
}

CHECK_MAIN(TEST(each_gets_one_core_while_enough_of_them_wait),
           TEST(fewer_runs_than_cores_share_them),
           TEST(the_longest_of_the_last_runs_goes_on_with_the_free_cores),
           TEST(one_at_a_time_gives_way_and_the_longest_does),
           TEST(a_run_that_cannot_use_more_cores_does_not_give_way),
           TEST(runs_that_are_not_to_be_run_are_over))
