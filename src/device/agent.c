/* agent.c - stepping, making, and what the program asks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/agent_parts.h"
#include "link/topic.h"

/* ---- stepping ---- */

static mmofl_status deal_with_incoming(mmofl_agent *a, mmofl_error *err)
{
    if (a->incoming.refused)
        return mmofl_fail(err, a->incoming.refused, "the coordinator refused: %s",
                          a->incoming.refusal);
    mmofl_status st = MMOFL_OK;
    if (a->incoming.welcome.bytes)
        st = mmofl_agent_take_welcome(a, err);
    if (!st && a->incoming.wants_hello) {
        a->incoming.wants_hello = false;
        st = mmofl_agent_say_hello(a, err);
    }
    if (!st && a->incoming.task.bytes)
        mmofl_agent_take_next_task(a);
    return st;
}

mmofl_status mmofl_agent_step(mmofl_agent *a, double timeout_s, mmofl_error *err)
{
    mmofl_status st = mmofl_endpoint_step(a->endpoint, timeout_s, err);
    if (!st)
        st = deal_with_incoming(a, err);
    if (!st)
        st = mmofl_agent_go_on(a, err);
    if (!st) {
        mmofl_agent_learn_alone(a);
        mmofl_agent_say_heartbeat(a);
    }
    return st;
}

/* ---- making ---- */

enum { ASSEMBLY_BYTES = 1 << 30 };

static mmofl_status make_endpoint(mmofl_agent *a, mmofl_error *err)
{
    const mmofl_agent_setup *s = &a->setup;
    mmofl_endpoint_setup setup = {
        .identity = {s->federation, s->name, mmofl_session_draw(), s->secret},
        .limits = mmofl_wire_limits_join(),
        .assembly_bytes = ASSEMBLY_BYTES,
        .events = mmofl_agent_events(a),
        .clock = s->clock,
        .clock_context = s->clock_context};
    mmofl_bus_will will;
    mmofl_status st = mmofl_endpoint_new(&setup, &a->endpoint, err);
    if (st)
        return st;
    a->coordinator = mmofl_endpoint_peer(a->endpoint, MMOFL_COORDINATOR, true);
    st = a->coordinator ? mmofl_endpoint_will(a->endpoint, &will) : MMOFL_E_MEMORY;
    return st ? mmofl_fail(err, st, "no memory for the connection") : MMOFL_OK;
}

static mmofl_status connect_bus(mmofl_agent *a, mmofl_error *err)
{
    mmofl_bus_events events = mmofl_endpoint_bus_events(a->endpoint);
    mmofl_bus_will will;
    mmofl_status st = mmofl_endpoint_will(a->endpoint, &will);
    if (st)
        return mmofl_fail(err, st, "no memory for the connection");
    st = a->setup.connect(a->setup.connect_context, &events, &will, &a->bus, err);
    return st ? st : mmofl_endpoint_attach(a->endpoint, a->bus, err);
}

mmofl_status mmofl_agent_new(const mmofl_agent_setup *setup, mmofl_agent **out,
                             mmofl_error *err)
{
    mmofl_agent *a = calloc(1, sizeof *a);
    if (!a)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the device");
    a->setup = *setup;
    a->log = setup->log ? *setup->log : (mmofl_log_sink){0};
    a->started_s = mmofl_agent_now(a);
    a->save_told_s = -(double)INFINITY;
    a->incoming.wants_hello = true;
    mmofl_status st = make_endpoint(a, err);
    if (!st)
        st = mmofl_agent_restore(a, err);
    if (!st)
        st = connect_bus(a, err);
    if (st) {
        mmofl_agent_delete(a);
        return st;
    }
    *out = a;
    return MMOFL_OK;
}

void mmofl_agent_delete(mmofl_agent *a)
{
    if (!a)
        return;
    if (a->bus) {
        mmofl_error err = {0};
        mmofl_message bye = {.kind = MMOFL_MESSAGE_BYE,
                             .body.bye = {.reason = "the device's program ends"}};
        (void)!mmofl_agent_send(a, &bye, NULL, &err);
        a->bus->kind->destroy(a->bus);
    }
    mmofl_agent_drop_plan(a);
    mmofl_kept_free(&a->incoming.welcome);
    mmofl_kept_free(&a->incoming.task);
    mmofl_endpoint_delete(a->endpoint);
    free(a);
}

/* ---- what the program asks ---- */

bool mmofl_agent_is_done(const mmofl_agent *a)
{
    return a->task.bytes && mmofl_agent_task(a)->closing;
}

const mmofl_plan *mmofl_agent_get_plan(const mmofl_agent *a)
{
    return a->plan;
}

bool mmofl_agent_wants_samples(const mmofl_agent *a)
{
    if (!a->plan)
        return false;
    if (!a->setup.lockstep)
        return true;
    return mmofl_agent_task_is_open(a) &&
           mmofl_sample_buffer_arrivals(a->samples) <
               mmofl_plan_arrivals(a->plan, mmofl_agent_round(a));
}

void mmofl_agent_end_samples(mmofl_agent *a)
{
    a->samples_ended = true;
}

mmofl_status mmofl_agent_take(mmofl_agent *a, const mmofl_line *line, mmofl_error *err)
{
    switch (line->kind) {
    case MMOFL_LINE_SAMPLE:
        mmofl_sample_buffer_push(a->samples, line);
        return MMOFL_OK;
    case MMOFL_LINE_LABEL:
        if (mmofl_sample_buffer_label(a->samples, line->id, line->label))
            return MMOFL_OK;
        return mmofl_fail(err, MMOFL_E_NOT_FOUND,
                          "label: sample '%s' is not held any more", line->id);
    case MMOFL_LINE_READING:
        break;
    }
    return mmofl_fail(err, MMOFL_E_TYPE, "a reading is no sample"); /* windows first */
}

uint64_t mmofl_agent_arrivals(const mmofl_agent *a)
{
    return a->samples ? mmofl_sample_buffer_arrivals(a->samples) : 0;
}

int mmofl_agent_predict(mmofl_agent *a, float *probability)
{
    if (!a->plan || !a->task.bytes || mmofl_agent_arrivals(a) == 0)
        return -1;
    const mmofl_signals *s = &a->plan->signals;
    uint32_t mask = 0;
    for (int m = 0; m < s->n; m++)
        if (mmofl_sample_buffer_last(a->samples, m, a->values[m]))
            mask |= UINT32_C(1) << m;
    const mmofl_broadcast *b = &mmofl_agent_task(a)->broadcast;
    return mmofl_predictor_run(a->predictor, a->own ? a->own : b->parameters,
                               b->prototypes, mask, (const float *const *)a->values,
                               probability);
}

void mmofl_agent_publish_prediction(mmofl_agent *a, const void *payload, size_t size)
{
    char topic[MMOFL_TOPIC_BYTES];
    mmofl_topic_device(a->setup.federation, a->setup.name, MMOFL_TOPIC_PREDICTION,
                       topic);
    (void)!a->bus->kind->publish(a->bus, topic, payload, size,
                                 (mmofl_bus_delivery){.qos = 0});
}

int mmofl_agent_descriptor(const mmofl_agent *a, bool *wants_write, double *due_s)
{
    int fd = a->bus->kind->descriptor(a->bus, wants_write, due_s);
    *due_s = fmin(*due_s, mmofl_endpoint_due_s(a->endpoint));
    return fd;
}
