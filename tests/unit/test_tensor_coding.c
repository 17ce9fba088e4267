/* test_tensor_coding.c - vectors as bytes: worked by hand, their error bounds, what the
 * error feedback promises, and each refusal. */
#include "check.h"

#include "base/bytes.h"
#include "base/rng.h"
#include "wire/tensor_coding.h"

enum { N = 1000 };

static const mmofl_wire_coding exact = {MMOFL_WIRE_F32, 0};
static const mmofl_wire_coding half = {MMOFL_WIRE_F16, 0};
static const mmofl_wire_coding eight = {MMOFL_WIRE_I8, 0};

typedef struct coded {
    uint8_t data[8 * N], index[4 * N];
    mmofl_coded view;
} coded;

static mmofl_status encode(mmofl_wire_coding coding, const float *values, size_t n,
                           float *residual, coded *out)
{
    size_t kept = mmofl_wire_coding_kept(coding, n);
    out->view = (mmofl_coded){
        coding.dtype, out->data, mmofl_wire_data_bytes(coding.dtype, kept),
        coding.top > 0 ? out->index : NULL, coding.top > 0 ? 4 * kept : 0};
    return mmofl_wire_encode(coding, values, n, residual, out->data,
                             coding.top > 0 ? out->index : NULL);
}

/* Numbers of many sizes, as differences between models are. */
static void fill(uint64_t seed, float *values, size_t n)
{
    mmofl_rng rng = mmofl_rng_open(seed, 0, 0, MMOFL_USE_TEST);
    for (size_t i = 0; i < n; i++)
        values[i] =
            (float)(mmofl_rng_normal(&rng) * pow(10, 6 * mmofl_rng_uniform(&rng) - 5));
}

static void float32_is_the_same_bits(void **state)
{
    (void)state;
    coded c;
    float values[4] = {1, -0.0F, 1e-45F, -3.4e38F}, back[4];
    CHECK_OK(encode(exact, values, 4, NULL, &c));
    CHECK_INT(c.view.data_bytes, 16);
    static const uint8_t bytes[] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0x80, 1, 0, 0, 0};
    assert_memory_equal(c.data, bytes, sizeof bytes);
    CHECK_OK(mmofl_wire_decode(&c.view, 4, back));
    assert_memory_equal(back, values, sizeof values);
}

static void half_precision_is_as_worked_out_by_hand(void **state)
{
    (void)state;
    static const struct {
        float value;
        uint16_t half;
    } table[] = {
        {0, 0},
        {-0.0F, 0x8000},
        {1, 0x3c00},
        {-2, 0xc000},
        {65504, 0x7bff},
        {65519.996F, 0x7bff},       /* rounds down */
        {65520, 0x7c00},            /* a tie that goes to infinity */
        {0x1p-14F, 0x0400},         /* the smallest normal one */
        {0x1p-24F, 0x0001},         /* the smallest */
        {0x1p-25F, 0x0000},         /* a tie, to even */
        {0x1.000002p-25F, 0x0001},  /* just above the tie */
        {1 + 0x1p-11F, 0x3c00},     /* a tie, to even */
        {1 + 3 * 0x1p-11F, 0x3c02}, /* a tie, to even */
        {0x1.ffep-15F, 0x0400},     /* rounds up to the smallest normal one */
        {(float)INFINITY, 0x7c00},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (mmofl_half_from_float(table[i].value) != table[i].half)
            fail_msg("%a gave %04x, wanted %04x", (double)table[i].value,
                     mmofl_half_from_float(table[i].value), table[i].half);
    CHECK(isnan(mmofl_float_from_half(mmofl_half_from_float((float)NAN))));
    CHECK(isinf(mmofl_float_from_half(0xfc00)));
}

static void every_half_goes_to_float_and_back(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 0x10000; h++) {
        float f = mmofl_float_from_half((uint16_t)h);
        if (!isnan(f))
            CHECK_INT(mmofl_half_from_float(f), h);
    }
}

static void eight_bits_are_as_worked_out_by_hand(void **state)
{
    (void)state;
    coded c;
    /* The largest is 254, so a step is 2: 3 is one and a half, which goes to even. */
    float values[5] = {254, -254, 3, 5, -0.9F}, back[5];
    CHECK_OK(encode(eight, values, 5, NULL, &c));
    CHECK_INT(c.view.data_bytes, 4 + 5);
    static const uint8_t bytes[] = {0, 0, 0, 0x40, 127, 0x81, 2, 2, 0};
    assert_memory_equal(c.data, bytes, sizeof bytes);
    CHECK_OK(mmofl_wire_decode(&c.view, 5, back));
    static const float wanted[] = {254, -254, 4, 4, 0};
    for (int i = 0; i < 5; i++)
        CHECK_NEAR(back[i], wanted[i], 0);
}

