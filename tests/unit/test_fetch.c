/* test_fetch.c - downloads from a small HTTP server on this machine. */
#include "scratch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/socket.h>

#include "base/file.h"
#include "data/source.h"

enum { BODY = 300000 };

/* --- server ----------------------------------------------------------------------- */

enum behaviour {
    WITH_RANGES,
    WITHOUT_RANGES,
    CUT_AT_HALF,  /* announces everything, sends half */
    CUT_SILENTLY, /* announces nothing, sends half */
    SHORT_FILE,   /* announces and sends half */
    LONG_FILE,    /* one byte more */
    NOT_FOUND,
    REDIRECT /* to another server without https */
};

struct server {
    int fd;
    char url[64];
    enum behaviour behaviour;
    unsigned char body[BODY + 1];
    int requests;
    long last_range; /* where the last request's range started; -1 = none */
    pthread_t thread;
};

static void send_all(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = send(fd, (const char *)data + done, size - done, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the client has heard enough */
        done += (size_t)n;
    }
}

/* Read one request head; false when the client left. */
static bool read_request(int fd, long *range)
{
    char head[4096];
    size_t n = 0;
    while (n + 1 < sizeof head) {
        ssize_t got = recv(fd, head + n, sizeof head - 1 - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
        head[n] = '\0';
        if (strstr(head, "\r\n\r\n"))
            break;
    }
    const char *found = strstr(head, "Range: bytes=");
    *range = found ? strtol(found + strlen("Range: bytes="), NULL, 10) : -1;
    return true;
}

static void answer(struct server *server, int fd)
{
    char head[512];
    size_t from = 0, size = BODY, announced;
    bool ranged = server->last_range >= 0 && server->behaviour != WITHOUT_RANGES;
    if (server->behaviour == NOT_FOUND || server->behaviour == REDIRECT) {
        snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: 0\r\n%s\r\n",
                 server->behaviour == NOT_FOUND ? "404 Not Found" : "302 Found",
                 server->behaviour == NOT_FOUND ? ""
                                                : "Location: http://127.0.0.1:1/x\r\n");
        send_all(fd, head, strlen(head));
        return;
    }
    if (server->behaviour == LONG_FILE)
        size = BODY + 1;
    if (server->behaviour == SHORT_FILE)
        size = BODY / 2;
    if (ranged)
        from = (size_t)server->last_range;
    if (from >= size) {
        snprintf(head, sizeof head,
                 "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
        send_all(fd, head, strlen(head));
        return;
    }
    announced = size - from;
    if (server->behaviour == CUT_AT_HALF || server->behaviour == CUT_SILENTLY)
        size = from + (size - from) / 2;
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nConnection: close\r\n",
                     ranged ? "206 Partial Content" : "200 OK");
    if (server->behaviour != CUT_SILENTLY)
        n += snprintf(head + n, sizeof head - (size_t)n, "Content-Length: %zu\r\n",
                      announced);
    if (ranged)
        n += snprintf(head + n, sizeof head - (size_t)n,
                      "Content-Range: bytes %zu-%d/%d\r\n", from, BODY - 1, BODY);
    snprintf(head + n, sizeof head - (size_t)n, "\r\n");
    send_all(fd, head, strlen(head));
    send_all(fd, server->body + from, size - from);
}

static void *serve(void *context)
{
    struct server *server = context;
    int fd;
    while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
        long range;
        if (read_request(fd, &range)) {
            server->requests++;
            server->last_range = range;
            answer(server, fd);
        }
        close(fd);
    }
    return NULL;
}

static void server_start(struct server *server, enum behaviour behaviour)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    memset(server, 0, sizeof *server);
    server->behaviour = behaviour;
    for (size_t i = 0; i < sizeof server->body; i++)
        server->body[i] = (unsigned char)(i * 7919 >> 8);
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(server->fd >= 0);
    CHECK_INT(bind(server->fd, (struct sockaddr *)&address, length), 0);
    CHECK_INT(listen(server->fd, 8), 0);
    CHECK_INT(getsockname(server->fd, (struct sockaddr *)&address, &length), 0);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/set.zip",
             ntohs(address.sin_port));
    CHECK_INT(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
}

/* --- one download ----------------------------------------------------------------- */

struct trial {
    struct server server;
    scratch scratch;
    char sha256[2 * crypto_hash_sha256_BYTES + 1];
    mmofl_data_download download;
    mmofl_data_source source;
    char path[4096];
    double last_progress;
    mmofl_error err;
};

static void trial_begin(struct trial *trial, enum behaviour behaviour)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    memset(trial, 0, sizeof *trial);
    server_start(&trial->server, behaviour);
    scratch_new(&trial->scratch);
    crypto_hash_sha256(digest, trial->server.body, BODY);
    sodium_bin2hex(trial->sha256, sizeof trial->sha256, digest, sizeof digest);
    trial->download =
        (mmofl_data_download){trial->server.url, "set.zip", trial->sha256, BODY};
    trial->source.kind.name = "some-set";
    trial->source.download = &trial->download;
}

