/* test_turns.c - sine and cosine in turns: exact where they can be, else close to
 * libm's.
 */
#include "check.h"

#include "base/rng.h"
#include "base/turns.h"

static void quarter_turns_are_exact(void **state)
{
    static const double sine[] = {0, 1, 0, -1}, cosine[] = {1, 0, -1, 0};
    (void)state;
    for (int i = -9; i <= 9; i++) {
        double s, c;
        mmofl_turns(i / 4.0, &s, &c);
        CHECK(s == sine[(i + 12) % 4] && c == cosine[(i + 12) % 4]);
    }
}

static void angles_agree_with_libm(void **state)
{
    mmofl_rng rng = mmofl_rng_open(1, 0, 0, MMOFL_USE_TEST);
    (void)state;
    for (int i = 0; i < 20000; i++) {
        double turns = 4 * mmofl_rng_uniform(&rng) - 2, s, c;
        mmofl_turns(turns, &s, &c);
        CHECK_NEAR(s, sin(turns * 6.283185307179586477), 5e-15);
        CHECK_NEAR(c, cos(turns * 6.283185307179586477), 5e-15);
        CHECK_NEAR(s * s + c * c, 1, 4e-15);
    }
}

static void whole_turns_change_nothing_however_many(void **state)
{
    double s0, c0, s, c;
    (void)state;
    mmofl_turns(0.3125, &s0, &c0);
    for (double whole = 1; whole < 1e14; whole *= 7) {
        mmofl_turns(whole + 0.3125, &s, &c);
        CHECK(s == s0 && c == c0);
        mmofl_turns(0.3125 - whole, &s, &c);
        CHECK(s == s0 && c == c0);
    }
}

CHECK_MAIN(TEST(quarter_turns_are_exact), TEST(angles_agree_with_libm),
           TEST(whole_turns_change_nothing_however_many))
