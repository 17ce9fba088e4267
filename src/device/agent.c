/* agent.c - stepping, making, and what the program asks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/agent_parts.h"
#include "link/topic.h"

/* ---- stepping ---- */

static mmofl_status deal_with_incoming(mmofl_agent *a, mmofl_error *err)
{
    mmofl_status st = mmofl_agent_take_welcome(a, err);
    if (!st)
        st = mmofl_member_say_hello(a->member, a->acknowledged, err);
    if (!st)
        mmofl_agent_take_next_task(a);
    return st;
}

void mmofl_agent_say_heartbeat(mmofl_agent *a)
{
    if (!a->plan)
        return;
    uint64_t round = mmofl_agent_round(a);
    mmofl_heartbeat beat = {.round = round > a->answered ? round : 0};
    if (a->samples)
        beat.samples = (uint32_t)mmofl_sample_buffer_held(a->samples);
    mmofl_member_say_heartbeat(a->member, a->plan->heartbeat_s, beat);
}

mmofl_status mmofl_agent_step(mmofl_agent *a, double timeout_s, mmofl_error *err)
{
    mmofl_status st = mmofl_member_step(a->member, timeout_s, err);
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

static mmofl_status make_member(mmofl_agent *a, mmofl_error *err)
{
    const mmofl_agent_setup *s = &a->setup;
    mmofl_member_setup setup = {.federation = s->federation,
                                .name = s->name,
                                .secret = s->secret,
                                .other = s->coordinator,
                                .program = s->program,
                                .assembly_bytes = ASSEMBLY_BYTES,
                                .me = "this device",
                                .it = "the coordinator",
                                .broker = "the broker",
                                .log = s->log,
                                .clock = s->clock,
                                .clock_context = s->clock_context,
                                .answered = mmofl_agent_answered,
                                .context = a};
    return mmofl_member_new(&setup, &a->member, err);
}

mmofl_status mmofl_agent_new(const mmofl_agent_setup *setup, mmofl_agent **out,
                             mmofl_error *err)
{
    mmofl_agent *a = calloc(1, sizeof *a);
    if (!a)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the device");
    a->setup = *setup;
    a->log = setup->log ? *setup->log : (mmofl_log_sink){0};
    a->save_told_s = -(double)INFINITY;
    mmofl_status st = make_member(a, err);
    if (!st)
        st = mmofl_agent_restore(a, err);
    if (!st)
        st = mmofl_member_open(a->member, setup->connect, setup->connect_context, err);
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
    mmofl_member_delete(a->member, "the device's program ends");
    a->member = NULL;
    mmofl_agent_drop_plan(a);
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
    mmofl_bus *bus = mmofl_member_bus(a->member);
    (void)!bus->kind->publish(bus, topic, payload, size,
                              (mmofl_bus_delivery){.qos = 0});
}

int mmofl_agent_descriptor(const mmofl_agent *a, bool *wants_write, double *due_s)
{
    return mmofl_member_descriptor(a->member, wants_write, due_s);
}
