/* Status names, and what an error says. */
#include <errno.h>

#include "check.h"

static void every_status_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < MMOFL_STATUS_COUNT; i++) {
        mmofl_status status = (mmofl_status)i;
        CHECK(strlen(mmofl_status_name(status)) >= 2);
        CHECK(strlen(mmofl_status_text(status)) >= 4);
        for (int k = 0; k < i; k++) {
            mmofl_status other = (mmofl_status)k;
            CHECK(strcmp(mmofl_status_name(status), mmofl_status_name(other)) != 0);
            CHECK(strcmp(mmofl_status_text(status), mmofl_status_text(other)) != 0);
        }
    }
    CHECK_INT(MMOFL_OK, 0);
    CHECK_TEXT(mmofl_status_name(MMOFL_OK), "OK");
    CHECK_TEXT(mmofl_status_name(MMOFL_E_RANGE), "E_RANGE");
    CHECK_TEXT(mmofl_status_text(MMOFL_E_RANGE), "value out of range");
}

static void numbers_that_are_no_status_are_question_marks(void **state)
{
    (void)state;
    CHECK_TEXT(mmofl_status_name(MMOFL_STATUS_COUNT), "?");
    CHECK_TEXT(mmofl_status_text((mmofl_status)9999), "?");
}

static void failing_returns_the_status_and_says_why(void **state)
{
    (void)state;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_fail(&err, MMOFL_E_SHAPE, "%d is not %s", 3, "four"),
                 MMOFL_E_SHAPE);
    CHECK_STATUS(err.status, MMOFL_E_SHAPE);
    CHECK_TEXT(err.text, "3 is not four");
    CHECK_STATUS(mmofl_fail(NULL, MMOFL_E_IO, "nobody reads this"), MMOFL_E_IO);
}

static void long_texts_are_cut_not_overrun(void **state)
{
    (void)state;
    struct {
        mmofl_error err;
        char after[4];
    } guarded = {.after = "abc"};
    char text[3 * MMOFL_ERROR_TEXT];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK_STATUS(mmofl_fail(&guarded.err, MMOFL_E_LIMIT, "%s", text), MMOFL_E_LIMIT);
    CHECK_INT(strlen(guarded.err.text), MMOFL_ERROR_TEXT - 1);
    CHECK_STATUS(mmofl_fail_within(&guarded.err, "%s", text), MMOFL_E_LIMIT);
    CHECK_STATUS(mmofl_fail_errno(&guarded.err, ENOENT, "%s", text), MMOFL_E_NOT_FOUND);
    CHECK_INT(strlen(guarded.err.text), MMOFL_ERROR_TEXT - 1);
    CHECK_TEXT(guarded.after, "abc");
}

static void a_place_is_put_in_front(void **state)
{
    (void)state;
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_fail(&err, MMOFL_E_RANGE, "too large"), MMOFL_E_RANGE);
    CHECK_STATUS(mmofl_fail_within(&err, "line %d", 7), MMOFL_E_RANGE);
    CHECK_STATUS(mmofl_fail_within(&err, "%s", "a.yaml"), MMOFL_E_RANGE);
    CHECK_TEXT(err.text, "a.yaml: line 7: too large");
}

static void errno_becomes_the_status_that_fits_it(void **state)
{
    (void)state;
    const struct {
        int errnum;
        mmofl_status status;
    } pairs[] = {{ENOENT, MMOFL_E_NOT_FOUND},
                 {ENOSPC, MMOFL_E_NO_SPACE},
                 {EDQUOT, MMOFL_E_NO_SPACE},
                 {ENOMEM, MMOFL_E_MEMORY},
                 {EEXIST, MMOFL_E_EXISTS},
                 {EACCES, MMOFL_E_IO},
                 {EIO, MMOFL_E_IO}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        mmofl_error err = {0};
        CHECK_STATUS(mmofl_fail_errno(&err, pairs[i].errnum, "file %s", "x"),
                     pairs[i].status);
        CHECK_STATUS(err.status, pairs[i].status);
        CHECK_CONTAINS(err.text, "file x: ");
        CHECK_CONTAINS(err.text, strerror(pairs[i].errnum));
        CHECK_STATUS(mmofl_fail_errno(NULL, pairs[i].errnum, "x"), pairs[i].status);
    }
}

CHECK_MAIN(TEST(every_status_has_a_name_and_a_text),
           TEST(numbers_that_are_no_status_are_question_marks),
           TEST(failing_returns_the_status_and_says_why),
           TEST(long_texts_are_cut_not_overrun), TEST(a_place_is_put_in_front),
           TEST(errno_becomes_the_status_that_fits_it))
