/* test_subjects.c - people by number, as an option names them. */
#include "check.h"

#include "data/subjects.h"

static void lists_of_subjects_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mmofl_status status;
    } cases[] = {{"1 3 5 7", MMOFL_OK},
                 {" 8,1 ", MMOFL_OK},
                 {"", MMOFL_OK},
                 {"1 9", MMOFL_E_RANGE},
                 {"0", MMOFL_E_RANGE},
                 {"99999999999999999999", MMOFL_E_RANGE},
                 {"1 3 1", MMOFL_E_DUPLICATE},
                 {"1;3", MMOFL_E_SYNTAX},
                 {"1-3", MMOFL_E_SYNTAX},
                 {"-1", MMOFL_E_SYNTAX},
                 {"01", MMOFL_E_SYNTAX},
                 {"1.0", MMOFL_E_SYNTAX},
                 {"all", MMOFL_E_SYNTAX}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool named[8] = {false};
        mmofl_error err = {0};
        CHECK_STATUS(mmofl_subjects_read("x", cases[i].text, 1, 8, named, &err),
                     cases[i].status);
        CHECK_INT(named[7], i == 1);
    }
}

static void numbers_count_from_the_first(void **state)
{
    (void)state;
    bool named[9] = {false};
    mmofl_error err = {0};
    CHECK_OK(mmofl_subjects_read("x", "101 109", 101, 109, named, &err));
    for (int i = 0; i < 9; i++)
        CHECK_INT(named[i], i == 0 || i == 8);
}

static void errors_name_the_option_and_what_is_wrong(void **state)
{
    (void)state;
    bool named[8] = {false};
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_subjects_read("set: option", "1 x3", 1, 8, named, &err),
                 MMOFL_E_SYNTAX);
    CHECK_TEXT(err.text, "set: option: 'x3', wanted numbers such as '1 8'");
}

CHECK_MAIN(TEST(lists_of_subjects_are_read_strictly),
           TEST(numbers_count_from_the_first),
           TEST(errors_name_the_option_and_what_is_wrong))
