/* test_windows.c - windows over readings that come as sensors send them. */
#include "check.h"

#include "device/windows.h"

enum { LENGTH = 4 };

/* Two sensors: x at 4 Hz, one channel; y at 4 Hz, two channels; windows of 1 s. */
static void two_sensors(mmofl_signals *s)
{
    static const float zero[2] = {0}, one[2] = {1, 1};
    static const char classes[][MMOFL_NAME_BYTES] = {"a", "b"};
    mmofl_signal signal[2] = {
        {{.name = "x", .rate_hz = 4, .shape = {2, {LENGTH, 1}}}, zero, one},
        {{.name = "y", .rate_hz = 4, .shape = {2, {LENGTH, 2}}}, zero, one}};
    mmofl_welcome welcome = {
        .n_signals = 2, .signal = signal, .n_classes = 2, .class_name = classes};
    CHECK_OK(mmofl_signals_take(s, &welcome));
}

static void add(mmofl_windows *w, int m, double t, float a, int32_t label)
{
    float values[2] = {a, -a};
    mmofl_line line = {
        .kind = MMOFL_LINE_READING, .label = label, .time_s = t, .modality = m};
    line.values[m] = values;
    mmofl_windows_add(w, &line);
}

static mmofl_windows *begin(mmofl_signals *s, mmofl_windows_spec spec)
{
    mmofl_windows *w;
    mmofl_error err = {0};
    two_sensors(s);
    CHECK_OK(mmofl_windows_new(s, &spec, &w, &err));
    return w;
}

static void windows_overlap_and_hold_what_lies_between_readings(void **state)
{
    (void)state;
    mmofl_signals s;
    mmofl_windows *w = begin(&s, (mmofl_windows_spec){0});
    CHECK(!mmofl_windows_next(w));
    for (int i = 0; i <= 6; i++) { /* value = time; y at odd times, 0.1 s later */
        add(w, 0, i * 0.25, (float)(i * 0.25), i >= 4 ? 1 : MMOFL_NO_LABEL);
        add(w, 1, i * 0.25 + 0.1, (float)(i * 0.25 + 0.1), MMOFL_NO_LABEL);
    }
    const mmofl_line *line = mmofl_windows_next(w);
    CHECK(line);
    CHECK_INT(line->mask, 3);
    CHECK_INT(line->label, 1);
    for (int k = 0; k < LENGTH; k++) {
        CHECK_NEAR(line->values[0][k], k * 0.25, 1e-6);
        /* y has nothing before 0.1 s: its nearest reading stands there */
        CHECK_NEAR(line->values[1][2 * k], k == 0 ? 0.1 : k * 0.25, 1e-6);
        CHECK_NEAR(line->values[1][2 * k + 1], -(k == 0 ? 0.1 : k * 0.25), 1e-6);
    }
    line = mmofl_windows_next(w); /* half a window later */
    CHECK(line);
    CHECK_TEXT(line->id, "w1");
    CHECK_NEAR(line->values[0][0], 0.5, 1e-6);
    CHECK(!mmofl_windows_next(w));
    mmofl_windows_delete(w);
    mmofl_signals_free(&s);
}

static void a_sensor_that_stops_is_missing_and_holds_nobody_up(void **state)
{
    (void)state;
    mmofl_signals s;
    mmofl_windows *w = begin(&s, (mmofl_windows_spec){.gap_s = 0.6, .late_s = 0.5});
    add(w, 1, 0, 1, MMOFL_NO_LABEL);
    for (int i = 0; i <= 5; i++)
        add(w, 0, i * 0.25, 1, MMOFL_NO_LABEL);
    CHECK(!mmofl_windows_next(w)); /* y is still waited for */
    add(w, 0, 1.5, 1, MMOFL_NO_LABEL);
    const mmofl_line *line = mmofl_windows_next(w);
    CHECK(line);
    CHECK_INT(line->mask, 1);
    CHECK_INT(line->label, MMOFL_NO_LABEL);
    mmofl_windows_delete(w);
    mmofl_signals_free(&s);
}

static void
readings_too_late_are_dropped_and_a_restarted_clock_begins_anew(void **state)
{
    (void)state;
    mmofl_signals s;
    mmofl_windows *w = begin(&s, (mmofl_windows_spec){0});
    for (int i = 0; i < 4; i++)
        add(w, 0, 100 + i * 0.25, 1, MMOFL_NO_LABEL);
    add(w, 0, 100.1, 99, MMOFL_NO_LABEL); /* among those: dropped */
    for (int i = 0; i <= 8; i++) {
        add(w, 0, i * 0.25, 2, MMOFL_NO_LABEL); /* the clock began anew */
        add(w, 1, i * 0.25, 3, MMOFL_NO_LABEL);
    }
    const mmofl_line *line = mmofl_windows_next(w);
    CHECK(line);
    CHECK_INT(line->mask, 3);
    for (int k = 0; k < LENGTH; k++)
        CHECK(line->values[0][k] == 2 && line->values[1][2 * k] == 3);
    mmofl_windows_delete(w);
    mmofl_signals_free(&s);
}

static void memory_is_bounded_when_nobody_takes_windows(void **state)
{
    (void)state;
    mmofl_signals s;
    mmofl_windows *w = begin(&s, (mmofl_windows_spec){0});
    for (int i = 0; i < 10000; i++) {
        add(w, 0, i * 0.01, 1, MMOFL_NO_LABEL);
        add(w, 1, i * 0.01, 1, MMOFL_NO_LABEL);
    }
    int n = 0;
    for (const mmofl_line *line; (line = mmofl_windows_next(w)); n++)
        CHECK(line->mask == 3);
    CHECK(n >= 1 && n < 10); /* the newest: older windows had lost their readings */
    mmofl_windows_delete(w);
    mmofl_signals_free(&s);
}

static void what_cannot_be_a_window_is_refused(void **state)
{
    (void)state;
    mmofl_signals s;
    mmofl_windows *w;
    mmofl_error err = {0};
    two_sensors(&s);
    CHECK_STATUS(
        mmofl_windows_new(&s, &(mmofl_windows_spec){.rate_hz = {4, 8}}, &w, &err),
        MMOFL_E_RANGE);
    CHECK_CONTAINS(err.text, "wanted the same");
    s.modality[1].rate_hz = 0;
    CHECK_STATUS(mmofl_windows_new(&s, &(mmofl_windows_spec){0}, &w, &err),
                 MMOFL_E_RANGE);
    s.modality[1].shape.n = 1;
    CHECK_STATUS(mmofl_windows_new(&s, &(mmofl_windows_spec){0}, &w, &err),
                 MMOFL_E_SHAPE);
    mmofl_signals_free(&s);
}

CHECK_MAIN(TEST(windows_overlap_and_hold_what_lies_between_readings),
           TEST(a_sensor_that_stops_is_missing_and_holds_nobody_up),
           TEST(readings_too_late_are_dropped_and_a_restarted_clock_begins_anew),
           TEST(memory_is_bounded_when_nobody_takes_windows),
           TEST(what_cannot_be_a_window_is_refused))
