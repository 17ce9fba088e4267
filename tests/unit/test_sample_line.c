/* test_sample_line.c - what sensors may say, and what they may not. */
#include "bad_files.h"
#include "signals_fixture.h"

#include "base/file.h"
#include "device/sample_line.h"

static mmofl_status read_text(mmofl_line_reader *reader, const char *text,
                              const mmofl_line **line, mmofl_error *err)
{
    return mmofl_line_read(reader, text, strlen(text), line, err);
}

static void a_sample_brings_what_it_has(void **state)
{
    (void)state;
    mmofl_signals signals;
    mmofl_line_reader *reader;
    const mmofl_line *line;
    mmofl_error err = {0};
    CHECK_OK(signals_fixture(&signals));
    CHECK_OK(mmofl_line_reader_new(&signals, &reader));
    CHECK_OK(read_text(reader,
                       "{\"id\":7,\"label\":\"walk\",\"values\":{\"light\":[1,2.5,-3e2,"
                       "0.1],\"note\":[1,99,0,0,0],\"accelerometer\":null}}",
                       &line, &err));
    CHECK_INT(line->kind, MMOFL_LINE_SAMPLE);
    CHECK_TEXT(line->id, "7");
    CHECK_INT(line->label, 1);
    CHECK_INT(line->mask, 6);
    CHECK(!line->standardized);
    CHECK(line->values[1][2] == -300 && line->values[1][3] == 0.1f);
    CHECK(line->values[2][1] == 99);
    CHECK_OK(read_text(reader,
                       "{\"standardized\":true,\"values\":{\"light\":[1,2,3,4]}}",
                       &line, &err));
    CHECK_TEXT(line->id, "");
    CHECK_INT(line->label, MMOFL_NO_LABEL);
    CHECK_INT(line->mask, 2);
    CHECK(line->standardized);
    mmofl_line_reader_delete(reader);
    mmofl_signals_free(&signals);
}

static void a_label_may_come_later_and_readings_one_by_one(void **state)
{
    (void)state;
    mmofl_signals signals;
    mmofl_line_reader *reader;
    const mmofl_line *line;
    mmofl_error err = {0};
    CHECK_OK(signals_fixture(&signals));
    CHECK_OK(mmofl_line_reader_new(&signals, &reader));
    CHECK_OK(read_text(reader, "{\"id\":\"a-7\",\"label\":2}", &line, &err));
    CHECK_INT(line->kind, MMOFL_LINE_LABEL);
    CHECK_TEXT(line->id, "a-7");
    CHECK_INT(line->label, 2);
    CHECK_OK(read_text(reader,
                       "{\"t\":0.02,\"modality\":\"accelerometer\",\"value\":[1,2,3]}",
                       &line, &err));
    CHECK_INT(line->kind, MMOFL_LINE_READING);
    CHECK_INT(line->modality, 0);
    CHECK(line->time_s == 0.02 && line->values[0][2] == 3);
    mmofl_line_reader_delete(reader);
    mmofl_signals_free(&signals);
}

static mmofl_status read_file(const char *path, mmofl_error *err)
{
    unsigned char *text;
    size_t size;
    mmofl_signals signals;
    mmofl_line_reader *reader;
    const mmofl_line *line;
    CHECK_OK(mmofl_file_read(path, 1 << 20, &text, &size, err));
    CHECK_OK(signals_fixture(&signals));
    CHECK_OK(mmofl_line_reader_new(&signals, &reader));
    mmofl_status st = mmofl_line_read(reader, (const char *)text, size, &line, err);
    if (st)
        mmofl_fail_within(err, "%s", path);
    mmofl_line_reader_delete(reader);
    mmofl_signals_free(&signals);
    free(text);
    return st;
}

static void bad_lines_are_refused(void **state)
{
    (void)state;
    bad_files_are_refused("sample-line", 20, read_file);
}

CHECK_MAIN(TEST(a_sample_brings_what_it_has),
           TEST(a_label_may_come_later_and_readings_one_by_one),
           TEST(bad_lines_are_refused))
