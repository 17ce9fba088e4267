/* agent_plan.c - the plan of an agent, and what it has from before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/agent_parts.h"

/* A disk that does not take the state is told of so often. */
static const double save_told_gap_s = 10;

/* ---- the plan ---- */

static void free_carried(mmofl_carried *c)
{
    free(c->kept);
    free(c->residual);
    *c = (mmofl_carried){0};
}

/* Zeros, where the plan has a use for them. */
static bool make_carried(const mmofl_plan *p, mmofl_carried *c)
{
    size_t n = p->model->n_parameters;
    bool keeps = p->rule.kind && p->rule.kind->kept, is_lossy = p->coding.difference;
    if (keeps)
        c->kept = calloc(n, sizeof *c->kept);
    if (is_lossy)
        c->residual = calloc(n, sizeof *c->residual);
    return (!keeps || c->kept) && (!is_lossy || c->residual);
}

void mmofl_agent_drop_plan(mmofl_agent *a)
{
    mmofl_learner_space_delete(a->space);
    mmofl_predictor_delete(a->predictor);
    mmofl_sample_buffer_close(a->samples);
    mmofl_kept_free(&a->task);
    mmofl_kept_free(&a->answer);
    free_carried(&a->before);
    free_carried(&a->after);
    free(a->own);
    for (int m = 0; m < MMOFL_MAX_MODALITIES; m++) {
        free(a->values[m]);
        a->values[m] = NULL;
    }
    mmofl_plan_delete(a->plan);
    a->space = NULL;
    a->predictor = NULL;
    a->samples = NULL;
    a->own = NULL;
    a->plan = NULL;
    a->answered = a->acknowledged = 0;
    a->is_update = a->must_save = false;
    if (!a->member) /* it is over */
        return;
    mmofl_member_forget_answer(a->member, false);
    mmofl_member_unready(a->member);
}

/* The buffer's file; one of other signals makes room for a new one. */
static mmofl_status open_samples(mmofl_agent *a, mmofl_error *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/" MMOFL_STATE_SAMPLES, a->setup.folder) >=
        (int)sizeof path)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", a->setup.folder);
    int slots = a->plan->learning.stream.buffer;
    mmofl_status st =
        mmofl_sample_buffer_open(&a->plan->signals, slots, path, &a->samples, err);
    if (st != MMOFL_E_SHAPE && st != MMOFL_E_CORRUPT)
        return st;
    MMOFL_AGENT_SAY(a, WARNING, "the samples of before are given up: %s", err->text);
    if (remove(path) != 0)
        return st;
    *err = (mmofl_error){0};
    return mmofl_sample_buffer_open(&a->plan->signals, slots, path, &a->samples, err);
}

static mmofl_status make_room(mmofl_agent *a, mmofl_error *err)
{
    const mmofl_plan *p = a->plan;
    size_t n = p->model->n_parameters;
    mmofl_status st = mmofl_learner_space_new(&p->learner, false, 0, &a->space);
    if (!st)
        st = mmofl_predictor_new(p, &a->predictor);
    if (!st && !(make_carried(p, &a->before) && make_carried(p, &a->after)))
        st = MMOFL_E_MEMORY;
    for (int m = 0; !st && m < p->signals.n; m++) {
        a->values[m] = malloc(p->signals.count[m] * sizeof(float));
        st = a->values[m] ? MMOFL_OK : MMOFL_E_MEMORY;
    }
    return st ? mmofl_fail(err, st, "no memory for a model of %zu parameters", n)
              : open_samples(a, err);
}

mmofl_status mmofl_agent_use_welcome(mmofl_agent *a, const mmofl_kept_message *welcome,
                                     mmofl_error *err)
{
    mmofl_agent_drop_plan(a);
    mmofl_status st = mmofl_plan_new(&welcome->message.body.welcome, &a->plan, err);
    if (st)
        return mmofl_fail_within(err, "the coordinator's config");
    st = make_room(a, err);
    if (st) {
        mmofl_agent_drop_plan(a);
        return st;
    }
    mmofl_member_ready(a->member, &a->plan->config, &a->plan->limits);
    a->learned_s = mmofl_agent_now(a);
    MMOFL_AGENT_SAY(a, INFO, "device %llu of %s: %zu parameters, room for %d samples",
                    (unsigned long long)a->plan->device, a->setup.federation,
                    a->plan->model->n_parameters, a->plan->learning.stream.buffer);
    return MMOFL_OK;
}

bool mmofl_agent_save(mmofl_agent *a, const char *name, const mmofl_state_file *file)
{
    mmofl_error err = {0};
    double now = mmofl_agent_now(a);
    if (!mmofl_state_write(a->setup.folder, name, file, false, &err))
        return true;
    if (now - a->save_told_s >= save_told_gap_s) {
        MMOFL_AGENT_SAY(a, WARNING, "not kept for a restart: %s", err.text);
        a->save_told_s = now;
    }
    return false;
}