static void blocks_of_256_have_a_scale_each(void **state)
{
    (void)state;
    coded c;
    float values[300] = {0}, back[300];
    values[255] = 127;
    values[256] = 1.27F;
    CHECK_OK(encode(eight, values, 300, NULL, &c));
    CHECK_INT(c.view.data_bytes, 2 * 4 + 300);
    CHECK_NEAR(mmofl_bytes_load_float(c.data), 1, 0);
    CHECK_NEAR(mmofl_bytes_load_float(c.data + 4 + 256), 0.01, 1e-9);
    CHECK_OK(mmofl_wire_decode(&c.view, 300, back));
    CHECK_NEAR(back[255], 127, 0);
    CHECK_NEAR(back[256], 1.27, 1e-6);
    CHECK_NEAR(back[257], 0, 0);
}

static void errors_stay_within_their_bounds(void **state)
{
    (void)state;
    static coded c;
    for (uint64_t seed = 0; seed < 200; seed++) {
        float values[N], back[N];
        fill(seed, values, N);
        CHECK_OK(encode(half, values, N, NULL, &c));
        CHECK_OK(mmofl_wire_decode(&c.view, N, back));
        for (int i = 0; i < N; i++) {
            double v = (double)values[i], bound = fmax(fabs(v) * 0x1p-11, 0x1p-25);
            CHECK_NEAR(back[i], v, bound);
        }
        CHECK_OK(encode(eight, values, N, NULL, &c));
        CHECK_OK(mmofl_wire_decode(&c.view, N, back));
        for (int i = 0; i < N; i++) {
            int block = i / 256;
            double s =
                (double)mmofl_bytes_load_float(c.data + (size_t)block * (4 + 256));
            CHECK_NEAR(back[i], values[i], s / 2 * (1 + 1e-5));
        }
    }
}

static void top_keeps_the_largest_and_the_first_of_equals(void **state)
{
    (void)state;
    coded c;
    float values[8] = {1, -3, 2, 3, -2, 0, 2, 0.5F}, back[8];
    mmofl_wire_coding top = {MMOFL_WIRE_F32, 0.4}; /* 3.2 of 8: 4 */
    CHECK_INT(mmofl_wire_coding_kept(top, 8), 4);
    CHECK_OK(encode(top, values, 8, NULL, &c));
    static const uint8_t index[] = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0};
    assert_memory_equal(c.index, index, sizeof index);
    CHECK_OK(mmofl_wire_decode(&c.view, 8, back));
    static const float wanted[] = {0, -3, 2, 3, -2, 0, 0, 0};
    assert_memory_equal(back, wanted, sizeof back);
}

static void nothing_left_out_is_larger_than_what_was_kept(void **state)
{
    (void)state;
    static coded c;
    for (uint64_t seed = 0; seed < 300; seed++) {
        float values[N], back[N];
        size_t n = 1 + (size_t)seed * 3;
        fill(seed, values, n);
        if (seed % 3 == 0) /* many equals */
            for (size_t i = 0; i < n; i++)
                values[i] = (float)((int)(values[i] * 3) % 4);
        mmofl_wire_coding top = {MMOFL_WIRE_F32, 0.001 + 0.003 * (double)seed};
        size_t kept = mmofl_wire_coding_kept(top, n), found = 0;
        CHECK_OK(encode(top, values, n, NULL, &c));
        CHECK_OK(mmofl_wire_decode(&c.view, n, back));
        float smallest = (float)INFINITY, largest = 0;
        for (size_t i = 0, at = 0; i < n; i++) {
            bool is_kept = at < kept && mmofl_bytes_load(c.index + 4 * at, 4) == i;
            at += is_kept;
            found += is_kept;
            if (is_kept) {
                CHECK_NEAR(back[i], values[i], 0);
                smallest = fminf(smallest, fabsf(values[i]));
            } else {
                CHECK_NEAR(back[i], 0, 0);
                largest = fmaxf(largest, fabsf(values[i]));
            }
        }
        CHECK_INT(found, kept);
        CHECK(largest <= smallest);
    }
}

