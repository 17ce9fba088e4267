/* mqtt.c - samples that sensors publish on topics of a broker near them.
 *
 * A line in each payload.  Payloads wait in a ring; when nobody takes them, the oldest
 * goes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/inputs/inputs.h"
#include "link/address.h"
#include "link/bus_mqtt.h"

enum { WAITING = 256 };

typedef struct line {
    char *text;
    size_t size;
} line;

typedef struct mqtt_input {
    mmofl_input input;
    mmofl_bus *bus;
    mmofl_log_sink log;
    line waiting[WAITING];
    size_t first, n;
    char *given; /* the line that next() gave last */
} mqtt_input;

static mqtt_input *of(mmofl_input *input)
{
    return (mqtt_input *)(void *)input;
}

static void take(void *context, const char *topic, const void *payload, size_t size)
{
    (void)topic;
    mqtt_input *q = context;
    char *text = size > 0 && size <= MMOFL_INPUT_LINE_BYTES ? malloc(size) : NULL;
    if (!text)
        return;
    memcpy(text, payload, size);
    if (q->n == WAITING) {
        free(q->waiting[q->first].text);
        q->first = (q->first + 1) % WAITING;
        q->n--;
    }
    q->waiting[(q->first + q->n++) % WAITING] = (line){text, size};
}

static void lost(void *context, const char *reason)
{
    mqtt_input *q = context;
    mmofl_log(&q->log, MMOFL_LOG_WARNING, "the sensors' broker is gone: %s", reason);
}

static int descriptors(const mmofl_input *input, int *fd, int max)
{
    const mqtt_input *q = (const mqtt_input *)(const void *)input;
    bool wants_write;
    double due;
    if (max < 1)
        return 0;
    fd[0] = q->bus->kind->descriptor(q->bus, &wants_write, &due);
    return fd[0] >= 0;
}

static double due_s(const mmofl_input *input)
{
    const mqtt_input *q = (const mqtt_input *)(const void *)input;
    bool wants_write;
    double due;
    q->bus->kind->descriptor(q->bus, &wants_write, &due);
    return q->n > 0 || wants_write ? 0 : due;
}

static const char *next(mmofl_input *input, size_t *size)
{
    mqtt_input *q = of(input);
    mmofl_error err = {0};
    if (q->bus->kind->step(q->bus, 0, &err))
        mmofl_log(&q->log, MMOFL_LOG_WARNING, "%s", err.text);
    free(q->given);
    q->given = NULL;
    if (q->n == 0)
        return NULL;
    q->given = q->waiting[q->first].text;
    *size = q->waiting[q->first].size;
    q->first = (q->first + 1) % WAITING;
    q->n--;
    return q->given;
}

static bool has_ended(const mmofl_input *input)
{
    (void)input;
    return false;
}

static void close_mqtt(mmofl_input *input)
{
    if (!input)
        return;
    mqtt_input *q = of(input);
    if (q->bus)
        q->bus->kind->destroy(q->bus);
    for (; q->n > 0; q->n--, q->first = (q->first + 1) % WAITING)
        free(q->waiting[q->first].text);
    free(q->given);
    free(q);
}

/* "HOST[:PORT]/FILTER" */
static mmofl_status split(const char *where, mmofl_address *address,
                          const char **filter, mmofl_error *err)
{
    char host[MMOFL_HOST_BYTES + 16];
    const char *slash = strchr(where, '/');
    size_t n = slash ? (size_t)(slash - where) : 0;
    if (!slash || !slash[1] || n >= sizeof host)
        return mmofl_fail(err, MMOFL_E_SYNTAX,
                          "input mqtt:%.80s: wanted mqtt:HOST[:PORT]/FILTER", where);
    memcpy(host, where, n);
    host[n] = '\0';
    *filter = slash + 1;
    return mmofl_address_read(host, address, err);
}

static mmofl_status open_mqtt(const char *where, const mmofl_log_sink *log,
                              mmofl_input **out, mmofl_error *err)
{
    mmofl_address address;
    const char *filter = "";
    mmofl_status st = split(where, &address, &filter, err);
    if (st)
        return st;
    mqtt_input *q = calloc(1, sizeof *q);
    if (!q)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the input");
    q->input.kind = &mmofl_input_mqtt;
    q->log = log ? *log : (mmofl_log_sink){0};
    mmofl_mqtt_setup setup = {.host = address.host,
                              .port = address.port,
                              .client_id = "mmofl-device-sensors",
                              .events = {.lost = lost, .message = take, .context = q},
                              .most_payload = MMOFL_INPUT_LINE_BYTES,
                              .log = log};
    st = mmofl_bus_mqtt_new(&setup, &q->bus, err);
    if (!st && q->bus->kind->subscribe(q->bus, filter))
        st = mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the input");
    if (st)
        close_mqtt(&q->input);
    else
        *out = &q->input;
    return st;
}

const mmofl_input_kind mmofl_input_mqtt = {"mqtt", open_mqtt, descriptors, due_s,
                                           next,   has_ended, close_mqtt};
