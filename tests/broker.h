/* broker.h - a real mosquitto for a test: on loopback, on a port of its own, gone with
 * the test. */
#ifndef MMOFL_TESTS_BROKER_H
#define MMOFL_TESTS_BROKER_H

#include "scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

typedef struct broker {
    pid_t pid; /* 0: not running */
    int port;
    char config[512]; /* path of its configuration */
} broker;

/* Debian has it where a user's PATH does not look. */
static inline const char *broker_program(void)
{
    static const char *const places[] = {"/usr/sbin/mosquitto", "/usr/bin/mosquitto",
                                         "/usr/local/sbin/mosquitto"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* A port that nobody has now. */
static inline int broker_free_port(void)
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

static inline bool broker_answers(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool answers = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return answers;
}

/** Start it (again), and wait until it answers. */
static inline void broker_start(broker *b)
{
    b->pid = fork();
    CHECK(b->pid >= 0);
    if (b->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        FILE *quiet = freopen("/dev/null", "w", stderr);
        execl(broker_program(), "mosquitto", "-c", b->config, (char *)NULL);
        _exit(quiet ? 127 : 126);
    }
    for (int i = 0; i < 500 && !broker_answers(b->port); i++) {
        CHECK(waitpid(b->pid, NULL, WNOHANG) == 0);
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
}

/** A broker with these further lines of configuration, in the test's folder.  Skips the
 * test where there is no mosquitto. */
static inline void broker_new(broker *b, scratch *s, const char *lines)
{
    if (!broker_program())
        CHECK_SKIP("mosquitto is not installed");
    signal(SIGPIPE, SIG_IGN);
    *b = (broker){.port = broker_free_port()};
    snprintf(b->config, sizeof b->config, "%s", scratch_path(s, "mosquitto.conf"));
    FILE *to = fopen(b->config, "w");
    CHECK(to);
    fprintf(to, "listener %d 127.0.0.1\nset_tcp_nodelay true\n%s\n", b->port, lines);
    if (getuid() == 0)
        fputs("user root\n", to);
    fclose(to);
    broker_start(b);
}

/** kill -9, as power does. */
static inline void broker_kill(broker *b)
{
    if (b->pid > 0) {
        kill(b->pid, SIGKILL);
        waitpid(b->pid, NULL, 0);
    }
    b->pid = 0;
}

#endif
