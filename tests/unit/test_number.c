/* test_number.c - decimals, against strtod and strtof as the references. */
#include "base/number.h"
#include "check.h"

static void same_as_strtod(const char *text)
{
    double got = 99, wanted;
    float got_float = 99, wanted_float = strtof(text, NULL);
    char *wanted_end;
    wanted = strtod(text, &wanted_end);
    const char *end = mmofl_number_read(text, text + strlen(text), &got);
    if (end != wanted_end || memcmp(&got, &wanted, sizeof got) != 0)
        fail_msg("%s: got %.17g, %td bytes; strtod %.17g, %td bytes", text, got,
                 end ? end - text : -1, wanted, wanted_end - text);
    end = mmofl_number_read_float(text, text + strlen(text), &got_float);
    if (end != wanted_end || memcmp(&got_float, &wanted_float, sizeof got_float) != 0)
        fail_msg("%s: got %.9g, %td bytes; strtof %.9g, %td bytes", text,
                 (double)got_float, end ? end - text : -1, (double)wanted_float,
                 wanted_end - text);
}

/* A small generator is enough here; the seed is fixed. */
static uint64_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void chosen_numbers_equal_strtod(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "+1",
        "1.",
        ".5",
        "-.5e1",
        "1e22",
        "1e23",
        "1e-22",
        "1e-23",
        "123456789012345",
        "1234567890123456",
        "9007199254740993",
        "0.1",
        "1e308",
        "1e309",
        "-1e309",
        "4.9e-324",
        "1e-400",
        "1e",
        "1e+",
        "1.5e-x",
        "0e999999999",
        "0000000000000000000000000000001",
        "1.8085150e-004",
        "3.14159265358979323846",
        "0.000000000000000000000000000000000000001e39",
        "1e99999999999999999999",
        "2.2250738585072011e-308",
        "100000000000000000000000000000000000000000e-41",
        "00000000000000000000000001234567890123456789e-30",
        "0.00000000000000000000000012345678901234567",
        "9999999999999999999e-27",
        "18446744073709551615",
        "18446744073709551616",
        "1e-00000000000000000005",
        "1e28",
        "123456789012345678e27",
        "16777217",
        "16777217.0000000000000000001",
        "1.00000017881393432617187499",
        "1.00000017881393432617187501",
        "3.4028235e38",
        "3.4028236e38",
        "1.1754943e-38",
        "1e-45",
        "7.0e-46"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        same_as_strtod(texts[i]);
}

static void random_numbers_equal_strtod(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 200000; i++) {
        char text[96];
        size_t n = 0;
        if (next(&seed) % 3 == 0)
            text[n++] = '-';
        for (uint64_t k = next(&seed) % 12 + 1; k > 0; k--)
            text[n++] = (char)('0' + next(&seed) % 10);
        bool point = next(&seed) % 4 != 0;
        if (point)
            text[n++] = '.';
        for (uint64_t k = next(&seed) % 12; k > 0 && point; k--)
            text[n++] = (char)('0' + next(&seed) % 10);
        text[n] = '\0';
        if (next(&seed) % 2)
            snprintf(text + n, sizeof text - n, "e%+04d", (int)(next(&seed) % 80) - 40);
        same_as_strtod(text);
    }
}

/* Decimals about halfway between two floats, where rounding twice would go wrong. */
static void decimals_between_floats_equal_strtof(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 100000; i++) {
        uint32_t bits = (uint32_t)next(&seed);
        float low;
        char text[128];
        memcpy(&low, &bits, sizeof low);
        if (!isfinite(low))
            continue;
        double middle = ((double)low + (double)nextafterf(low, INFINITY)) / 2;
        snprintf(text, sizeof text, "%.*e", (int)(next(&seed) % 30) + 5, middle);
        same_as_strtod(text);
    }
}

static void random_doubles_survive_printing(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next(&seed) << 33 ^ next(&seed) << 11 ^ next(&seed);
        double wanted, got = 0;
        char text[64];
        memcpy(&wanted, &bits, sizeof wanted);
        if (!isfinite(wanted))
            continue;
        snprintf(text, sizeof text, "%.17g", wanted);
        CHECK(mmofl_number_read(text, text + strlen(text), &got));
        CHECK(memcmp(&got, &wanted, sizeof got) == 0);
    }
}

static void check_run(const char *text, size_t asked, size_t wanted, const char *left)
{
    float out[8] = {0};
    const char *at = text, *end = text + strlen(text);
    CHECK_INT(mmofl_number_run(&at, end, asked, out), wanted);
    CHECK_TEXT(at, left);
    for (size_t i = 0; i < wanted; i++)
        CHECK(out[i] == (float)(i + 1));
}

