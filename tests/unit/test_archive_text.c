/* test_archive_text.c - files of an archive as named texts, and whose error it is. */
#include "check.h"

#include "data/archive_text.h"
#include "zip_maker.h"

/* An open archive and the zip that it borrows. */
struct opened {
    zip made;
    mmofl_archive *archive;
};

static struct opened open_two(void)
{
    static const zip_file files[] = {{"set/a.txt", "1 x", 3}, {"set/b.txt", "", 0}};
    struct opened o = {.made = zip_make(files, 2)};
    mmofl_error err = {0};
    CHECK_OK(mmofl_archive_open_memory(o.made.data, o.made.size, "two.zip", NULL,
                                       &o.archive, &err));
    return o;
}

static void close_two(struct opened *o)
{
    mmofl_archive_close(o->archive);
    free(o->made.data);
}

static void text_has_the_name_of_its_file_and_a_zero_behind_it(void **state)
{
    (void)state;
    struct opened o = open_two();
    mmofl_text text;
    mmofl_error err = {0};
    CHECK_OK(mmofl_archive_text(o.archive, "a.txt", &text, &err));
    CHECK_TEXT(text.name, "set/a.txt");
    CHECK_INT(text.size, 3);
    CHECK_TEXT(text.data, "1 x");
    CHECK_OK(mmofl_archive_text_end(o.archive, &text, MMOFL_OK, &err));
    CHECK(!text.data);
    CHECK_OK(mmofl_archive_text(o.archive, "b.txt", &text, &err));
    CHECK_INT(text.size, 0);
    CHECK_TEXT(text.data, "");
    CHECK_OK(mmofl_archive_text_end(o.archive, &text, MMOFL_OK, &err));
    close_two(&o);
}

static void texts_are_read_by_index(void **state)
{
    (void)state;
    struct opened o = open_two();
    mmofl_error err = {0};
    for (size_t i = 0; i < 2; i++) {
        mmofl_text text;
        CHECK_OK(mmofl_archive_text_at(o.archive, i, &text, &err));
        CHECK_TEXT(text.name, i == 0 ? "set/a.txt" : "set/b.txt");
        CHECK_OK(mmofl_archive_text_end(o.archive, &text, MMOFL_OK, &err));
    }
    close_two(&o);
}

static void error_of_a_parser_gets_the_archives_name(void **state)
{
    (void)state;
    struct opened o = open_two();
    mmofl_text text;
    mmofl_error err = {0};
    float out[2];
    CHECK_OK(mmofl_archive_text(o.archive, "a.txt", &text, &err));
    mmofl_status st = mmofl_text_read_floats(text, 1, 2, 1, out, &err);
    CHECK_STATUS(mmofl_archive_text_end(o.archive, &text, st, &err), MMOFL_E_SYNTAX);
    CHECK_TEXT(err.text, "two.zip: set/a.txt:1:3: 'x' is not a number");
    CHECK_INT(err.status, MMOFL_E_SYNTAX);
    CHECK_STATUS(mmofl_archive_within(o.archive, MMOFL_E_RANGE, NULL), MMOFL_E_RANGE);
    close_two(&o);
}

static void file_that_is_not_there_is_missing(void **state)
{
    (void)state;
    struct opened o = open_two();
    mmofl_text text = {.size = 77};
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_archive_text(o.archive, "c.txt", &text, &err), MMOFL_E_MISSING);
    CHECK_TEXT(err.text, "two.zip: holds no c.txt");
    CHECK_INT(text.size, 77); /* a failed call leaves it untouched */
    close_two(&o);
}

CHECK_MAIN(TEST(text_has_the_name_of_its_file_and_a_zero_behind_it),
           TEST(texts_are_read_by_index),
           TEST(error_of_a_parser_gets_the_archives_name),
           TEST(file_that_is_not_there_is_missing))