static void trial_end(struct trial *trial)
{
    server_stop(&trial->server);
    scratch_delete(&trial->scratch);
}

static void keep_progress(void *context, double done, double total)
{
    struct trial *trial = context;
    CHECK(done >= 0 && done <= BODY + 1);
    CHECK(total == (double)trial->download.bytes);
    trial->last_progress = done;
}

static mmofl_status fetch(struct trial *trial)
{
    return mmofl_data_fetch(&trial->source, NULL, trial->scratch.folder, keep_progress,
                            trial, trial->path, &trial->err);
}

static const char *in_folder(struct trial *trial, const char *name)
{
    return scratch_path(&trial->scratch, name);
}

static void write_part(struct trial *trial, const void *data, size_t size)
{
    CHECK_OK(mmofl_file_write(in_folder(trial, "set.zip.part"), data, size, false,
                              &trial->err));
}

static void check_complete(struct trial *trial)
{
    unsigned char *data;
    size_t size;
    CHECK_TEXT(trial->path, in_folder(trial, "set.zip"));
    CHECK_OK(mmofl_file_read(trial->path, 1 << 20, &data, &size, &trial->err));
    CHECK_INT(size, BODY);
    CHECK(memcmp(data, trial->server.body, BODY) == 0);
    CHECK(!mmofl_file_exists(in_folder(trial, "set.zip.part")));
    free(data);
}

/* --- claims ----------------------------------------------------------------------- */

static void file_is_fetched_whole_and_only_once(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, WITH_RANGES);
    CHECK_OK(fetch(&trial));
    check_complete(&trial);
    CHECK(trial.last_progress > 0);
    CHECK_OK(fetch(&trial)); /* it is there: no second request */
    CHECK_INT(trial.server.requests, 1);
    trial_end(&trial);
}

static void part_is_gone_on_with(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, WITH_RANGES);
    write_part(&trial, trial.server.body, 1000);
    CHECK_OK(fetch(&trial));
    check_complete(&trial);
    CHECK_INT(trial.server.requests, 1);
    CHECK_INT(trial.server.last_range, 1000);
    trial_end(&trial);
}

static void server_without_ranges_sends_everything_again(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, WITHOUT_RANGES);
    write_part(&trial, "garbage that must go", 20);
    CHECK_OK(fetch(&trial));
    check_complete(&trial);
    trial_end(&trial);
}

static void complete_part_needs_no_request(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, WITH_RANGES);
    write_part(&trial, trial.server.body, BODY);
    CHECK_OK(fetch(&trial));
    check_complete(&trial);
    CHECK_INT(trial.server.requests, 0);
    trial_end(&trial);
}

static void part_that_is_too_long_starts_over(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, WITH_RANGES);
    write_part(&trial, trial.server.body, BODY + 1);
    CHECK_OK(fetch(&trial));
    check_complete(&trial);
    CHECK_INT(trial.server.last_range, -1);
    trial_end(&trial);
}

static void lost_connection_leaves_a_part_to_go_on_with(void **state)
{
    (void)state;
    static const enum behaviour cuts[] = {CUT_AT_HALF, CUT_SILENTLY};
    for (int i = 0; i < 2; i++) {
        struct trial trial;
        trial_begin(&trial, cuts[i]);
        CHECK_STATUS(fetch(&trial), MMOFL_E_NETWORK);
        CHECK_CONTAINS(trial.err.text, "mmofl data import some-set FILE");
        CHECK(mmofl_file_exists(in_folder(&trial, "set.zip.part")));
        CHECK(!mmofl_file_exists(in_folder(&trial, "set.zip")));
        trial.server.behaviour = WITH_RANGES;
        CHECK_OK(fetch(&trial));
        check_complete(&trial);
        CHECK_INT(trial.server.last_range, BODY / 2);
        trial_end(&trial);
    }
}

static void wrong_content_is_refused_and_its_part_removed(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, WITH_RANGES);
    trial.server.body[BODY / 3] ^= 1;
    CHECK_STATUS(fetch(&trial), MMOFL_E_DIGEST);
    CHECK_CONTAINS(trial.err.text, trial.sha256);
    CHECK(!mmofl_file_exists(in_folder(&trial, "set.zip.part")));
    CHECK(!mmofl_file_exists(in_folder(&trial, "set.zip")));
    CHECK_TEXT(trial.path, "");
    trial_end(&trial);
}

static void wrong_length_is_refused(void **state)
{
    (void)state;
    static const enum behaviour lengths[] = {SHORT_FILE, LONG_FILE};
    for (int i = 0; i < 2; i++) {
        struct trial trial;
        trial_begin(&trial, lengths[i]);
        CHECK_STATUS(fetch(&trial), MMOFL_E_DIGEST);
        CHECK(!mmofl_file_exists(in_folder(&trial, "set.zip.part")));
        trial_end(&trial);
    }
}

