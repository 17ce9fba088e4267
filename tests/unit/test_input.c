/* test_input.c - lines out of pipes, sockets and sensors. */
#include "scratch.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/file.h"
#include "device/input.h"
#include "device/lines.h"

static mmofl_input *open_input(const char *kind, const char *path)
{
    char text[700];
    mmofl_input *input;
    mmofl_error err = {0};
    snprintf(text, sizeof text, "%s:%s", kind, path);
    if (mmofl_input_open(text, NULL, &input, &err))
        fail_msg("%s: %s", text, err.text);
    return input;
}

static void check_next(mmofl_input *input, const char *wanted)
{
    size_t size = 0;
    const char *line = NULL;
    double end = mmofl_clock_seconds() + 5;
    while (!(line = input->kind->next(input, &size)) && mmofl_clock_seconds() < end)
        ;
    CHECK(line);
    CHECK_INT(size, strlen(wanted));
    assert_memory_equal(line, wanted, size);
}

static void check_nothing(mmofl_input *input)
{
    size_t size;
    CHECK(!input->kind->next(input, &size));
}

static void put(int fd, const char *text)
{
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void a_pipe_outlives_its_writers(void **state)
{
    const char *path = scratch_path(*state, "fifo");
    mmofl_input *input = open_input("fifo", path);
    check_nothing(input);
    for (int writer = 0; writer < 2; writer++) {
        int fd = open(path, O_WRONLY);
        CHECK(fd >= 0);
        put(fd, "one\r\n\ntwo\nthr");
        check_next(input, "one");
        check_next(input, "two");
        check_nothing(input);
        put(fd, "ee\n");
        check_next(input, "three");
        close(fd);
        check_nothing(input);
        CHECK(!input->kind->has_ended(input));
    }
    input->kind->close(input);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    CHECK(connect(fd, (void *)&address, sizeof address) == 0);
    return fd;
}

static void a_socket_has_several_writers(void **state)
{
    const char *path = scratch_path(*state, "socket");
    mmofl_input *input = open_input("unix", path);
    int a = connect_to(path), b = connect_to(path);
    put(a, "from a\nhalf");
    check_next(input, "from a");
    put(b, "from b\n");
    check_next(input, "from b");
    close(a); /* what has no line end is the last line */
    check_next(input, "half");
    put(b, "b again\n");
    check_next(input, "b again");
    close(b);
    check_nothing(input);
    CHECK(!input->kind->has_ended(input));
    input->kind->close(input);
    CHECK(!mmofl_file_exists(path));
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[700];
    mmofl_error err = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_OK(mmofl_file_write(path, text, strlen(text), false, &err));
}

static void sensors_of_the_kernel_become_readings(void **state)
{
    const scratch *s = *state;
    char where[900];
    size_t size;
    write_file(s->folder, "in_accel_x_raw", "100\n");
    write_file(s->folder, "in_accel_y_raw", "-50\n");
    write_file(s->folder, "in_accel_scale", "0.01\n");
    write_file(s->folder, "in_accel_y_offset", "10\n");
    write_file(s->folder, "in_illuminance_input", "42.5\n");
    snprintf(where, sizeof where,
             "%s?accelerometer=accel_x,accel_y@200&light=illuminance@50", s->folder);
    mmofl_input *input = open_input("iio", where);
    CHECK(input->kind->due_s(input) == 0);
    int accelerometer = 0, light = 0;
    double end = mmofl_clock_seconds() + 0.5;
    while (mmofl_clock_seconds() < end) {
        const char *line = input->kind->next(input, &size);
        if (!line)
            continue;
        if (strstr(line, "\"accelerometer\",\"value\":[1,-0.4]}"))
            accelerometer++;
        else if (strstr(line, "\"light\",\"value\":[42.5]}"))
            light++;
        else
            fail_msg("%.*s", (int)size, line);
    }
    CHECK(accelerometer > 20 && accelerometer <= 101); /* a busy machine leaves out */
    CHECK(light > 5 && light <= 26 && light < accelerometer);
    input->kind->close(input);
}

static void what_is_no_input_is_refused(void **state)
{
    const scratch *s = *state;
    char here[700];
    snprintf(here, sizeof here, "fifo:%s/plain", s->folder);
    write_file(s->folder, "plain", "");
    const struct {
        const char *text;
        mmofl_status status;
    } bad[] = {{"serial:/dev/tty", MMOFL_E_UNKNOWN},
               {"", MMOFL_E_UNKNOWN},
               {"fifo:/nowhere/fifo", MMOFL_E_NOT_FOUND},
               {here, MMOFL_E_TYPE},
               {"unix:/nowhere/socket", MMOFL_E_NOT_FOUND},
               {"mqtt:localhost", MMOFL_E_SYNTAX},
               {"mqtt:localhost:x/topic", MMOFL_E_SYNTAX},
               {"iio:/sys", MMOFL_E_SYNTAX},
               {"iio:/sys?light", MMOFL_E_SYNTAX},
               {"iio:/sys?light=illuminance", MMOFL_E_SYNTAX},
               {"iio:/sys?light=illuminance@0", MMOFL_E_SYNTAX},
               {"iio:/sys?light=../x@1", MMOFL_E_SYNTAX},
               {"iio:/nowhere?light=illuminance@1", MMOFL_E_NOT_FOUND}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mmofl_input *input;
        mmofl_error err = {0};
        if (mmofl_input_open(bad[i].text, NULL, &input, &err) != bad[i].status)
            fail_msg("%s: %s: %s", bad[i].text, mmofl_status_name(err.status),
                     err.text);
        CHECK(*err.text);
    }
}

static void a_line_that_is_too_long_is_left_out_as_a_whole(void **state)
{
    (void)state;
    enum { PIECE = 1 << 20 };
    int fd[2];
    size_t size;
    mmofl_lines lines = {0};
    char *piece = malloc(PIECE);
    CHECK(piece && pipe(fd) == 0);
    memset(piece, 'x', PIECE);
    put(fd[1], "before\n");
    for (size_t sent = 0; sent < MMOFL_INPUT_LINE_BYTES + PIECE; sent += 32768) {
        CHECK(write(fd[1], piece, 32768) == 32768);
        CHECK_OK(mmofl_lines_read(&lines, fd[0]));
        if (sent == 0)
            CHECK(mmofl_lines_next(&lines, &size) && size == 6);
        CHECK(!mmofl_lines_next(&lines, &size));
    }
    put(fd[1], "\nafter\n");
    const char *line = NULL;
    for (int i = 0; i < 10 && !line; i++) {
        CHECK_OK(mmofl_lines_read(&lines, fd[0]));
        line = mmofl_lines_next(&lines, &size);
    }
    CHECK(line && size == 5);
    CHECK(lines.room <= MMOFL_INPUT_LINE_BYTES);
    mmofl_lines_free(&lines);
    free(piece);
    close(fd[0]);
    close(fd[1]);
}

CHECK_MAIN(IN_A_FOLDER(a_pipe_outlives_its_writers),
           IN_A_FOLDER(a_socket_has_several_writers),
           IN_A_FOLDER(sensors_of_the_kernel_become_readings),
           IN_A_FOLDER(what_is_no_input_is_refused),
           TEST(a_line_that_is_too_long_is_left_out_as_a_whole))
