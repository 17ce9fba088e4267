/* main.c - mmofl-device: the program on a device. */
#define _POSIX_C_SOURCE 200809L
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "device/agent.h"
#include "link/address.h"
#include "link/bus_mqtt.h"
#include "pki/identity.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USAGE = 2 };
enum { PATH_BYTES = 4096, KEY_FEDERATION = 256, KEY_LOCKSTEP, KEY_INSECURE };
enum { LINE_BYTES = 16 << 20 };

typedef struct request {
    const char *federation, *name, *identity, *state;
    mmofl_address broker;
    bool lockstep, insecure;
} request;

static const struct argp_option table[] = {
    {"federation", KEY_FEDERATION, "NAME", 0, "Federation to take part in", 0},
    {"name", 'n', "NAME", 0, "Name of this device", 0},
    {"broker", 'b', "HOST[:PORT]", 0, "MQTT 5 broker (default: localhost)", 0},
    {"identity", 'i', "DIR", 0,
     "Folder with ca.crt, device.crt, device.key and coordinator.crt (mmofl pki)", 0},
    {"insecure", KEY_INSECURE, NULL, 0, "No TLS beyond loopback, all the same", 0},
    {"state", 's', "DIR", 0, "Folder for what must survive a restart", 0},
    {"lockstep", KEY_LOCKSTEP, NULL, 0,
     "Take part in a round when the samples of its schedule have come", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    mmofl_error err = {0};
    switch (key) {
    case KEY_FEDERATION:
        r->federation = text;
        break;
    case 'n':
        r->name = text;
        break;
    case 'b':
        if (mmofl_address_read(text, &r->broker, &err))
            argp_error(state, "--broker %s", err.text);
        break;
    case 'i':
        r->identity = text;
        break;
    case KEY_INSECURE:
        r->insecure = true;
        break;
    case 's':
        r->state = text;
        break;
    case KEY_LOCKSTEP:
        r->lockstep = true;
        break;
    case ARGP_KEY_END:
        if (!r->federation || !r->name || !r->state)
            argp_error(state, "--federation, --name and --state are wanted");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    table, parse, NULL, "Learn on what sensors tell on standard input.",
    NULL,  NULL,  NULL};

static volatile sig_atomic_t asked_to_stop;

static void ask(int signal_number)
{
    (void)signal_number;
    asked_to_stop = 1;
}

static void write_log(void *context, mmofl_log_level level, const char *line)
{
    (void)context;
    if (level != MMOFL_LOG_DEBUG || getenv("MMOFL_DEBUG"))
        fprintf(stderr, "mmofl-device: %s\n", line);
}

/* Lines out of a descriptor, one at a time, no further than is asked. */
typedef struct lines {
    int fd;
    char *text;
    size_t size, from, room;
    bool ended;
} lines;

/* The next whole line of what was read; NULL: there is none yet. */
static char *next_line(lines *l, size_t *n)
{
    char *from = l->text + l->from;
    char *end = l->size > l->from ? memchr(from, '\n', l->size - l->from) : NULL;
    if (!end)
        return NULL;
    *n = (size_t)(end - from);
    l->from += *n + 1;
    return from;
}

static void read_more(lines *l)
{
    memmove(l->text, l->text + l->from, l->size - l->from);
    l->size -= l->from;
    l->from = 0;
    if (l->size == l->room) {
        if (l->room >= LINE_BYTES) {
            l->size = 0; /* no line is so long */
            return;
        }
        char *more = realloc(l->text, l->room ? 2 * l->room : 65536);
        if (!more)
            return;
        l->text = more;
        l->room = l->room ? 2 * l->room : 65536;
    }
    ssize_t n = read(l->fd, l->text + l->size, l->room - l->size);
    if (n > 0)
        l->size += (size_t)n;
    else if (n == 0 || errno != EINTR)
        l->ended = true;
}

typedef struct device {
    const request *request;
    mmofl_agent *agent;
    mmofl_line_reader *reader;
    const mmofl_plan *plan; /* the reader's */
    lines lines;
    char ca[PATH_BYTES], certificate[PATH_BYTES], key[PATH_BYTES], client_id[256];
    uint8_t secret[MMOFL_KEY_BYTES], coordinator[MMOFL_KEY_BYTES];
} device;

static mmofl_status connect_bus(void *context, const mmofl_bus_events *events,
                                const mmofl_bus_will *will, mmofl_bus **bus,
                                mmofl_error *err)
{
    device *d = context;
    static const mmofl_log_sink log = {write_log, NULL};
    mmofl_mqtt_tls tls = {d->ca, d->certificate, d->key};
    snprintf(d->client_id, sizeof d->client_id, "mmofl-%s-%s", d->request->federation,
             d->request->name);
    mmofl_mqtt_setup setup = {.host = d->request->broker.host,
                              .port = d->request->broker.port,
                              .client_id = d->client_id,
                              .tls = d->request->identity ? &tls : NULL,
                              .will = will,
                              .events = *events,
                              .log = &log};
    return mmofl_bus_mqtt_new(&setup, bus, err);
}

static mmofl_status load_identity(device *d, mmofl_error *err)
{
    char path[PATH_BYTES];
    const char *folder = d->request->identity;
    if (!folder)
        return MMOFL_OK;
    mmofl_status st = mmofl_file_join(d->ca, PATH_BYTES, folder, "ca.crt", err);
    if (!st)
        st = mmofl_file_join(d->certificate, PATH_BYTES, folder, "device.crt", err);
    if (!st)
        st = mmofl_file_join(d->key, PATH_BYTES, folder, "device.key", err);
    if (!st)
        st = mmofl_identity_secret(d->key, d->secret, err);
    if (!st)
        st = mmofl_file_join(path, PATH_BYTES, folder, "coordinator.crt", err);
    return st ? st : mmofl_identity_public(path, d->coordinator, NULL, err);
}

static void take_line(device *d, const char *text, size_t n)
{
    const mmofl_line *line;
    mmofl_error err = {0};
    if (d->plan != mmofl_agent_get_plan(d->agent)) {
        mmofl_line_reader_delete(d->reader);
        d->plan = mmofl_agent_get_plan(d->agent);
        d->reader = NULL;
        if (mmofl_line_reader_new(&d->plan->signals, &d->reader))
            return;
    }
    if (mmofl_line_read(d->reader, text, n, &line, &err) ||
        mmofl_agent_take(d->agent, line, &err))
        fprintf(stderr, "mmofl-device: sample refused: %s\n", err.text);
}

static void wait_for_input(device *d)
{
    bool wants_write;
    double due_s;
    struct pollfd p[2] = {{.fd = d->lines.fd, .events = POLLIN}};
    p[1].fd = mmofl_agent_descriptor(d->agent, &wants_write, &due_s);
    p[1].events = (short)(POLLIN | (wants_write ? POLLOUT : 0));
    bool reads = !d->lines.ended && mmofl_agent_wants_samples(d->agent);
    p[0].fd = reads ? d->lines.fd : -1;
    poll(p, 2, (int)((due_s < 0.25 ? due_s : 0.25) * 1000) + 1);
    if (reads && p[0].revents)
        read_more(&d->lines);
}

static mmofl_status run(device *d, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    while (!st && !asked_to_stop && !mmofl_agent_is_done(d->agent)) {
        size_t n;
        char *text = NULL;
        while (mmofl_agent_wants_samples(d->agent) &&
               (text = next_line(&d->lines, &n)) != NULL)
            take_line(d, text, n);
        if (d->lines.ended && !text)
            mmofl_agent_end_samples(d->agent);
        st = mmofl_agent_step(d->agent, 0, err);
        if (!st && !mmofl_agent_is_done(d->agent))
            wait_for_input(d);
    }
    return st;
}

int main(int argc, char **argv)
{
    static const mmofl_log_sink log = {write_log, NULL};
    request r = {.broker = {.host = "localhost"}};
    argp_err_exit_status = EXIT_WRONG_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    signal(SIGPIPE, SIG_IGN);
    struct sigaction action = {.sa_handler = ask, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    device d = {.request = &r, .lines = {.fd = STDIN_FILENO}};
    mmofl_error err = {0};
    mmofl_status st = mmofl_file_make_folders(r.state, &err);
    if (!st)
        st = load_identity(&d, &err);
    mmofl_agent_setup setup = {.federation = r.federation,
                               .name = r.name,
                               .secret = r.identity ? d.secret : NULL,
                               .coordinator = r.identity ? d.coordinator : NULL,
                               .folder = r.state,
                               .program = "mmofl-device " MMOFL_VERSION,
                               .lockstep = r.lockstep,
                               .connect = connect_bus,
                               .connect_context = &d,
                               .log = &log};
    if (!st)
        st = mmofl_agent_new(&setup, &d.agent, &err);
    if (!st)
        st = run(&d, &err);
    mmofl_agent_delete(d.agent);
    mmofl_line_reader_delete(d.reader);
    free(d.lines.text);
    if (st)
        fprintf(stderr, "mmofl-device: %s\n", err.text);
    return st ? EXIT_FAILED : EXIT_DONE;
}
