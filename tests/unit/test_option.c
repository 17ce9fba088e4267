/* Options: what a row takes, what it refuses, and that it writes what it reads. */
#include "base/option.h"
#include "check.h"

typedef struct settings {
    int count, mode;
    double rate, share;
    bool on;
    const char *name;
} settings;

static const mmofl_option table[] = {
    MMOFL_INT_OPTION(settings, count, 1, 100, "7", "how many"),
    MMOFL_REAL_OPTION(settings, rate, MMOFL_POSITIVE, MMOFL_NO_LIMIT, "0.1", "speed"),
    MMOFL_REAL_OPTION(settings, share, 0, 0.5, NULL, "a part"),
    MMOFL_BOOL_OPTION(settings, on, "true", "switch"),
    MMOFL_CHOICE_OPTION(settings, mode, "sgd|adam|adamw", "adam", "which"),
    MMOFL_TEXT_OPTION(settings, name, "x", "label"),
};
enum { COUNT, RATE, SHARE, ON, MODE, NAME, OPTIONS };

static void good_texts_are_read(void **state)
{
    (void)state;
    settings s = {0};
    CHECK_OK(mmofl_option_set(&table[COUNT], &s, "1", NULL));
    CHECK_INT(s.count, 1);
    CHECK_OK(mmofl_option_set(&table[COUNT], &s, "100", NULL));
    CHECK_INT(s.count, 100);
    CHECK_OK(mmofl_option_set(&table[COUNT], &s, "2e1", NULL));
    CHECK_INT(s.count, 20);
    CHECK_OK(mmofl_option_set(&table[RATE], &s, "1e-3", NULL));
    CHECK(s.rate == 1e-3);
    CHECK_OK(mmofl_option_set(&table[SHARE], &s, ".5", NULL));
    CHECK(s.share == 0.5);
    CHECK_OK(mmofl_option_set(&table[ON], &s, "true", NULL));
    CHECK(s.on);
    CHECK_OK(mmofl_option_set(&table[ON], &s, "false", NULL));
    CHECK(!s.on);
    CHECK_OK(mmofl_option_set(&table[MODE], &s, "adamw", NULL));
    CHECK_INT(s.mode, 2);
    const char *text = "any text, even |";
    CHECK_OK(mmofl_option_set(&table[NAME], &s, text, NULL));
    CHECK(s.name == text);
}

