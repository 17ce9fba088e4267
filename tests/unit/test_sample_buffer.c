/* test_sample_buffer.c - the ring of a device, in memory and in a file. */
#include "scratch.h"
#include "signals_fixture.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "device/sample_buffer.h"

enum { SLOTS = 4 };

/* Sample number i: light alone where i is odd; its values are i, its label i % 3. */
static void push(mmofl_sample_buffer *b, const mmofl_signals *s, int i, int32_t label)
{
    static float values[3][12];
    mmofl_line line = {.kind = MMOFL_LINE_SAMPLE,
                       .label = label,
                       .mask = i % 2 ? 2 : 3,
                       .values = {values[0], values[1], values[2]}};
    snprintf(line.id, sizeof line.id, "%d", i);
    for (int m = 0; m < s->n; m++)
        for (size_t k = 0; k < s->count[m]; k++)
            values[m][k] = (float)i;
    mmofl_sample_buffer_push(b, &line);
}

static void the_oldest_leaves_first(void **state)
{
    (void)state;
    mmofl_signals s;
    mmofl_sample_buffer *b;
    mmofl_error err = {0};
    CHECK_OK(signals_fixture(&s));
    CHECK_OK(mmofl_sample_buffer_open(&s, SLOTS, NULL, &b, &err));
    CHECK_INT(mmofl_sample_buffer_view(b, 0).samples.n, 0);
    for (int i = 0; i < 6; i++)
        push(b, &s, i, i % 3);
    CHECK_INT(mmofl_sample_buffer_arrivals(b), 6);
    CHECK_INT(mmofl_sample_buffer_held(b), SLOTS);
    mmofl_buffer_view view = mmofl_sample_buffer_view(b, 4);
    CHECK_INT(view.samples.n, SLOTS);
    CHECK_INT(view.fresh, 2);
    float values[12];
    for (int i = 0; i < SLOTS; i++) {
        int arrival = 2 + i;
        CHECK_INT(view.samples.label[i], arrival % 3);
        CHECK_INT(view.samples.mask[i], arrival % 2 ? 2 : 3);
        view.samples.fetch(view.samples.context, i, 1, values);
        CHECK_NEAR(values[0], (arrival - 100) / 50.0, 1e-6); /* standardised */
    }
    CHECK(mmofl_sample_buffer_last(b, 1, values));
    CHECK(!mmofl_sample_buffer_last(b, 0, values)); /* number 5 lacks it */
    mmofl_sample_buffer_close(b);
    mmofl_signals_free(&s);
}

static void what_has_no_label_is_held_and_not_trained_on(void **state)
{
    (void)state;
    mmofl_signals s;
    mmofl_sample_buffer *b;
    mmofl_error err = {0};
    CHECK_OK(signals_fixture(&s));
    CHECK_OK(mmofl_sample_buffer_open(&s, SLOTS, NULL, &b, &err));
    push(b, &s, 0, 1);
    push(b, &s, 1, MMOFL_NO_LABEL);
    push(b, &s, 2, MMOFL_NO_LABEL);
    CHECK_INT(mmofl_sample_buffer_view(b, 1).samples.n, 1);
    CHECK_INT(mmofl_sample_buffer_view(b, 1).fresh, 0);
    CHECK(mmofl_sample_buffer_label(b, "2", 0));
    CHECK(!mmofl_sample_buffer_label(b, "9", 0));
    mmofl_buffer_view view = mmofl_sample_buffer_view(b, 1);
    CHECK_INT(view.samples.n, 2);
    CHECK_INT(view.fresh, 1);
    CHECK_INT(view.samples.label[1], 0);
    const mmofl_sensor_record *r = mmofl_sample_buffer_record(b);
    CHECK_INT(r->samples, 3);
    CHECK_INT(r->unlabelled, 2);
    CHECK_INT(r->missing[0], 1);
    CHECK_INT(r->missing[2], 3);
    CHECK_NEAR(r->sum[1], 4 * (0 + 1 + 2), 1e-9);
    mmofl_sample_buffer_forget_record(b);
    CHECK_INT(r->samples, 0);
    mmofl_sample_buffer_close(b);
    mmofl_signals_free(&s);
}

