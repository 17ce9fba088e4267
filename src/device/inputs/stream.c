/* stream.c - lines out of standard input, a named pipe, or a Unix socket's writers.
 *
 * A pipe is opened for reading and writing, so that it does not end when its last
 * writer leaves.  A socket has as many writers as there are tracks; more wait in the
 * kernel. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "device/inputs/inputs.h"
#include "device/lines.h"

enum { TRACKS = MMOFL_INPUT_DESCRIPTORS - 1 };

/* One that writes to us. */
typedef struct track {
    int fd; /* -1: free */
    bool ended;
    mmofl_lines lines;
} track;

typedef struct stream {
    mmofl_input input;
    int listener; /* -1: none */
    char *path;   /* of the socket, to be removed */
    track track[TRACKS];
    int turn; /* whose lines are next */
} stream;

static stream *of(mmofl_input *input)
{
    return (stream *)(void *)input;
}

static const stream *of_const(const mmofl_input *input)
{
    return (const stream *)(const void *)input;
}

static int descriptors(const mmofl_input *input, int *fd, int max)
{
    const stream *s = of_const(input);
    int n = 0;
    if (s->listener >= 0 && n < max)
        fd[n++] = s->listener;
    for (int i = 0; i < TRACKS && n < max; i++)
        if (s->track[i].fd >= 0 && !s->track[i].ended)
            fd[n++] = s->track[i].fd;
    return n;
}

static double due_s(const mmofl_input *input)
{
    (void)input;
    return (double)INFINITY;
}

static void accept_writer(stream *s)
{
    for (int i = 0; i < TRACKS; i++) {
        if (s->track[i].fd >= 0)
            continue;
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        s->track[i] = (track){.fd = fd};
        return;
    }
}

static void drop(track *t)
{
    mmofl_lines_free(&t->lines);
    if (t->fd > STDERR_FILENO)
        close(t->fd);
    t->fd = -1;
}

/* A line that is there, or one that comes with one read. */
static const char *next_of(stream *s, track *t, size_t *size)
{
    const char *line = mmofl_lines_next(&t->lines, size);
    struct pollfd there = {.fd = t->fd, .events = POLLIN};
    if (line || t->ended || poll(&there, 1, 0) <= 0) /* standard input may block */
        return line;
    mmofl_status st = mmofl_lines_read(&t->lines, t->fd);
    line = mmofl_lines_next(&t->lines, size);
    t->ended = st != MMOFL_OK;
    if (t->ended && !line && s->listener >= 0)
        drop(t);
    return line;
}

static const char *next(mmofl_input *input, size_t *size)
{
    stream *s = of(input);
    if (s->listener >= 0)
        accept_writer(s);
    for (int i = 0; i < TRACKS; i++) {
        track *t = &s->track[(s->turn + i) % TRACKS];
        const char *line = t->fd >= 0 ? next_of(s, t, size) : NULL;
        if (line) {
            s->turn = (s->turn + i + 1) % TRACKS;
            return line;
        }
    }
    return NULL;
}

static bool has_ended(const mmofl_input *input)
{
    const stream *s = of_const(input);
    const track *t = &s->track[0];
    return s->listener < 0 && t->ended && t->lines.from == t->lines.size;
}

static void close_stream(mmofl_input *input)
{
    if (!input)
        return;
    stream *s = of(input);
    for (int i = 0; i < TRACKS; i++)
        if (s->track[i].fd >= 0)
            drop(&s->track[i]);
    if (s->listener >= 0)
        close(s->listener);
    if (s->path)
        unlink(s->path);
    free(s->path);
    free(s);
}

static stream *make(const mmofl_input_kind *kind, mmofl_error *err)
{
    stream *s = calloc(1, sizeof *s);
    if (!s) {
        mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the input");
        return NULL;
    }
    s->input.kind = kind;
    s->listener = -1;
    for (int i = 0; i < TRACKS; i++)
        s->track[i].fd = -1;
    return s;
}

static mmofl_status fail_path(stream *s, const char *path, mmofl_error *err)
{
    int e = errno;
    close_stream(&s->input);
    return mmofl_fail(err, e == ENOENT ? MMOFL_E_NOT_FOUND : MMOFL_E_IO, "%s: %s", path,
                      strerror(e));
}

/* ---- standard input ---- */

static mmofl_status open_stdin(const char *where, const mmofl_log_sink *log,
                               mmofl_input **out, mmofl_error *err)
{
    (void)where, (void)log;
    stream *s = make(&mmofl_input_stdin, err);
    if (!s)
        return MMOFL_E_MEMORY;
    s->track[0].fd = STDIN_FILENO;
    *out = &s->input;
    return MMOFL_OK;
}

/* ---- a named pipe ---- */

static mmofl_status open_fifo(const char *where, const mmofl_log_sink *log,
                              mmofl_input **out, mmofl_error *err)
{
    (void)log;
    struct stat st;
    stream *s = make(&mmofl_input_fifo, err);
    if (!s)
        return MMOFL_E_MEMORY;
    if (mkfifo(where, 0600) != 0 && errno != EEXIST)
        return fail_path(s, where, err);
    s->track[0].fd = open(where, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (s->track[0].fd < 0 || fstat(s->track[0].fd, &st) != 0)
        return fail_path(s, where, err);
    if (!S_ISFIFO(st.st_mode)) {
        close_stream(&s->input);
        return mmofl_fail(err, MMOFL_E_TYPE, "%s: there, and no named pipe", where);
    }
    *out = &s->input;
    return MMOFL_OK;
}

/* ---- a Unix socket ---- */

/* A socket that nobody listens to any more is in the way. */
static void remove_stale(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const void *)address, sizeof *address) != 0 &&
        errno == ECONNREFUSED)
        unlink(address->sun_path);
    if (fd >= 0)
        close(fd);
}

static mmofl_status open_unix(const char *where, const mmofl_log_sink *log,
                              mmofl_input **out, mmofl_error *err)
{
    (void)log;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(where) >= sizeof address.sun_path)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: wanted at most %zu bytes", where,
                          sizeof address.sun_path - 1);
    memcpy(address.sun_path, where, strlen(where) + 1);
    stream *s = make(&mmofl_input_unix, err);
    if (!s)
        return MMOFL_E_MEMORY;
    remove_stale(&address);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->listener < 0 ||
        bind(s->listener, (const void *)&address, sizeof address) != 0)
        return fail_path(s, where, err);
    s->path = strdup(where);
    if (listen(s->listener, TRACKS) != 0)
        return fail_path(s, where, err);
    *out = &s->input;
    return MMOFL_OK;
}

const mmofl_input_kind mmofl_input_stdin = {"stdin", open_stdin, descriptors, due_s,
                                            next,    has_ended,  close_stream};
const mmofl_input_kind mmofl_input_fifo = {"fifo", open_fifo, descriptors, due_s,
                                           next,   has_ended, close_stream};
const mmofl_input_kind mmofl_input_unix = {"unix", open_unix, descriptors, due_s,
                                           next,   has_ended, close_stream};
