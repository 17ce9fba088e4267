/* predict.c - `mmofl-device predict`: samples in, predictions out, with the model that
 * the device has; no broker is asked. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/predictor.h"
#include "device/program/program.h"
#include "device/sample_buffer.h"
#include "device/state.h"

enum { STATE_BYTES = 1 << 30, PREDICTION_BYTES = 65536 };

/* The model of the last Task, as it stands in the state folder. */
typedef struct model {
    mmofl_plan *plan;
    mmofl_message task;
    mmofl_predictor *predictor;
    mmofl_sample_buffer *samples; /* of one: what standardises */
    float *values[MMOFL_MAX_MODALITIES], *probability;
} model;

static mmofl_status read_task(const char *folder, model *m, mmofl_error *err)
{
    mmofl_state_file file;
    mmofl_status st =
        mmofl_state_read(folder, MMOFL_STATE_TASK, STATE_BYTES, &file, err);
    if (st)
        return st;
    st = mmofl_message_read(file.part[0].data, file.part[0].size, &m->plan->limits,
                            &m->task, err);
    mmofl_state_file_free(&file);
    return st;
}

static mmofl_status make_room(model *m, mmofl_error *err)
{
    const mmofl_signals *s = &m->plan->signals;
    mmofl_status st = mmofl_predictor_new(m->plan, &m->predictor);
    m->probability = malloc((size_t)s->n_classes * sizeof(float));
    if (!st && !m->probability)
        st = MMOFL_E_MEMORY;
    for (int i = 0; i < s->n && !st; i++) {
        m->values[i] = malloc(s->count[i] * sizeof(float));
        st = m->values[i] ? MMOFL_OK : MMOFL_E_MEMORY;
    }
    return st ? mmofl_fail(err, st, "no memory for the model")
              : mmofl_sample_buffer_open(s, 1, NULL, &m->samples, err);
}

static mmofl_status load(const mmofl_device_config *config, model *m, mmofl_error *err)
{
    mmofl_status st = mmofl_plan_from_state(config->state, &m->plan, err);
    if (!st)
        st = read_task(config->state, m, err);
    if (st == MMOFL_E_NOT_FOUND)
        return mmofl_fail(err, st,
                          "%s: no model has come yet; mmofl-device run gets one",
                          config->state);
    return st ? st : make_room(m, err);
}

static void unload(model *m)
{
    mmofl_sample_buffer_close(m->samples);
    mmofl_predictor_delete(m->predictor);
    for (int i = 0; i < MMOFL_MAX_MODALITIES; i++)
        free(m->values[i]);
    free(m->probability);
    mmofl_message_free(&m->task);
    mmofl_plan_delete(m->plan);
}

static void predict(model *m, const mmofl_line *line)
{
    static char text[PREDICTION_BYTES];
    const mmofl_broadcast *b = &m->task.body.task.broadcast;
    uint32_t mask = 0;
    mmofl_sample_buffer_push(m->samples, line);
    for (int i = 0; i < m->plan->signals.n; i++)
        if (mmofl_sample_buffer_last(m->samples, i, m->values[i]))
            mask |= UINT32_C(1) << i;
    int class = mmofl_predictor_run(m->predictor, b->parameters, b->prototypes, mask,
                                    (const float *const *)m->values, m->probability);
    size_t n = mmofl_prediction_text(&m->plan->signals, line->id, class, m->probability,
                                     text, sizeof text);
    printf("%.*s\n", (int)n, text);
    fflush(stdout);
}

static void wait_for_lines(mmofl_input *input)
{
    struct pollfd p[MMOFL_INPUT_DESCRIPTORS];
    int fd[MMOFL_INPUT_DESCRIPTORS];
    int n = input->kind->descriptors(input, fd, MMOFL_INPUT_DESCRIPTORS);
    for (int i = 0; i < n; i++)
        p[i] = (struct pollfd){.fd = fd[i], .events = POLLIN};
    poll(p, (nfds_t)n, (int)ceil(1000 * fmin(input->kind->due_s(input), 0.5)));
}

static void predict_lines(model *m, mmofl_samples *samples, mmofl_input *input)
{
    while (!mmofl_device_stop_asked()) {
        size_t size;
        const char *text = input->kind->next(input, &size);
        const mmofl_line *line;
        mmofl_error err = {0};
        if (!text && input->kind->has_ended(input))
            return;
        if (!text)
            wait_for_lines(input);
        else if (mmofl_samples_take(samples, text, size, &err))
            mmofl_log(mmofl_device_log(), MMOFL_LOG_WARNING, "sample refused: %s",
                      err.text);
        while (text && (line = mmofl_samples_next(samples)) != NULL)
            if (line->kind == MMOFL_LINE_SAMPLE)
                predict(m, line);
    }
}

int mmofl_device_predict(const mmofl_device_config *config)
{
    model m = {0};
    mmofl_samples *samples = NULL;
    mmofl_input *input = NULL;
    mmofl_error err = {0};
    mmofl_status st = load(config, &m, &err);
    if (!st && mmofl_samples_new(&m.plan->signals, config, &samples))
        st = mmofl_fail(&err, MMOFL_E_MEMORY, "no memory for samples");
    if (!st)
        st = mmofl_input_open(config->input, mmofl_device_log(), &input, &err);
    if (!st)
        predict_lines(&m, samples, input);
    if (input)
        input->kind->close(input);
    mmofl_samples_delete(samples);
    unload(&m);
    if (st)
        fprintf(stderr, "mmofl-device: %s\n", err.text);
    return st ? EXIT_FAILED : EXIT_DONE;
}
