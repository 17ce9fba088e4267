/* test_elementary.c - logarithm and exponential: near libm's, exact where they can be,
 * and the bits that every machine must have. */
#include <inttypes.h>

#include "base/elementary.h"
#include "base/rng.h"
#include "check.h"

static void the_logarithm_is_that_of_the_library(void **state)
{
    (void)state;
    mmofl_rng rng = mmofl_rng_open(1, 0, 0, MMOFL_USE_TEST);
    for (int i = 0; i < 20000; i++) {
        double x = ldexp(0.5 + mmofl_rng_uniform(&rng), (int)(i % 2000) - 1000);
        CHECK_NEAR(mmofl_ln(x), log(x), 1e-15 * fmax(1, fabs(log(x))));
    }
    CHECK(mmofl_ln(1) == 0);
}

static void the_exponential_is_that_of_the_library(void **state)
{
    (void)state;
    mmofl_rng rng = mmofl_rng_open(1, 0, 1, MMOFL_USE_TEST);
    for (int i = 0; i < 20000; i++) {
        double x = (2 * mmofl_rng_uniform(&rng) - 1) * (i % 2 ? 700 : 1);
        CHECK_NEAR(mmofl_exp(x) / exp(x), 1, 1e-13);
    }
    CHECK(mmofl_exp(0) == 1 && mmofl_exp(-700) > 0 && mmofl_exp(700) < HUGE_VAL);
}

/* FNV-1a over results, as they were when they were first computed on x86-64. */
static void the_bits_are_the_same_on_every_machine(void **state)
{
    (void)state;
    uint64_t hash = UINT64_C(14695981039346656037);
    for (int i = 1; i <= 1000; i++) {
        double y[2] = {mmofl_ln(i / 37.0), mmofl_exp(i / 3.0 - 160)};
        unsigned char byte[sizeof y];
        memcpy(byte, y, sizeof y);
        for (size_t b = 0; b < sizeof y; b++)
            hash = (hash ^ byte[b]) * UINT64_C(1099511628211);
    }
    if (hash != UINT64_C(0xab04005030373af6))
        fail_msg("the hash is 0x%016" PRIx64, hash);
}

CHECK_MAIN(TEST(the_logarithm_is_that_of_the_library),
           TEST(the_exponential_is_that_of_the_library),
           TEST(the_bits_are_the_same_on_every_machine))
