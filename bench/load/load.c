/* load.c - many devices in one process, to load a coordinator and a broker with.
 *
 *   mmofl-load --devices 10000 --broker 127.0.0.1:1883 --federation load
 *
 * Each device is a connection and an endpoint of its own and speaks the real protocol;
 * only the learning is left out: it answers a Task with the model it got.  Ends with
 * the final model, when every device has it. */
#define _GNU_SOURCE
#include <argp.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/number.h"
#include "device/plan.h"
#include "link/address.h"
#include "link/bus_mqtt.h"
#include "link/endpoint.h"

enum { EVENTS = 1024, TICK_MS = 20 };

typedef struct request {
    uint64_t devices, first;
    const char *federation;
    mmofl_address broker;
    double ramp_s; /* over which devices connect */
} request;

static const struct argp_option table[] = {
    {"devices", 'd', "N", 0, "Devices: device-0 ... (default: 1000)", 0},
    {"first", 'n', "N", 0, "Number of the first one (default: 0)", 0},
    {"federation", 'f', "NAME", 0, "Federation (default: load)", 0},
    {"broker", 'b', "HOST[:PORT]", 0, "Broker (default: localhost)", 0},
    {"ramp", 'r', "SECONDS", 0, "Connect within so long (default: 5)", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    mmofl_error err = {0};
    const char *end = text;
    switch (key) {
    case 'd':
        if (mmofl_number_whole(&end, &r->devices) || *end || r->devices < 1)
            argp_error(state, "--devices %s: a whole number is wanted", text);
        break;
    case 'n':
        if (mmofl_number_whole(&end, &r->first) || *end)
            argp_error(state, "--first %s: a whole number is wanted", text);
        break;
    case 'f':
        r->federation = text;
        break;
    case 'b':
        if (mmofl_address_read(text, &r->broker, &err))
            argp_error(state, "--broker %s", err.text);
        break;
    case 'r':
        end = mmofl_number_read(text, text + strlen(text), &r->ramp_s);
        if (!end || *end || !(r->ramp_s >= 0))
            argp_error(state, "--ramp %s: seconds are wanted", text);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* What all devices share. */
typedef struct load {
    request request;
    mmofl_plan *plan; /* of the first Welcome: all are alike but for the number */
    int epoll;
    uint64_t connected, welcomed, answers, final, lost;
    uint64_t round;  /* of the bytes */
    uint8_t *update; /* the answer of the round */
    size_t update_bytes;
    double round_s;
} load;

typedef struct device {
    load *load;
    char name[32], client_id[64];
    mmofl_endpoint *endpoint;
    mmofl_bus *bus;
    mmofl_peer *coordinator;
    uint64_t task; /* the round to be answered; 0: none */
    mmofl_object_id task_object;
    uint8_t *answer;
    double due_s, heartbeat_s;
    int fd; /* in the epoll set; -1: none */
    bool says_hello, is_welcome, has_final;
} device;

/* ---- the protocol ---- */

static mmofl_wire_limits limits_of(const load *l)
{
    return l->plan ? l->plan->limits : mmofl_wire_limits_join();
}

static void say(device *d, const mmofl_message *m)
{
    mmofl_wire_limits limits = limits_of(d->load);
    uint8_t *bytes;
    size_t size;
    mmofl_sending how = {0};
    if (mmofl_message_write(m, &limits, &bytes, &size))
        return;
    (void)!mmofl_endpoint_send(d->endpoint, d->coordinator, bytes, size, &how, NULL);
    free(bytes);
}

/* The answer of a round is the same for everybody: the model as it came. */
static bool make_update(load *l, const mmofl_task *task)
{
    if (l->update && l->round == task->broadcast.round)
        return true;
    const mmofl_model *model = l->plan->model;
    uint32_t recorded[MMOFL_MAX_MODALITIES] = {0};
    size_t classes = (size_t)model->classes, encoders = (size_t)model->n_encoders;
    float *sum = calloc(classes * model->features, sizeof *sum);
    uint32_t *count = calloc(classes * encoders, sizeof *count);
    mmofl_prototype_sums sums = {sum, count};
    mmofl_message m = {
        .kind = MMOFL_MESSAGE_UPDATE,
        .body.update = {
            .update = {.round = task->broadcast.round,
                       .n_parameters = task->broadcast.n_parameters,
                       .parameters = task->broadcast.parameters,
                       .samples = 1,
                       .recorded = recorded,
                       .prototypes = l->plan->limits.prototypes ? &sums : NULL},
            .config = task->config,
            .model = task->model}};
    free(l->update);
    l->update = NULL;
    bool made = sum && count &&
                mmofl_message_write(&m, &l->plan->limits, &l->update,
                                    &l->update_bytes) == MMOFL_OK;
    double now = mmofl_clock_seconds();
    if (l->round_s > 0)
        printf("round %llu: %.3f s\n", (unsigned long long)l->round, now - l->round_s);
    l->round_s = now;
    l->round = task->broadcast.round;
    free(sum);
    free(count);
    return made;
}

/* true: acknowledge it now; else the answer does. */
static bool take_task(device *d, const mmofl_arrival *arrival)
{
    load *l = d->load;
    mmofl_message m;
    mmofl_error err = {0};
    if (!l->plan ||
        mmofl_message_read(arrival->message, arrival->size, &l->plan->limits, &m, &err))
        return true;
    bool closing = m.body.task.closing;
    if (closing) {
        l->final += !d->has_final;
        d->has_final = true;
    } else if (make_update(l, &m.body.task)) {
        d->task = m.body.task.broadcast.round;
        d->task_object = arrival->object;
    }
    mmofl_message_free(&m);
    return closing || d->task == 0;
}

static void take_welcome(device *d, const mmofl_arrival *arrival)
{
    load *l = d->load;
    mmofl_wire_limits join = mmofl_wire_limits_join();
    mmofl_message m;
    mmofl_error err = {0};
    if (!l->plan) {
        if (mmofl_message_read(arrival->message, arrival->size, &join, &m, &err) ||
            mmofl_plan_new(&m.body.welcome, &l->plan, &err)) {
            fprintf(stderr, "mmofl-load: %s\n", err.text);
            exit(1);
        }
        mmofl_message_free(&m);
    }
    mmofl_endpoint_set_limits(d->endpoint, &l->plan->limits);
    l->welcomed += !d->is_welcome;
    d->is_welcome = true;
}

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    (void)answer;
    device *d = context;
    if (arrival->kind == MMOFL_MESSAGE_TASK && !d->is_welcome) {
        mmofl_endpoint_again(d->endpoint, peer, &arrival->object);
        return false;
    }
    if (arrival->kind == MMOFL_MESSAGE_WELCOME)
        take_welcome(d, arrival);
    else if (arrival->kind == MMOFL_MESSAGE_TASK)
        return take_task(d, arrival);
    else if (arrival->kind == MMOFL_MESSAGE_REFUSAL)
        d->says_hello = true;
    return true;
}

/* What was said to a life of the coordinator that is over, or before it knew us, is
 * said again. */
static void answered(void *context, mmofl_peer *peer, const mmofl_object_id *object,
                     mmofl_message_kind kind, mmofl_status status, const char *text)
{
    (void)peer, (void)object, (void)text;
    device *d = context;
    if (getenv("MMOFL_DEBUG") && status)
        fprintf(stderr, "mmofl-load: %s: %s: %s %s\n", d->name,
                mmofl_message_kind_name(kind), mmofl_status_name(status), text);
    if (kind == MMOFL_MESSAGE_UPDATE &&
        (status == MMOFL_E_SUPERSEDED || status == MMOFL_E_STATE ||
         status == MMOFL_E_INTERRUPTED))
        d->task = d->load->round;
}

static void joined(void *context, mmofl_peer *peer, uint64_t session)
{
    (void)peer, (void)session;
    ((device *)context)->says_hello = true;
}

static void connected(void *context, bool resumed)
{
    (void)resumed;
    ((device *)context)->load->connected++;
}

static void lost(void *context, const char *reason)
{
    (void)reason;
    load *l = ((device *)context)->load;
    l->connected--;
    l->lost++;
}

static void answer_task(device *d)
{
    mmofl_sending how = {0};
    d->task = 0;
    d->load->answers +=
        mmofl_endpoint_send(d->endpoint, d->coordinator, d->load->update,
                            d->load->update_bytes, &how, NULL) == MMOFL_OK;
    mmofl_endpoint_settle(d->endpoint, d->coordinator, &d->task_object);
}

static void go_on(device *d, double now)
{
    mmofl_error err = {0};
    if (mmofl_endpoint_step(d->endpoint, 0, &err)) {
        fprintf(stderr, "mmofl-load: %s: %s\n", d->name, err.text);
        exit(1);
    }
    if (d->says_hello) {
        d->says_hello = false;
        say(d, &(mmofl_message){.kind = MMOFL_MESSAGE_HELLO,
                                .body.hello = {.oldest_version = 1,
                                               .newest_version = 1,
                                               .program = "mmofl-load"}});
    }
    if (d->task)
        answer_task(d);
    if (d->load->plan && now - d->heartbeat_s > d->load->plan->heartbeat_s) {
        say(d, &(mmofl_message){.kind = MMOFL_MESSAGE_HEARTBEAT});
        d->heartbeat_s = now;
    }
}

/* ---- many of them ---- */

static mmofl_status make_device(load *l, device *d, uint64_t number, mmofl_error *err)
{
    *d = (device){.load = l, .fd = -1, .says_hello = true};
    snprintf(d->name, sizeof d->name, "device-%llu", (unsigned long long)number);
    snprintf(d->client_id, sizeof d->client_id, "mmofl-load-%llu",
             (unsigned long long)number);
    mmofl_endpoint_setup setup = {
        .identity = {l->request.federation, d->name, mmofl_session_draw(), NULL},
        .limits = limits_of(l),
        .assembly_bytes = 64 << 20,
        .events = {.received = received,
                   .answered = answered,
                   .joined = joined,
                   .connected = connected,
                   .lost = lost,
                   .context = d}};
    mmofl_status st = mmofl_endpoint_new(&setup, &d->endpoint, err);
    if (st)
        return st;
    d->coordinator = mmofl_endpoint_peer(d->endpoint, MMOFL_COORDINATOR, true);
    mmofl_mqtt_setup bus = {.host = l->request.broker.host,
                            .port = l->request.broker.port,
                            .client_id = d->client_id,
                            .keepalive_s = 120,
                            .events = mmofl_endpoint_bus_events(d->endpoint)};
    st = mmofl_bus_mqtt_new(&bus, &d->bus, err);
    d->heartbeat_s = mmofl_clock_seconds();
    return st ? st : mmofl_endpoint_attach(d->endpoint, d->bus, err);
}

/* Keep the epoll set and the timer what the device wants. */
static void watch(device *d, double now)
{
    bool wants_write;
    double due_s;
    int fd = d->bus->kind->descriptor(d->bus, &wants_write, &due_s);
    d->due_s = now + fmin(fmin(due_s, mmofl_endpoint_due_s(d->endpoint)), 10);
    if (fd != d->fd && d->fd >= 0)
        epoll_ctl(d->load->epoll, EPOLL_CTL_DEL, d->fd, NULL);
    struct epoll_event e = {.events = EPOLLIN | (wants_write ? EPOLLOUT : 0u),
                            .data.ptr = d};
    if (fd >= 0)
        epoll_ctl(d->load->epoll, fd == d->fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
    d->fd = fd;
}

static void run(load *l, device *devices)
{
    uint64_t n = 0, all = l->request.devices;
    double begun = mmofl_clock_seconds(), told = begun;
    static struct epoll_event event[EVENTS];
    mmofl_error err = {0};
    while (l->final < all) {
        double now = mmofl_clock_seconds();
        double share = l->request.ramp_s > 0 ? (now - begun) / l->request.ramp_s : 1;
        for (; n < all && (double)n <= share * (double)all; n++) {
            if (make_device(l, &devices[n], l->request.first + n, &err)) {
                fprintf(stderr, "mmofl-load: %s\n", err.text);
                exit(1);
            }
            go_on(&devices[n], now);
            watch(&devices[n], now);
        }
        int ready = epoll_wait(l->epoll, event, EVENTS, TICK_MS);
        now = mmofl_clock_seconds();
        for (int i = 0; i < ready; i++) {
            device *d = event[i].data.ptr;
            go_on(d, now);
            watch(d, now);
        }
        for (uint64_t i = 0; i < n; i++)
            if (devices[i].due_s <= now) {
                go_on(&devices[i], now);
                watch(&devices[i], now);
            }
        if (now - told > 5) {
            told = now;
            fprintf(stderr,
                    "mmofl-load: %.0f s: %llu connected, %llu welcomed, %llu answers, "
                    "%llu lost\n",
                    now - begun, (unsigned long long)l->connected,
                    (unsigned long long)l->welcomed, (unsigned long long)l->answers,
                    (unsigned long long)l->lost);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        table, parse, NULL, "Many devices that do not learn.", NULL, NULL, NULL};
    load l = {.request = {1000, 0, "load", {.host = "localhost"}, 5}};
    argp_parse(&argp, argc, argv, 0, NULL, &l.request);
    signal(SIGPIPE, SIG_IGN);
    mmofl_memory_keep_freed();
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    device *devices = calloc(l.request.devices, sizeof *devices);
    if (l.epoll < 0 || !devices)
        return 1;
    run(&l, devices);
    printf("%llu devices, %llu answers, %.0f KiB each\n",
           (unsigned long long)l.request.devices, (unsigned long long)l.answers,
           (double)mmofl_clock_peak_rss_bytes() / 1024 / (double)l.request.devices);
    return 0;
}
