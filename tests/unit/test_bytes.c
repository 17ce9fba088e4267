/* test_bytes.c - the bounds-checked place. */
#include <limits.h>

#include "base/bytes.h"
#include "check.h"

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    unsigned char block[64];
    mmofl_bytes place = mmofl_bytes_writer(block, sizeof block);
    uint32_t small = 0x01020304;
    uint64_t large = UINT64_MAX - 1;
    double real = -0.1;
    int count = INT_MAX;
    mmofl_bytes_u32(&place, &small);
    mmofl_bytes_u64(&place, &large);
    mmofl_bytes_f64(&place, &real);
    mmofl_bytes_count(&place, &count);
    CHECK(!place.bad);
    CHECK_INT(place.at, 24);
    CHECK_INT(block[0], 4); /* lowest byte first */
    CHECK_INT(block[3], 1);
    small = 0, large = 0, real = 0, count = 0;
    place = mmofl_bytes_reader(block, place.at);
    mmofl_bytes_u32(&place, &small);
    mmofl_bytes_u64(&place, &large);
    mmofl_bytes_f64(&place, &real);
    mmofl_bytes_count(&place, &count);
    CHECK(!place.bad && place.at == place.size);
    CHECK(small == 0x01020304 && large == UINT64_MAX - 1 && real == -0.1);
    CHECK_INT(count, INT_MAX);
}

static void reading_past_the_end_gives_zero_and_stays_bad(void **state)
{
    (void)state;
    const unsigned char block[3] = {1, 2, 3};
    mmofl_bytes place = mmofl_bytes_reader(block, sizeof block);
    uint32_t value = 9;
    mmofl_bytes_u32(&place, &value);
    CHECK(place.bad);
    CHECK_INT(value, 0);
    unsigned char one = 9;
    mmofl_bytes_raw(&place, &one, 1); /* would fit, but the walk is lost */
    CHECK(place.bad);
    CHECK_INT(one, 0);
}

static void writing_past_the_end_touches_nothing(void **state)
{
    (void)state;
    unsigned char block[5] = {7, 7, 7, 7, 7};
    mmofl_bytes place = mmofl_bytes_writer(block, 3);
    uint32_t value = 1;
    mmofl_bytes_u32(&place, &value);
    CHECK(place.bad);
    for (int i = 0; i < 5; i++)
        CHECK_INT(block[i], 7);
}

static void count_beyond_int_is_bad(void **state)
{
    (void)state;
    const unsigned char block[4] = {0, 0, 0, 0x80};
    mmofl_bytes place = mmofl_bytes_reader(block, sizeof block);
    int count = 5;
    mmofl_bytes_count(&place, &count);
    CHECK(place.bad);
    CHECK_INT(count, 0);
}

static void products_and_sums_that_overflow_are_told(void **state)
{
    (void)state;
    size_t out = 1;
    CHECK(!mmofl_bytes_product(SIZE_MAX / 2 + 1, 2, &out));
    CHECK(!mmofl_bytes_sum(SIZE_MAX, 1, &out));
    CHECK_INT(out, 1);
    CHECK(mmofl_bytes_product(SIZE_MAX / 2, 2, &out) && out == SIZE_MAX - 1);
    CHECK(mmofl_bytes_product(5, 0, &out) && out == 0);
    CHECK(mmofl_bytes_sum(SIZE_MAX - 1, 1, &out) && out == SIZE_MAX);
}

CHECK_MAIN(TEST(what_is_written_is_read_back),
           TEST(reading_past_the_end_gives_zero_and_stays_bad),
           TEST(writing_past_the_end_touches_nothing), TEST(count_beyond_int_is_bad),
           TEST(products_and_sums_that_overflow_are_told))
