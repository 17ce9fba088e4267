/* iio.c - sensors of Linux Industrial I/O, read through sysfs.
 *
 *   iio:FOLDER?accelerometer=accel_x,accel_y,accel_z@50&light=illuminance@1
 *
 * FOLDER is /sys/bus/iio/devices/iio:device0 or the like.  Each modality has its
 * channels (without in_) and how often it is read, in Hz.  A value is (raw + offset) *
 * scale in IIO's units (m/s^2, rad/s, lux ...); scale and offset are read once, of the
 * channel (in_accel_x_scale) or of its kind (in_accel_scale), 1 and 0 where there are
 * none. Readings become lines of the protocol, so that everything behind is the same.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "device/inputs/inputs.h"

enum { CHANNELS = 16, MODALITIES = 16, NAME_BYTES = 48, PATH_BYTES = 512 };

typedef struct channel {
    char raw[PATH_BYTES];
    double scale, offset;
} channel;

/* What is read at one go. */
typedef struct sensor {
    char modality[NAME_BYTES];
    int n;
    channel channel[CHANNELS];
    double period_s, due; /* between readings; when the next one is to be made */
} sensor;

typedef struct iio_input {
    mmofl_input input;
    mmofl_log_sink log;
    double begun;
    int n;
    sensor sensor[MODALITIES];
    char line[64 + NAME_BYTES + CHANNELS * 32];
} iio_input;

/* ---- numbers in files ---- */

static bool read_number(const char *path, double *value)
{
    unsigned char *text;
    size_t size;
    mmofl_error err = {0};
    if (mmofl_file_read(path, 4096, &text, &size, &err))
        return false;
    const char *from = (const char *)text, *end = from + size;
    bool found = mmofl_number_read(from, end, value) != NULL;
    free(text);
    return found;
}

/* FOLDER/in_accel_x_scale, else FOLDER/in_accel_scale, else what there is. */
static double read_factor(const char *folder, const char *name, const char *what,
                          double otherwise)
{
    char path[PATH_BYTES];
    double value = otherwise;
    int n = (int)strlen(name);
    snprintf(path, sizeof path, "%s/in_%s_%s", folder, name, what);
    if (read_number(path, &value))
        return value;
    const char *last = strrchr(name, '_');
    if (last)
        n = (int)(last - name);
    snprintf(path, sizeof path, "%s/in_%.*s_%s", folder, n, name, what);
    read_number(path, &value);
    return value;
}

/* ---- reading ---- */

static double now_s(const iio_input *q)
{
    return mmofl_clock_seconds() - q->begun;
}

static sensor *next_sensor(iio_input *q)
{
    sensor *first = &q->sensor[0];
    for (int i = 1; i < q->n; i++)
        if (q->sensor[i].due < first->due)
            first = &q->sensor[i];
    return first;
}

static double due_s(const mmofl_input *input)
{
    const iio_input *q = (const iio_input *)(const void *)input;
    double due = (double)INFINITY;
    for (int i = 0; i < q->n; i++)
        due = fmin(due, q->sensor[i].due);
    return fmax(due - now_s(q), 0);
}

static const char *next(mmofl_input *input, size_t *size)
{
    iio_input *q = (iio_input *)(void *)input;
    double now = now_s(q);
    for (int tries = 0; tries < q->n; tries++) {
        sensor *s = next_sensor(q);
        if (s->due > now)
            return NULL;
        /* Where the machine did not keep up, readings are left out, not made later. */
        s->due += s->period_s * (1 + floor((now - s->due) / s->period_s));
        int at =
            snprintf(q->line, sizeof q->line,
                     "{\"t\":%.6f,\"modality\":\"%s\",\"value\":[", now, s->modality);
        bool all = true;
        for (int c = 0; c < s->n && all; c++) {
            double raw = 0;
            all = read_number(s->channel[c].raw, &raw);
            at += snprintf(q->line + at, sizeof q->line - (size_t)at, "%s%.9g",
                           c ? "," : "",
                           (raw + s->channel[c].offset) * s->channel[c].scale);
        }
        if (!all) { /* unplugged for now: the window will lack it */
            mmofl_log(&q->log, MMOFL_LOG_DEBUG, "%s: not read", s->modality);
            continue;
        }
        at += snprintf(q->line + at, sizeof q->line - (size_t)at, "]}");
        *size = (size_t)at;
        return q->line;
    }
    return NULL;
}