static void a_run_ends_before_what_it_does_not_know(void **state)
{
    (void)state;
    check_run("", 8, 0, "");
    check_run("1 2\t3 \r\n4", 8, 3, " \r\n4");
    check_run("1 2 3 ", 2, 2, " 3 ");
    check_run(" 1 2", 8, 1, " 2"); /* what follows might belong to it */
    check_run("1 2 x 3\n", 8, 2, " x 3\n");
    check_run("1 nan\n", 8, 1, " nan\n");
    check_run("1 2 1e40 ", 8, 2, " 1e40 ");
    check_run("1 2,3 ", 8, 1, " 2,3 ");
    check_run("+1 2.0e0 30e-1 .4e+01\n", 8, 4, "\n");
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "-",   "+",   ".",   "e5",
                                        "-e5", " 1",  "abc", "nan", "inf",
                                        "--1", "+-1", ".e1", "-.",  "Infinity"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value = 7;
        CHECK(!mmofl_number_read(texts[i], texts[i] + strlen(texts[i]), &value));
        CHECK(value == 7);
    }
}

static void reading_stops_at_the_given_end(void **state)
{
    (void)state;
    const char text[] = "12.75e1";
    double value = 0;
    CHECK(mmofl_number_read(text, text + 2, &value) == text + 2 && value == 12);
    CHECK(mmofl_number_read(text, text + 4, &value) == text + 4 && value == 12.7);
    CHECK(mmofl_number_read(text, text + 6, &value) == text + 5 && value == 12.75);
}

static void hexadecimal_ends_after_its_zero(void **state)
{
    (void)state;
    const char text[] = "0x10";
    double value = 9;
    CHECK(mmofl_number_read(text, text + 4, &value) == text + 1 && value == 0);
}

static void absurdly_long_fractions_are_right(void **state)
{
    (void)state;
    enum { ZEROS = 200000 };
    char *text = malloc(ZEROS + 64);
    CHECK(text);
    text[0] = '0', text[1] = '.';
    memset(text + 2, '0', ZEROS);
    strcpy(text + 2 + ZEROS, "5e+200001");
    same_as_strtod(text);
    free(text);
}

static void whole_numbers_are_digits_up_to_2_64(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rest;
        mmofl_status status;
        uint64_t value;
    } cases[] = {
        {"0", "", MMOFL_OK, 0},
        {"42,", ",", MMOFL_OK, 42},
        {"18446744073709551615", "", MMOFL_OK, UINT64_MAX},
        {"18446744073709551616", "18446744073709551616", MMOFL_E_RANGE, 7},
        {"-1", "-1", MMOFL_E_TYPE, 7},
        {" 1", " 1", MMOFL_E_TYPE, 7},
        {"01", "01", MMOFL_E_TYPE, 7},
        {"", "", MMOFL_E_TYPE, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *at = cases[i].text;
        uint64_t value = 7;
        CHECK_STATUS(mmofl_number_whole(&at, &value), cases[i].status);
        CHECK_TEXT(at, cases[i].rest);
        CHECK(value == cases[i].value);
    }
}

static void words_for_no_number_are_read_in_any_case(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int length;
        double value; /* 0: NaN */
    } words[] = {{"NaN", 3, 0},           {"-nan x", 4, 0},
                 {"inf", 3, HUGE_VAL},    {"-INFINITY", 9, -HUGE_VAL},
                 {"+Infin", 4, HUGE_VAL}, {"nanometre", 3, 0}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *text = words[i].text;
        double value = 7;
        const char *end = mmofl_number_read_word(text, text + strlen(text), &value);
        CHECK(end == text + words[i].length);
        CHECK(words[i].value != 0 ? value == words[i].value : isnan(value));
    }
    static const char *const others[] = {"", "-", "na", "1", "NULL", "--nan"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        double value = 7;
        CHECK(
            !mmofl_number_read_word(others[i], others[i] + strlen(others[i]), &value));
        CHECK(value == 7);
    }
}

CHECK_MAIN(TEST(words_for_no_number_are_read_in_any_case),
           TEST(chosen_numbers_equal_strtod), TEST(random_numbers_equal_strtod),
           TEST(decimals_between_floats_equal_strtof),
           TEST(random_doubles_survive_printing),
           TEST(a_run_ends_before_what_it_does_not_know),
           TEST(what_is_no_number_is_refused), TEST(reading_stops_at_the_given_end),
           TEST(hexadecimal_ends_after_its_zero),
           TEST(absurdly_long_fractions_are_right),
           TEST(whole_numbers_are_digits_up_to_2_64))