/* What was sent over rounds, and what is still owed, is what was to be sent. */
static void feedback_sums_to_the_difference(mmofl_wire_coding coding)
{
    enum { ROUNDS = 60 };
    static coded c;
    float values[N], residual[N] = {0}, back[N];
    double wanted[N] = {0}, sent[N] = {0}, size[N] = {0};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        fill(round + 7, values, N);
        CHECK_OK(encode(coding, values, N, residual, &c));
        CHECK_OK(mmofl_wire_decode(&c.view, N, back));
        for (int i = 0; i < N; i++) {
            wanted[i] += (double)values[i];
            sent[i] += (double)back[i];
            size[i] += fabs((double)values[i]) + fabs((double)residual[i]);
        }
    }
    for (int i = 0; i < N; i++) /* but for the roundings of the sums in float32 */
        CHECK_NEAR(sent[i] + (double)residual[i], wanted[i], size[i] * 0x1p-23);
}

static void feedback_loses_nothing_over_rounds(void **state)
{
    (void)state;
    feedback_sums_to_the_difference(half);
    feedback_sums_to_the_difference(eight);
    feedback_sums_to_the_difference((mmofl_wire_coding){MMOFL_WIRE_F32, 0.1});
    feedback_sums_to_the_difference((mmofl_wire_coding){MMOFL_WIRE_F16, 0.05});
    feedback_sums_to_the_difference((mmofl_wire_coding){MMOFL_WIRE_I8, 0.3});
}

static void feedback_of_an_exact_coding_stays_zero(void **state)
{
    (void)state;
    static coded c;
    float values[N], residual[N] = {0};
    fill(1, values, N);
    CHECK_OK(encode(exact, values, N, residual, &c));
    for (int i = 0; i < N; i++)
        CHECK_NEAR(residual[i], 0, 0);
}

/* With a residual that cannot grow: every number gets its turn. */
static void feedback_lets_small_numbers_through_in_time(void **state)
{
    (void)state;
    static coded c;
    float values[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0.1F}, residual[10] = {0}, back[10];
    mmofl_wire_coding top = {MMOFL_WIRE_F32, 0.1};
    int sent = 0;
    for (int round = 0; round < 200; round++) {
        CHECK_OK(encode(top, values, 10, residual, &c));
        CHECK_OK(mmofl_wire_decode(&c.view, 10, back));
        sent += back[9] != 0;
        for (int i = 0; i < 10; i++)
            CHECK(fabsf(residual[i]) < 20);
    }
    CHECK(sent >= 1);
}

static void tiny_and_huge_numbers_do_not_overflow(void **state)
{
    (void)state;
    coded c;
    float tiny[3] = {1e-45F, -3e-44F, 2e-43F}, huge[2] = {2e37F, -1e30F}, back[3];
    CHECK_OK(encode(eight, tiny, 3, NULL, &c));
    CHECK_OK(mmofl_wire_decode(&c.view, 3, back));
    for (int i = 0; i < 3; i++)
        CHECK_NEAR(back[i], tiny[i], 1e-43);
    CHECK_OK(encode(eight, huge, 2, NULL, &c));
    CHECK_OK(mmofl_wire_decode(&c.view, 2, back));
    CHECK_NEAR(back[0], huge[0], 1e31);
}

static void what_cannot_be_coded_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    coded c;
    float values[2] = {1, (float)NAN}, residual[2] = {0.25F, 0.5F};
    CHECK_STATUS(encode(eight, values, 2, residual, &c), MMOFL_E_NONFINITE);
    values[1] = 1e6F;
    CHECK_STATUS(encode(half, values, 2, residual, &c), MMOFL_E_RANGE);
    values[1] = 3e37F;
    CHECK_STATUS(encode(eight, values, 2, residual, &c), MMOFL_E_RANGE);
    values[1] = 3.4e38F;
    residual[1] = 3.4e38F; /* the sum overflows */
    CHECK_STATUS(encode(exact, values, 2, residual, &c), MMOFL_E_NONFINITE);
    CHECK_NEAR(residual[0], 0.25, 0);
    CHECK_STATUS(mmofl_wire_coding_check((mmofl_wire_coding){MMOFL_WIRE_U32, 0}),
                 MMOFL_E_TYPE);
    CHECK_STATUS(mmofl_wire_coding_check((mmofl_wire_coding){MMOFL_WIRE_F32, 1}),
                 MMOFL_E_RANGE);
    CHECK_STATUS(
        mmofl_wire_coding_check((mmofl_wire_coding){MMOFL_WIRE_F32, (double)NAN}),
        MMOFL_E_RANGE);
}

