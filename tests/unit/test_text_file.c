/* Text files: whole or not at all. */
#include "scratch.h"

#include "base/file.h"
#include "base/text_file.h"

static void content_is(const char *path, const char *wanted)
{
    unsigned char *data;
    size_t size;
    CHECK_OK(mmofl_file_read(path, 1000, &data, &size, NULL));
    CHECK_TEXT((const char *)data, wanted);
    free(data);
}

static void what_is_written_is_there_after_the_end(void **state)
{
    (void)state;
    scratch s;
    mmofl_text_file file;
    mmofl_error err = {0};
    scratch_new(&s);
    const char *path = scratch_path(&s, "lines");
    CHECK_OK(mmofl_text_file_open(&file, path, &err));
    fputs("one\n", file.to);
    fprintf(file.to, "%d\n", 2);
    CHECK(!mmofl_file_exists(path));
    CHECK_OK(mmofl_text_file_close(&file, MMOFL_OK, &err));
    content_is(path, "one\n2\n");
    CHECK_OK(mmofl_text_file_open(&file, path, &err)); /* in place of it */
    CHECK_OK(mmofl_text_file_close(&file, MMOFL_OK, &err));
    content_is(path, "");
    scratch_delete(&s);
}

static void given_up_it_leaves_what_was_there(void **state)
{
    (void)state;
    scratch s;
    mmofl_text_file file;
    mmofl_error err = {0};
    scratch_new(&s);
    char part[600];
    const char *path = scratch_path(&s, "lines");
    snprintf(part, sizeof part, "%s.part", path);
    CHECK_OK(mmofl_file_write(path, "old", 3, false, &err));
    CHECK_OK(mmofl_text_file_open(&file, path, &err));
    fputs("new", file.to);
    CHECK(mmofl_file_exists(part));
    CHECK_STATUS(mmofl_text_file_close(&file, MMOFL_E_RANGE, &err), MMOFL_E_RANGE);
    content_is(path, "old");
    CHECK(!mmofl_file_exists(part));
    scratch_delete(&s);
}

static void what_cannot_be_written_is_told(void **state)
{
    (void)state;
    scratch s;
    mmofl_text_file file;
    mmofl_error err = {0};
    char long_path[5000];
    scratch_new(&s);
    CHECK_STATUS(mmofl_text_file_open(&file, scratch_path(&s, "no/lines"), &err),
                 MMOFL_E_NOT_FOUND);
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    CHECK_STATUS(mmofl_text_file_open(&file, long_path, &err), MMOFL_E_LIMIT);

    const char *path = scratch_path(&s, "lines");
    CHECK_OK(mmofl_text_file_open(&file, path, &err));
    FILE *full = freopen("/dev/full", "w", file.to); /* a disk without space */
    CHECK(full != NULL);
    fputs("lost", file.to);
    CHECK_STATUS(mmofl_text_file_close(&file, MMOFL_OK, &err), MMOFL_E_NO_SPACE);
    CHECK_CONTAINS(err.text, "lines: not written");
    CHECK(!mmofl_file_exists(path));
    scratch_delete(&s);
}

/* More than a stream keeps: the failure is met long before the end. */
static void a_write_that_failed_early_is_told_at_the_end(void **state)
{
    (void)state;
    scratch s;
    mmofl_text_file file;
    mmofl_error err = {0};
    scratch_new(&s);
    const char *path = scratch_path(&s, "lines");
    CHECK_OK(mmofl_text_file_open(&file, path, &err));
    CHECK(freopen("/dev/full", "w", file.to) != NULL);
    for (int i = 0; i < 20000; i++)
        fprintf(file.to, "line %d\n", i);
    CHECK_STATUS(mmofl_text_file_close(&file, MMOFL_OK, &err), MMOFL_E_NO_SPACE);
    CHECK(!mmofl_file_exists(path));
    scratch_delete(&s);
}

CHECK_MAIN(TEST(what_is_written_is_there_after_the_end),
           TEST(given_up_it_leaves_what_was_there),
           TEST(what_cannot_be_written_is_told),
           TEST(a_write_that_failed_early_is_told_at_the_end))