static void bad_texts_are_refused_and_change_nothing(void **state)
{
    (void)state;
    const struct {
        int option;
        const char *text;
        mmofl_status status;
        const char *wanted;
    } bad[] = {
        {COUNT, "0", MMOFL_E_RANGE, "an integer from 1 to 100"},
        {COUNT, "101", MMOFL_E_RANGE, "an integer from 1 to 100"},
        {COUNT, "1.5", MMOFL_E_TYPE, "an integer"},
        {COUNT, "", MMOFL_E_TYPE, "'' is not an integer"},
        {COUNT, "abc", MMOFL_E_TYPE, "'abc' is not an integer"},
        {COUNT, "7x", MMOFL_E_TYPE, "an integer"},
        {COUNT, " 7", MMOFL_E_TYPE, "an integer"},
        {COUNT, "0x10", MMOFL_E_TYPE, "an integer"},
        {COUNT, "1e300", MMOFL_E_RANGE, "an integer"},
        {RATE, "0", MMOFL_E_RANGE, "'0' is not a number > 0"},
        {RATE, "-1", MMOFL_E_RANGE, "a number > 0"},
        {RATE, "nan", MMOFL_E_TYPE, "a number"},
        {RATE, "inf", MMOFL_E_TYPE, "a number"},
        {RATE, "1e999", MMOFL_E_RANGE, "a number"},
        {RATE, "1,5", MMOFL_E_TYPE, "a number"},
        {RATE, "--1", MMOFL_E_TYPE, "a number"},
        {RATE, "1e", MMOFL_E_TYPE, "a number"},
        {RATE, ".", MMOFL_E_TYPE, "a number"},
        {SHARE, "0.51", MMOFL_E_RANGE, "a number from 0 to 0.5"},
        {ON, "yes", MMOFL_E_TYPE, "true or false"},
        {ON, "", MMOFL_E_TYPE, "true or false"},
        {MODE, "ada", MMOFL_E_UNKNOWN, "one of sgd, adam, adamw"},
        {MODE, "adam|sgd", MMOFL_E_UNKNOWN, "one of"},
        {MODE, "", MMOFL_E_UNKNOWN, "one of"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        settings s = {.count = 5, .rate = 6, .share = 0.25, .on = true, .mode = 1};
        settings before = s;
        mmofl_error err = {0};
        const mmofl_option *option = &table[bad[i].option];
        CHECK_STATUS(mmofl_option_set(option, &s, bad[i].text, &err), bad[i].status);
        CHECK_CONTAINS(err.text, bad[i].wanted);
        CHECK(s.count == before.count && s.rate == before.rate && s.on == before.on &&
              s.share == before.share && s.mode == before.mode);
    }
}

static void a_very_long_text_is_refused_in_few_words(void **state)
{
    (void)state;
    char text[5000];
    settings s = {0};
    mmofl_error err = {0};
    memset(text, '1', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK_STATUS(mmofl_option_set(&table[COUNT], &s, text, &err), MMOFL_E_RANGE);
    CHECK(strlen(err.text) < 200);
}

static void what_is_written_reads_back_to_the_same_bits(void **state)
{
    (void)state;
    const double values[] = {0.1,
                             1.0 / 3,
                             5e-324 * 1e16,
                             1e22,
                             123456789.123456789,
                             2.2250738585072014e-308};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        settings s = {.rate = values[i]}, back = {0};
        char text[64];
        mmofl_option_get(&table[RATE], &s, text, sizeof text);
        CHECK_OK(mmofl_option_set(&table[RATE], &back, text, NULL));
        CHECK(memcmp(&back.rate, &values[i], sizeof(double)) == 0);
    }
    settings s = {.rate = 0.1, .count = 42, .mode = 1, .on = true, .name = "left"};
    const char *const texts[] = {"42", "0.1", "0", "true", "adam", "left"};
    for (int o = 0; o < OPTIONS; o++) {
        char text[64];
        mmofl_option_get(&table[o], &s, text, sizeof text);
        CHECK_TEXT(text, texts[o]);
    }
}

static void defaults_fill_what_has_one(void **state)
{
    (void)state;
    settings s = {.share = 0.4};
    mmofl_options_default(table, OPTIONS, &s);
    CHECK(s.count == 7 && s.rate == 0.1 && s.on && s.mode == 1);
    CHECK_TEXT(s.name, "x");
    CHECK(s.share == 0.4); /* required: nothing to fill in */
}

static void wanted_texts_say_the_range(void **state)
{
    (void)state;
    const struct {
        mmofl_option option;
        const char *text;
    } rows[] = {
        {MMOFL_INT_OPTION(settings, count, 0, MMOFL_NO_LIMIT, NULL, ""),
         "an integer >= 0"},
        {MMOFL_REAL_OPTION(settings, rate, MMOFL_POSITIVE, 1, NULL, ""),
         "a number > 0 and <= 1"},
        {MMOFL_REAL_OPTION(settings, rate, -2, 2.5, NULL, ""),
         "a number from -2 to 2.5"},
        {MMOFL_TEXT_OPTION(settings, name, NULL, ""), "a text"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];
        mmofl_option_wanted(&rows[i].option, text, sizeof text);
        CHECK_TEXT(text, rows[i].text);
    }
    char small[10];
    mmofl_option_wanted(&table[MODE], small, sizeof small);
    CHECK_TEXT(small, "one of sg");
}

static void kinds_are_found_by_their_whole_name(void **state)
{
    (void)state;
    static const mmofl_kind a = {.name = "sgd"}, b = {.name = "box",
                                                      .options = table,
                                                      .n_options = OPTIONS,
                                                      .options_size = sizeof(settings)};
    const mmofl_kind *const kinds[] = {&a, &b};
    const mmofl_kind_list list = {kinds, 2};
    CHECK(mmofl_kind_find(list, "sgd") == &a);
    CHECK(mmofl_kind_find(list, "box") == &b);
    CHECK(mmofl_kind_find(list, "bo") == NULL);
    CHECK(mmofl_kind_find(list, "") == NULL);
    mmofl_pick pick = mmofl_pick_default(&b);
    const settings *s = (const void *)pick.options.bytes;
    CHECK(pick.kind == &b && s->count == 7 && s->mode == 1 && s->share == 0);
}

CHECK_MAIN(TEST(good_texts_are_read), TEST(bad_texts_are_refused_and_change_nothing),
           TEST(a_very_long_text_is_refused_in_few_words),
           TEST(what_is_written_reads_back_to_the_same_bits),
           TEST(defaults_fill_what_has_one), TEST(wanted_texts_say_the_range),
           TEST(kinds_are_found_by_their_whole_name))