static void bad_bytes_are_refused(void **state)
{
    (void)state;
    static coded c;
    float values[4] = {4, 3, 2, 1}, back[4];
    mmofl_wire_coding top = {MMOFL_WIRE_F32, 0.5};
    CHECK_OK(encode(top, values, 4, NULL, &c));
    mmofl_coded bad = c.view;
    CHECK_STATUS(mmofl_wire_decode(&bad, 1, back), MMOFL_E_COUNT);
    bad.index_bytes = 7;
    CHECK_STATUS(mmofl_wire_decode(&bad, 4, back), MMOFL_E_COUNT);
    bad = c.view;
    bad.data_bytes--;
    CHECK_STATUS(mmofl_wire_decode(&bad, 4, back), MMOFL_E_COUNT);
    c.index[0] = 1; /* twice the same */
    CHECK_STATUS(mmofl_wire_decode(&c.view, 4, back), MMOFL_E_RANGE);
    c.index[0] = 0;
    c.index[4] = 4; /* past the end */
    CHECK_STATUS(mmofl_wire_decode(&c.view, 4, back), MMOFL_E_RANGE);
    c.view.dtype = MMOFL_WIRE_U32;
    CHECK_STATUS(mmofl_wire_decode(&c.view, 4, back), MMOFL_E_TYPE);

    CHECK_OK(encode(eight, values, 4, NULL, &c));
    c.data[4] = 0x80; /* -128 */
    CHECK_STATUS(mmofl_wire_decode(&c.view, 4, back), MMOFL_E_RANGE);
    mmofl_bytes_store_float(c.data, -1);
    CHECK_STATUS(mmofl_wire_decode(&c.view, 4, back), MMOFL_E_RANGE);
    mmofl_bytes_store_float(c.data, 1e38F);
    CHECK_STATUS(mmofl_wire_decode(&c.view, 4, back), MMOFL_E_RANGE);
    mmofl_bytes_store_float(c.data, (float)NAN);
    CHECK_STATUS(mmofl_wire_decode(&c.view, 4, back), MMOFL_E_NONFINITE);
    CHECK_OK(encode(half, values, 4, NULL, &c));
    c.data[1] = 0x7c; /* infinity */
    CHECK_STATUS(mmofl_wire_decode(&c.view, 4, back), MMOFL_E_NONFINITE);
}

static void counts_are_whole_numbers(void **state)
{
    (void)state;
    uint32_t counts[2] = {1, 0xfffefdfc}, back[2];
    uint8_t bytes[8];
    static const uint8_t wanted[] = {1, 0, 0, 0, 0xfc, 0xfd, 0xfe, 0xff};
    mmofl_wire_encode_counts(counts, 2, bytes);
    assert_memory_equal(bytes, wanted, sizeof wanted);
    mmofl_coded view = {MMOFL_WIRE_U32, bytes, sizeof bytes, NULL, 0};
    CHECK_OK(mmofl_wire_decode_counts(&view, 2, back));
    assert_memory_equal(back, counts, sizeof counts);
    CHECK_STATUS(mmofl_wire_decode_counts(&view, 3, back), MMOFL_E_COUNT);
    view.dtype = MMOFL_WIRE_F32;
    CHECK_STATUS(mmofl_wire_decode_counts(&view, 2, back), MMOFL_E_TYPE);
}

CHECK_MAIN(TEST(float32_is_the_same_bits),
           TEST(half_precision_is_as_worked_out_by_hand),
           TEST(every_half_goes_to_float_and_back),
           TEST(eight_bits_are_as_worked_out_by_hand),
           TEST(blocks_of_256_have_a_scale_each), TEST(errors_stay_within_their_bounds),
           TEST(top_keeps_the_largest_and_the_first_of_equals),
           TEST(nothing_left_out_is_larger_than_what_was_kept),
           TEST(feedback_loses_nothing_over_rounds),
           TEST(feedback_of_an_exact_coding_stays_zero),
           TEST(feedback_lets_small_numbers_through_in_time),
           TEST(tiny_and_huge_numbers_do_not_overflow),
           TEST(what_cannot_be_coded_is_refused_and_changes_nothing),
           TEST(bad_bytes_are_refused), TEST(counts_are_whole_numbers))
