/* test_board.c - readers see whole states, while the writer goes on; what HTTP says. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#include "serve/http.h"
#include "serve/pages.h"

enum { DEVICES = 50, STATES = 2000 };

/* In state t everything is t. */
static void fill(mmofl_board_view *v, uint64_t t)
{
    v->status.round = v->status.rounds = t;
    for (int i = 0; i < DEVICES; i++)
        v->device[i].samples = (uint32_t)t;
}

static void *look(void *context)
{
    mmofl_board *board = context;
    uint64_t last = 0;
    while (last < STATES) {
        const mmofl_board_view *v = mmofl_board_read(board);
        uint64_t t = v->status.round;
        bool is_whole = v->status.rounds == t && t >= last;
        for (int i = 0; i < DEVICES; i++)
            is_whole = is_whole && v->device[i].samples == t;
        mmofl_board_done(board);
        if (!is_whole)
            return board;
        last = t;
    }
    return NULL;
}

static void readers_see_whole_states_in_order(void **state)
{
    (void)state;
    mmofl_board *board;
    pthread_t reader[3];
    CHECK_OK(mmofl_board_new(DEVICES, &board));
    for (int i = 0; i < 3; i++)
        CHECK_INT(pthread_create(&reader[i], NULL, look, board), 0);
    for (uint64_t t = 1; t <= STATES; t++) {
        fill(mmofl_board_draft(board), t);
        bool is_shown = mmofl_board_show(board);
        while (t == STATES && !is_shown) { /* the last one, for certain */
            nanosleep(&(struct timespec){0, 100000}, NULL);
            is_shown = mmofl_board_show(board);
        }
    }
    for (int i = 0; i < 3; i++) {
        void *torn = NULL;
        pthread_join(reader[i], &torn);
        CHECK(!torn);
    }
    mmofl_board_delete(board);
}

/* ---- HTTP ---- */

static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    close(fd);
    return ntohs(a.sin_port);
}

/* The whole answer to a request. */
static const char *ask(int port, const char *request)
{
    static char text[65536];
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    CHECK(write(fd, request, strlen(request)) == (ssize_t)strlen(request));
    size_t size = 0;
    ssize_t n;
    while ((n = read(fd, text + size, sizeof text - 1 - size)) > 0)
        size += (size_t)n;
    close(fd);
    text[size] = '\0';
    return text;
}

static const char *get(int port, const char *path)
{
    char request[256];
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    return ask(port, request);
}

static void http_answers_while_the_writer_goes_on(void **state)
{
    (void)state;
    mmofl_board *board;
    mmofl_http *http, *second;
    mmofl_error err = {0};
    mmofl_address at = {"127.0.0.1", free_port()};
    CHECK_OK(mmofl_board_new(DEVICES, &board));
    CHECK_OK(mmofl_http_start(&at, "fed", board, &http, &err));
    CHECK_CONTAINS(get(at.port, "/status"), "\"device\":[]"); /* nothing was written */
    for (uint64_t t = 1; t <= 20; t++) {
        fill(mmofl_board_draft(board), t);
        (void)mmofl_board_show(board);
        CHECK_CONTAINS(get(at.port, "/metrics"),
                       "# TYPE mmofl_round gauge\nmmofl_round ");
    }
    CHECK_CONTAINS(get(at.port, "/status"), "\"federation\":\"fed\"");
    CHECK_CONTAINS(get(at.port, "/healthz"), "200 OK");
    CHECK_CONTAINS(get(at.port, "/"), "404 Not Found");
    CHECK_CONTAINS(ask(at.port, "DELETE /status HTTP/1.1\r\nHost: x\r\n"
                                "Connection: close\r\n\r\n"),
                   "405 Method Not Allowed");
    (void)ask(at.port, "nonsense\r\n\r\n");
    CHECK_CONTAINS(get(at.port, "/healthz"), "ok\n");
    CHECK_STATUS(mmofl_http_start(&at, "fed", board, &second, &err), MMOFL_E_NETWORK);
    CHECK_CONTAINS(err.text, "Address already in use");
    mmofl_http_stop(http);
    mmofl_board_delete(board);
}

static void an_address_that_is_not_here_is_refused(void **state)
{
    (void)state;
    mmofl_board *board;
    mmofl_http *http;
    mmofl_error err = {0};
    mmofl_address at = {"no-such-host.invalid", 80};
    CHECK_OK(mmofl_board_new(0, &board));
    CHECK_STATUS(mmofl_http_start(&at, "fed", board, &http, &err), MMOFL_E_NETWORK);
    CHECK_CONTAINS(err.text, "no-such-host.invalid");
    mmofl_board_delete(board);
}

/* ---- pages ---- */

static void health_says_what_is_wrong(void **state)
{
    (void)state;
    mmofl_page page;
    mmofl_board_view view = {.at_s = 1};
    CHECK(mmofl_page_health(&view, 0, &page));
    CHECK_TEXT(page.text, "ok\n");
    free(page.text);
    view.status.away_s = 7;
    CHECK(!mmofl_page_health(&view, 3, &page));
    CHECK_TEXT(page.text, "no broker for 10 s\n");
    free(page.text);
    view.status.away_s = 0;
    view.status.unkept = 2;
    CHECK(mmofl_page_health(&view, 0, &page)); /* they are on their way */
    free(page.text);
    view.status.counts.journal_failures = 1;
    CHECK(!mmofl_page_health(&view, 0, &page));
    free(page.text);
    CHECK(!mmofl_page_health(&view, 1000, &page));
    CHECK_TEXT(page.text, "nothing has happened for 1000 s\n");
    free(page.text);
}

static void times_without_an_end_are_null(void **state)
{
    (void)state;
    mmofl_device_status device = {"d", MMOFL_DEVICE_AWAY, true, INFINITY, 0};
    mmofl_board_view view = {
        .at_s = 1,
        .status = {.devices = 1, .left_s = INFINITY, .counts.refused = {[2] = 3}},
        .device = &device};
    mmofl_page page = mmofl_page_status(&view, "f\"ed", 0);
    CHECK_CONTAINS(page.text, "\"left_s\":null");
    CHECK_CONTAINS(page.text, "\"heard_s\":null");
    CHECK_CONTAINS(page.text, "\"f\\\"ed\"");
    CHECK_CONTAINS(page.text, "\"refused\":{\"E_RANGE\":3}");
    free(page.text);
}

CHECK_MAIN(TEST(readers_see_whole_states_in_order),
           TEST(http_answers_while_the_writer_goes_on),
           TEST(an_address_that_is_not_here_is_refused),
           TEST(health_says_what_is_wrong), TEST(times_without_an_end_are_null))
