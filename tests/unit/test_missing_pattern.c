/* test_missing_pattern.c - rates by round, and how schedules are read. */
#define _GNU_SOURCE
#include "nn_fixture.h"

#include "data/missing_pattern.h"

static void ramps_and_schedules_follow_the_round(void **state)
{
    (void)state;
    mmofl_pick ramp =
        fixture_pick(mmofl_missing_pattern_kinds(), "ramp to=0.9 first=11 last=21");
    mmofl_pick schedule = fixture_pick(mmofl_missing_pattern_kinds(),
                                       "schedule rates=3:0.25,20:0.75,30:1e-1");
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_missing_pattern p;
    CHECK_OK(mmofl_missing_pattern_make(0.1, &ramp, &arena, &p, NULL));
    CHECK(mmofl_missing_pattern_at(&p, 1).rate == 0.1);
    CHECK(mmofl_missing_pattern_at(&p, 11).rate == 0.1);
    CHECK_NEAR(mmofl_missing_pattern_at(&p, 16).rate, 0.5, 1e-15);
    CHECK(mmofl_missing_pattern_at(&p, 21).rate == 0.9);
    CHECK(mmofl_missing_pattern_at(&p, 1000).rate == 0.9);
    /* The text of the pick is gone; the pattern must not need it. */
    ((const char **)(void *)schedule.options.bytes)[0] = "3:0.25, 20:0.75,30:1e-1";
    CHECK_OK(mmofl_missing_pattern_make(0.1, &schedule, &arena, &p, NULL));
    static const struct {
        uint64_t round;
        double rate;
    } cases[] = {{1, 0.1}, {2, 0.1}, {3, 0.25}, {19, 0.25}, {20, 0.75}, {31, 0.1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(mmofl_missing_pattern_at(&p, cases[i].round).rate == cases[i].rate);
        CHECK(mmofl_missing_pattern_at(&p, cases[i].round).renew == 1);
    }
    mmofl_arena_free(&arena);
}

static void schedules_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mmofl_status status;
    } cases[] = {{"", MMOFL_E_SYNTAX},
                 {"1", MMOFL_E_SYNTAX},
                 {"1:", MMOFL_E_SYNTAX},
                 {"1:0.5,", MMOFL_E_SYNTAX},
                 {"1:0.5 2:0.5", MMOFL_E_SYNTAX},
                 {":0.5", MMOFL_E_SYNTAX},
                 {"-1:0.5", MMOFL_E_SYNTAX},
                 {"1:nan", MMOFL_E_SYNTAX},
                 {"1:0x1", MMOFL_E_SYNTAX},
                 {"1: 0.5", MMOFL_E_SYNTAX},
                 {"0:0.5", MMOFL_E_RANGE},
                 {"1:1.5", MMOFL_E_RANGE},
                 {"1:-0.5", MMOFL_E_RANGE},
                 {"2:0.5,2:0.6", MMOFL_E_RANGE},
                 {"3:0.5, 2:0.6", MMOFL_E_RANGE},
                 {" 1:0.5 , 7:1 ", MMOFL_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mmofl_pick pick = fixture_pick(mmofl_missing_pattern_kinds(), "schedule");
        ((const char **)(void *)pick.options.bytes)[0] = cases[i].text;
        mmofl_arena arena = MMOFL_ARENA_INIT;
        mmofl_missing_pattern p;
        mmofl_status st = mmofl_missing_pattern_make(0, &pick, &arena, &p, NULL);
        if (st != cases[i].status)
            fail_msg("'%s': %s", cases[i].text, mmofl_status_name(st));
        mmofl_arena_free(&arena);
    }
}

static void a_burst_is_renewed_as_its_length_asks(void **state)
{
    (void)state;
    mmofl_pick burst = fixture_pick(mmofl_missing_pattern_kinds(), "burst length=20");
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_missing_pattern p;
    CHECK_OK(mmofl_missing_pattern_make(0.75, &burst, &arena, &p, NULL));
    mmofl_missing_chance chance = mmofl_missing_pattern_at(&p, 3);
    CHECK(chance.rate == 0.75);
    CHECK_NEAR(chance.renew, 0.2, 1e-15); /* ends with 0.2 * 0.25 = 1/20 */
    CHECK(!mmofl_missing_pattern_is_timeless(&p));
    CHECK_OK(mmofl_missing_pattern_make(0, &burst, &arena, &p, NULL));
    CHECK(mmofl_missing_pattern_at(&p, 3).rate == 0);
    CHECK_STATUS(mmofl_missing_pattern_make(1, &burst, &arena, &p, NULL),
                 MMOFL_E_RANGE);
    CHECK_STATUS(mmofl_missing_pattern_make(0.96, &burst, &arena, &p, NULL),
                 MMOFL_E_RANGE);
    mmofl_arena_free(&arena);
}

CHECK_MAIN(TEST(ramps_and_schedules_follow_the_round),
           TEST(schedules_are_read_strictly),
           TEST(a_burst_is_renewed_as_its_length_asks))
