/* plan.c - Welcome, learning config, model, learner: one after the other. */
#include <stdlib.h>
#include <string.h>

#include "config/learning.h"
#include "device/plan.h"
#include "device/state.h"
#include "fed/aggregation.h"

static mmofl_status make(mmofl_plan *p, const mmofl_welcome *w, mmofl_error *err)
{
    mmofl_status st = mmofl_learning_parse(w->config, strlen(w->config), "welcome",
                                           &p->learning, err);
    if (st)
        return st;
    st = mmofl_signals_take(&p->signals, w);
    if (st)
        return mmofl_fail(err, st, "no memory for %d signals", w->n_signals);
    const mmofl_experiment *x = &p->learning;
    st = mmofl_model_new(&x->model, p->signals.modality, p->signals.n,
                         p->signals.n_classes, NULL, &p->model, err);
    if (st)
        return st;
    mmofl_digest layout = mmofl_layout_digest(p->model);
    if (!mmofl_digest_is_none(&w->layout) && !mmofl_digest_equal(&layout, &w->layout))
        return mmofl_fail(err, MMOFL_E_VERSION,
                          "the coordinator orders the model's parameters otherwise: "
                          "wanted the same version of mmofl on both sides");
    p->rule = mmofl_aggregation_local(&x->aggregation);
    p->learner = (mmofl_learner_setup){.model = p->model,
                                       .train = &x->train,
                                       .seed = p->seed,
                                       .buffer = x->stream.buffer,
                                       .method = &x->method,
                                       .rule = p->rule.kind ? &p->rule : NULL};
    p->limits =
        mmofl_wire_limits_of(p->model, mmofl_method_of(&x->method), p->rule.kind);
    return MMOFL_OK;
}

mmofl_status mmofl_plan_new(const mmofl_welcome *welcome, mmofl_plan **out,
                            mmofl_error *err)
{
    mmofl_plan *p = calloc(1, sizeof *p);
    if (!p)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a plan");
    p->device = welcome->device;
    p->seed = welcome->seed;
    p->config = welcome->config_digest;
    p->heartbeat_s = welcome->heartbeat_s;
    p->lease_s = welcome->lease_s;
    p->coding = welcome->coding;
    mmofl_status st = make(p, welcome, err);
    if (st) {
        mmofl_plan_delete(p);
        return st;
    }
    *out = p;
    return MMOFL_OK;
}

mmofl_status mmofl_plan_from_state(const char *folder, mmofl_plan **plan,
                                   mmofl_error *err)
{
    mmofl_wire_limits join = mmofl_wire_limits_join();
    mmofl_state_file file;
    mmofl_message m = {0};
    mmofl_status st = mmofl_state_read(folder, MMOFL_STATE_WELCOME,
                                       join.message_bytes + 4096, &file, err);
    if (st)
        return st;
    st = mmofl_message_read(file.part[0].data, file.part[0].size, &join, &m, err);
    if (!st)
        st = mmofl_plan_new(&m.body.welcome, plan, err);
    mmofl_message_free(&m);
    mmofl_state_file_free(&file);
    return st;
}

void mmofl_plan_delete(mmofl_plan *p)
{
    if (!p)
        return;
    mmofl_model_delete(p->model);
    mmofl_signals_free(&p->signals);
    mmofl_learning_free(&p->learning);
    free(p);
}

uint64_t mmofl_plan_arrivals(const mmofl_plan *p, uint64_t round)
{
    const mmofl_stream_spec *s = &p->learning.stream;
    uint64_t initial = (uint64_t)(s->initial > 0 ? s->initial : s->buffer);
    return round == 0 ? 0 : initial + (round - 1) * (uint64_t)s->fresh;
}