static void part_beyond_a_short_file_is_refused(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, SHORT_FILE);
    write_part(&trial, trial.server.body, BODY - 1);
    CHECK_STATUS(fetch(&trial), MMOFL_E_DIGEST); /* 416 */
    trial_end(&trial);
}

static void a_file_of_unknown_size_is_checked_by_its_digest(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, WITH_RANGES);
    trial.download.bytes = 0;
    write_part(&trial, trial.server.body, 1000);
    CHECK_OK(fetch(&trial));
    check_complete(&trial);
    CHECK_INT(trial.server.last_range, 1000);
    write_part(&trial, trial.server.body, BODY); /* whole: needs no request */
    CHECK_INT(remove(in_folder(&trial, "set.zip")), 0);
    CHECK_OK(fetch(&trial));
    CHECK_INT(trial.server.requests, 1);
    trial_end(&trial);

    static const enum behaviour lengths[] = {SHORT_FILE, LONG_FILE, CUT_SILENTLY};
    for (int i = 0; i < 3; i++) {
        trial_begin(&trial, lengths[i]);
        trial.download.bytes = 0;
        CHECK_STATUS(fetch(&trial), MMOFL_E_DIGEST);
        CHECK(!mmofl_file_exists(in_folder(&trial, "set.zip.part")));
        trial_end(&trial);
    }
    trial_begin(&trial, SHORT_FILE); /* the server has nothing behind the part: 416 */
    trial.download.bytes = 0;
    write_part(&trial, trial.server.body, BODY - 1);
    CHECK_STATUS(fetch(&trial), MMOFL_E_DIGEST);
    CHECK(!mmofl_file_exists(in_folder(&trial, "set.zip.part")));
    trial_end(&trial);
}

static void http_error_is_told_with_the_way_by_hand(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, NOT_FOUND);
    CHECK_STATUS(fetch(&trial), MMOFL_E_NETWORK);
    CHECK_CONTAINS(trial.err.text, "404");
    CHECK_CONTAINS(trial.err.text, trial.server.url);
    CHECK_CONTAINS(trial.err.text, "mmofl data import some-set FILE");
    CHECK(!mmofl_file_exists(in_folder(&trial, "set.zip")));
    trial_end(&trial);
}

static void redirect_away_from_https_is_refused(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, REDIRECT);
    CHECK_STATUS(fetch(&trial), MMOFL_E_NETWORK);
    trial_end(&trial);
}

static void no_server_is_a_network_error(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, WITH_RANGES);
    server_stop(&trial.server); /* its port is closed now */
    CHECK_STATUS(fetch(&trial), MMOFL_E_NETWORK);
    scratch_delete(&trial.scratch);
}

static void full_disk_is_told(void **state)
{
    (void)state;
    struct trial trial;
    trial_begin(&trial, WITH_RANGES);
    CHECK_INT(symlink("/dev/full", in_folder(&trial, "set.zip.part")), 0);
    CHECK_STATUS(fetch(&trial), MMOFL_E_NO_SPACE);
    CHECK_CONTAINS(trial.err.text, "set.zip.part");
    trial_end(&trial);
}

static void only_safe_addresses_are_spoken_to(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        mmofl_status status;
    } cases[] = {{"http://example.org/x", MMOFL_E_UNSUPPORTED},
                 {"http://127.0.0.1.example.org/x", MMOFL_E_UNSUPPORTED},
                 {"http://localhost@example.org/x", MMOFL_E_UNSUPPORTED},
                 {"file:///etc/passwd", MMOFL_E_UNSUPPORTED},
                 {"ftp://127.0.0.1/x", MMOFL_E_UNSUPPORTED},
                 {"not a url", MMOFL_E_SYNTAX},
                 {"", MMOFL_E_SYNTAX}};
    struct trial trial;
    trial_begin(&trial, WITH_RANGES);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trial.download.url = cases[i].url;
        CHECK_STATUS(fetch(&trial), cases[i].status);
    }
    CHECK_INT(trial.server.requests, 0);
    trial.source.download = NULL;
    CHECK_STATUS(fetch(&trial), MMOFL_E_UNSUPPORTED);
    trial_end(&trial);
}

CHECK_MAIN(TEST(file_is_fetched_whole_and_only_once), TEST(part_is_gone_on_with),
           TEST(server_without_ranges_sends_everything_again),
           TEST(complete_part_needs_no_request),
           TEST(part_that_is_too_long_starts_over),
           TEST(lost_connection_leaves_a_part_to_go_on_with),
           TEST(wrong_content_is_refused_and_its_part_removed),
           TEST(wrong_length_is_refused),
           TEST(a_file_of_unknown_size_is_checked_by_its_digest),
           TEST(part_beyond_a_short_file_is_refused),
           TEST(http_error_is_told_with_the_way_by_hand),
           TEST(redirect_away_from_https_is_refused),
           TEST(no_server_is_a_network_error), TEST(full_disk_is_told),
           TEST(only_safe_addresses_are_spoken_to))
