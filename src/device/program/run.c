/* run.c - `mmofl-device run`: the loop over sensors and broker. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "device/program/program.h"

enum { PREDICTION_BYTES = 65536, LINES_AT_ONCE = 64 };

typedef struct device {
    const mmofl_device_config *config;
    mmofl_agent *agent;
    mmofl_input *input;
    mmofl_samples *samples;
    const mmofl_plan *plan; /* the samples' */
    float *probability;     /* (K) */
    char prediction[PREDICTION_BYTES];
} device;

/* The plan is new: so are the signals. */
static mmofl_status follow_plan(device *d, mmofl_error *err)
{
    const mmofl_plan *plan = mmofl_agent_get_plan(d->agent);
    if (plan == d->plan)
        return MMOFL_OK;
    mmofl_samples_delete(d->samples);
    free(d->probability);
    d->samples = NULL;
    d->probability = NULL;
    d->plan = plan;
    if (!plan)
        return MMOFL_OK;
    d->probability = malloc((size_t)plan->signals.n_classes * sizeof(float));
    return d->probability && !mmofl_samples_new(&plan->signals, d->config, &d->samples)
               ? MMOFL_OK
               : mmofl_fail(err, MMOFL_E_MEMORY, "no memory for samples");
}

static void predict(device *d, const char *id)
{
    int class = mmofl_agent_predict(d->agent, d->probability);
    if (class < 0)
        return;
    size_t n = mmofl_prediction_text(&d->plan->signals, id, class, d->probability,
                                     d->prediction, sizeof d->prediction);
    if (d->config->publish)
        mmofl_agent_publish_prediction(d->agent, d->prediction, n);
    if (d->config->predict) {
        printf("%.*s\n", (int)n, d->prediction);
        fflush(stdout);
    }
}

static void take_line(device *d, const char *text, size_t size)
{
    mmofl_error err = {0};
    const mmofl_line *line;
    if (mmofl_samples_take(d->samples, text, size, &err))
        mmofl_log(mmofl_device_log(), MMOFL_LOG_WARNING, "sample refused: %s",
                  err.text);
    while ((line = mmofl_samples_next(d->samples)) != NULL) {
        mmofl_status st = mmofl_agent_take(d->agent, line, &err);
        if (st)
            mmofl_log(mmofl_device_log(), MMOFL_LOG_WARNING, "%s", err.text);
        else if (line->kind == MMOFL_LINE_SAMPLE &&
                 (d->config->predict || d->config->publish))
            predict(d, line->id);
    }
}

/* Did any come? */
static bool take_lines(device *d)
{
    const char *text = NULL;
    size_t size;
    int n = 0;
    for (; n < LINES_AT_ONCE && mmofl_agent_wants_samples(d->agent) &&
           (text = d->input->kind->next(d->input, &size)) != NULL;
         n++)
        take_line(d, text, size);
    if (!text && d->input->kind->has_ended(d->input))
        mmofl_agent_end_samples(d->agent);
    return n > 0;
}

/* Until a sensor, the broker or a clock has something; an input that has ended, or
 * whose samples are not wanted now, is not looked at. */
static void wait_for_something(const device *d)
{
    struct pollfd p[MMOFL_INPUT_DESCRIPTORS + 1];
    int fd[MMOFL_INPUT_DESCRIPTORS], n = 0;
    bool wants_write;
    double due_s, pause_s;
    p[n].fd = mmofl_agent_descriptor(d->agent, &wants_write, &due_s);
    p[n++].events = (short)(POLLIN | (wants_write ? POLLOUT : 0));
    pause_s = fmin(due_s, 0.5);
    if (mmofl_agent_wants_samples(d->agent) && !d->input->kind->has_ended(d->input)) {
        int sensors =
            d->input->kind->descriptors(d->input, fd, MMOFL_INPUT_DESCRIPTORS);
        for (int i = 0; i < sensors; i++)
            p[n++] = (struct pollfd){.fd = fd[i], .events = POLLIN};
        pause_s = fmin(pause_s, d->input->kind->due_s(d->input));
    }
    poll(p, (nfds_t)n, (int)ceil(1000 * fmax(pause_s, 0)));
}

static mmofl_status loop(device *d, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    while (!st && !mmofl_device_stop_asked() && !mmofl_agent_is_done(d->agent)) {
        st = mmofl_agent_step(d->agent, 0, err);
        if (!st)
            st = follow_plan(d, err);
        if (st)
            break;
        /* What came may be what a task waits for: the agent has its turn first. */
        if (!take_lines(d))
            wait_for_something(d);
    }
    return st;
}

int mmofl_device_run(const mmofl_device_config *config)
{
    mmofl_error err = {0};
    mmofl_device_keys keys;
    mmofl_device_line line = {.config = config, .keys = &keys};
    device d = {.config = config};
    mmofl_status st = mmofl_file_make_folders(config->state, &err);
    if (!st)
        st = mmofl_device_keys_load(config, &keys, &err);
    if (!st)
        st = mmofl_input_open(config->input, mmofl_device_log(), &d.input, &err);
    if (!st) {
        mmofl_agent_setup setup = {.federation = config->federation,
                                   .name = config->name,
                                   .secret = keys.are_there ? keys.secret : NULL,
                                   .coordinator =
                                       keys.are_there ? keys.coordinator : NULL,
                                   .folder = config->state,
                                   .program = "mmofl-device " MMOFL_VERSION,
                                   .lockstep = config->lockstep,
                                   .offline_s = config->offline_s,
                                   .connect = mmofl_device_connect,
                                   .connect_context = &line,
                                   .log = mmofl_device_log()};
        st = mmofl_agent_new(&setup, &d.agent, &err);
    }
    if (!st)
        st = loop(&d, &err);
    mmofl_agent_delete(d.agent);
    mmofl_samples_delete(d.samples);
    free(d.probability);
    if (d.input)
        d.input->kind->close(d.input);
    if (st)
        fprintf(stderr, "mmofl-device: %s\n", err.text);
    return st ? EXIT_FAILED : EXIT_DONE;
}