static void a_file_goes_on_where_a_killed_process_stopped(void **state)
{
    mmofl_signals s;
    mmofl_sample_buffer *b;
    mmofl_error err = {0};
    const char *path = scratch_path(*state, "buffer");
    CHECK_OK(signals_fixture(&s));
    pid_t pid = fork();
    if (pid == 0) {
        if (mmofl_sample_buffer_open(&s, SLOTS, path, &b, &err))
            _exit(1);
        for (int i = 0; i < 6; i++)
            push(b, &s, i, i % 3);
        kill(getpid(), SIGKILL);
    }
    int status;
    waitpid(pid, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK_OK(mmofl_sample_buffer_open(&s, SLOTS, path, &b, &err));
    CHECK_INT(mmofl_sample_buffer_arrivals(b), 6);
    CHECK_INT(mmofl_sample_buffer_view(b, 0).samples.n, SLOTS);
    mmofl_sample_buffer *other;
    CHECK_STATUS(mmofl_sample_buffer_open(&s, SLOTS, path, &other, &err),
                 MMOFL_E_STATE);
    push(b, &s, 6, 0);
    CHECK_OK(mmofl_sample_buffer_sync(b, &err));
    mmofl_sample_buffer_close(b);
    CHECK_STATUS(mmofl_sample_buffer_open(&s, SLOTS + 1, path, &b, &err),
                 MMOFL_E_SHAPE);
    s.sd[1][0] = 51;
    CHECK_STATUS(mmofl_sample_buffer_open(&s, SLOTS, path, &b, &err), MMOFL_E_SHAPE);
    mmofl_signals_free(&s);
}

/* A power cut may leave any bytes in a slot that was not synced. */
static void a_torn_slot_is_left_out(void **state)
{
    mmofl_signals s;
    mmofl_sample_buffer *b;
    mmofl_error err = {0};
    const char *path = scratch_path(*state, "buffer");
    CHECK_OK(signals_fixture(&s));
    CHECK_OK(mmofl_sample_buffer_open(&s, SLOTS, path, &b, &err));
    size_t bytes = mmofl_sample_buffer_bytes(&s, SLOTS);
    for (int i = 0; i < SLOTS; i++)
        push(b, &s, i, 1);
    mmofl_sample_buffer_close(b);
    int fd = open(path, O_RDWR);
    CHECK(fd >= 0);
    /* light of slot 2: the part before the last one, four floats a slot. */
    off_t note = (off_t)(SLOTS * 5 * sizeof(float) + 63) / 64 * 64;
    off_t light = (off_t)(SLOTS * 4 * sizeof(float) + 63) / 64 * 64;
    float torn = 1e9f;
    CHECK(pwrite(fd, &torn, sizeof torn,
                 (off_t)bytes - note - light + 2 * 4 * (off_t)sizeof torn) ==
          sizeof torn);
    close(fd);
    CHECK_OK(mmofl_sample_buffer_open(&s, SLOTS, path, &b, &err));
    CHECK_INT(mmofl_sample_buffer_view(b, 0).samples.n, SLOTS - 1);
    mmofl_sample_buffer_close(b);
    fd = open(path, O_RDWR);
    CHECK(pwrite(fd, &torn, sizeof torn, 0) == sizeof torn);
    close(fd);
    CHECK_STATUS(mmofl_sample_buffer_open(&s, SLOTS, path, &b, &err), MMOFL_E_CORRUPT);
    mmofl_signals_free(&s);
}

CHECK_MAIN(TEST(the_oldest_leaves_first),
           TEST(what_has_no_label_is_held_and_not_trained_on),
           IN_A_FOLDER(a_file_goes_on_where_a_killed_process_stopped),
           IN_A_FOLDER(a_torn_slot_is_left_out))