mmofl_status mmofl_agent_take_welcome(mmofl_agent *a, mmofl_error *err)
{
    mmofl_kept_message w;
    if (!mmofl_member_take_welcome(a->member, &w))
        return MMOFL_OK;
    const mmofl_welcome *welcome = &w.message.body.welcome;
    mmofl_status st = MMOFL_OK;
    if (!a->plan || !mmofl_digest_equal(&a->plan->config, &welcome->config_digest) ||
        a->plan->device != welcome->device) {
        /* What belongs to another config must not meet this one after a restart. */
        mmofl_state_remove(a->setup.folder, MMOFL_STATE_TASK);
        mmofl_state_remove(a->setup.folder, MMOFL_STATE_ANSWER);
        st = mmofl_agent_use_welcome(a, &w, err);
        if (!st)
            (void)mmofl_agent_save(a, MMOFL_STATE_WELCOME,
                                   &(mmofl_state_file){.part = {{w.bytes, w.size}}});
    } else {
        a->plan->heartbeat_s = welcome->heartbeat_s;
        a->plan->lease_s = welcome->lease_s;
    }
    mmofl_kept_free(&w);
    return st;
}

/* ---- what was there before ---- */

enum { STATE_BYTES = 1 << 30 };

/* What the folder has of a kind; nothing there, or nothing usable, is no failure. */
static bool load(mmofl_agent *a, const char *name, mmofl_state_file *file)
{
    mmofl_error err = {0};
    mmofl_status st = mmofl_state_read(a->setup.folder, name, STATE_BYTES, file, &err);
    if (st && st != MMOFL_E_NOT_FOUND)
        MMOFL_AGENT_SAY(a, WARNING, "given up: %s", err.text);
    return st == MMOFL_OK;
}

/* Has a file those numbers that the plan has a use for? */
static bool carried_fits(const mmofl_agent *a, const mmofl_carried *c,
                         const mmofl_state_part part[2])
{
    size_t n = a->plan->model->n_parameters * sizeof(float);
    return part[0].size == (c->kept ? n : 0) && part[1].size == (c->residual ? n : 0);
}

static void read_carried(const mmofl_carried *c, const mmofl_state_part part[2])
{
    if (c->kept)
        memcpy(c->kept, part[0].data, part[0].size);
    if (c->residual)
        memcpy(c->residual, part[1].data, part[1].size);
}

static void restore_answer(mmofl_agent *a, const mmofl_state_file *file)
{
    bool has_after = file->part[MMOFL_STATE_AFTER].size > 0 ||
                     file->part[MMOFL_STATE_AFTER + 1].size > 0;
    if (!carried_fits(a, &a->before, &file->part[MMOFL_STATE_BEFORE]) ||
        (has_after && !carried_fits(a, &a->after, &file->part[MMOFL_STATE_AFTER])))
        return;
    read_carried(&a->before, &file->part[MMOFL_STATE_BEFORE]);
    if (has_after)
        read_carried(&a->after, &file->part[MMOFL_STATE_AFTER]);
    a->is_update = has_after;
    a->answer.bytes = malloc(file->part[0].size + 1);
    if (!a->answer.bytes)
        return;
    a->answer.size = file->part[0].size;
    memcpy(a->answer.bytes, file->part[0].data, a->answer.size);
    a->answered = file->round;
    a->answered_arrivals = a->alone_arrivals = file->arrivals;
    if (a->task.bytes && mmofl_agent_round(a) == a->answered)
        a->answered_model = mmofl_agent_task(a)->model;
}

/* The plan, the task and the answer of before. */
mmofl_status mmofl_agent_restore(mmofl_agent *a, mmofl_error *err)
{
    mmofl_wire_limits join = mmofl_wire_limits_join();
    mmofl_state_file file;
    mmofl_kept_message welcome = {0};
    if (!load(a, MMOFL_STATE_WELCOME, &file))
        return MMOFL_OK;
    mmofl_status st =
        mmofl_kept_read(&welcome, file.part[0].data, file.part[0].size, &join, err);
    if (!st)
        st = mmofl_agent_use_welcome(a, &welcome, err);
    mmofl_kept_free(&welcome);
    mmofl_state_file_free(&file);
    if (st)
        return st;
    if (load(a, MMOFL_STATE_TASK, &file)) {
        mmofl_error why = {0};
        if (mmofl_kept_read(&a->task, file.part[0].data, file.part[0].size,
                            &a->plan->limits, &why))
            MMOFL_AGENT_SAY(a, WARNING, "the last task is given up: %s", why.text);
        a->task_s = mmofl_agent_now(a);
        mmofl_state_file_free(&file);
    }
    if (load(a, MMOFL_STATE_ANSWER, &file)) {
        restore_answer(a, &file);
        mmofl_state_file_free(&file);
    }
    return MMOFL_OK;
}