static int descriptors(const mmofl_input *input, int *fd, int max)
{
    (void)input, (void)fd, (void)max;
    return 0;
}

static bool has_ended(const mmofl_input *input)
{
    (void)input;
    return false;
}

static void close_iio(mmofl_input *input)
{
    free(input);
}

/* ---- what is to be read ---- */

static mmofl_status refuse(const char *where, mmofl_error *err)
{
    return mmofl_fail(err, MMOFL_E_SYNTAX,
                      "input iio:%.120s: wanted iio:FOLDER?MODALITY=CHANNEL,...@HZ&...",
                      where);
}

/* One channel, named at [from, end). */
static mmofl_status add_channel(sensor *s, const char *folder, const char *from,
                                const char *end, mmofl_error *err)
{
    char name[NAME_BYTES];
    double raw;
    size_t n = (size_t)(end - from);
    if (s->n == CHANNELS || n == 0 || n >= sizeof name || memchr(from, '/', n))
        return refuse(from, err);
    memcpy(name, from, n);
    name[n] = '\0';
    channel *c = &s->channel[s->n++];
    snprintf(c->raw, sizeof c->raw, "%s/in_%s_raw", folder, name);
    if (!read_number(c->raw, &raw)) {
        snprintf(c->raw, sizeof c->raw, "%s/in_%s_input", folder, name);
        if (!read_number(c->raw, &raw))
            return mmofl_fail(err, MMOFL_E_NOT_FOUND, "%s/in_%s_raw: not readable",
                              folder, name);
    }
    bool is_ready = strstr(c->raw, "_input") != NULL; /* processed by the driver */
    c->scale = is_ready ? 1 : read_factor(folder, name, "scale", 1);
    c->offset = is_ready ? 0 : read_factor(folder, name, "offset", 0);
    return MMOFL_OK;
}

/* "MODALITY=CHANNEL,CHANNEL@HZ" at [from, end). */
static mmofl_status add_sensor(iio_input *q, const char *folder, const char *from,
                               const char *end, mmofl_error *err)
{
    const char *equals = memchr(from, '=', (size_t)(end - from));
    const char *at = equals ? memchr(equals, '@', (size_t)(end - equals)) : NULL;
    double hz = 0;
    if (q->n == MODALITIES || !at || (size_t)(equals - from) >= NAME_BYTES ||
        equals == from || mmofl_number_read(at + 1, end, &hz) != end || !(hz > 0))
        return refuse(from, err);
    sensor *s = &q->sensor[q->n++];
    memcpy(s->modality, from, (size_t)(equals - from));
    s->period_s = 1 / hz;
    mmofl_status st = MMOFL_OK;
    for (const char *c = equals + 1; !st && c <= at;) {
        const char *stop = memchr(c, ',', (size_t)(at - c));
        stop = stop ? stop : at;
        st = add_channel(s, folder, c, stop, err);
        c = stop + 1;
    }
    return st;
}

static mmofl_status read_where(iio_input *q, const char *where, mmofl_error *err)
{
    char folder[PATH_BYTES / 2];
    const char *question = strchr(where, '?');
    size_t n = question ? (size_t)(question - where) : 0;
    if (n == 0 || n >= sizeof folder)
        return refuse(where, err);
    memcpy(folder, where, n);
    folder[n] = '\0';
    mmofl_status st = MMOFL_OK;
    const char *end = where + strlen(where);
    for (const char *at = question + 1; !st && at < end;) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        stop = stop ? stop : end;
        st = add_sensor(q, folder, at, stop, err);
        at = stop + 1;
    }
    return st || q->n > 0 ? st : refuse(where, err);
}

static mmofl_status open_iio(const char *where, const mmofl_log_sink *log,
                             mmofl_input **out, mmofl_error *err)
{
    iio_input *q = calloc(1, sizeof *q);
    if (!q)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the input");
    q->input.kind = &mmofl_input_iio;
    q->log = log ? *log : (mmofl_log_sink){0};
    q->begun = mmofl_clock_seconds();
    mmofl_status st = read_where(q, where, err);
    if (st)
        free(q);
    else
        *out = &q->input;
    return st;
}

const mmofl_input_kind mmofl_input_iio = {"iio", open_iio,  descriptors, due_s,
                                          next,  has_ended, close_iio};
