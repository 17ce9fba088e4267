/* agent_round.c - what a device makes of a task. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/agent_parts.h"

static const double turn_s = 0.2; /* between turns of the bus while learning */

/* How long to wait for labelled samples, as a share of the time that a task leaves. */
static const double patience = 0.8;

/* ---- a round ---- */

/* How often a full disk is tried again. */
static const double save_again_s = 1;

static mmofl_state_part part_of(const mmofl_agent *a, const float *numbers)
{
    size_t n = numbers ? a->plan->model->n_parameters : 0;
    return (mmofl_state_part){numbers, n * sizeof *numbers};
}

/* What is carried must not be lost once the answer is sent; where nothing is, the disk
 * may fail: the device would learn the same again. */
static void save_answer(mmofl_agent *a)
{
    static const mmofl_carried none;
    const mmofl_carried *after = a->is_update ? &a->after : &none;
    mmofl_state_file file = {.round = a->answered,
                             .arrivals = a->answered_arrivals,
                             .part = {{a->answer.bytes, a->answer.size},
                                      part_of(a, a->before.kept),
                                      part_of(a, a->before.residual),
                                      part_of(a, after->kept),
                                      part_of(a, after->residual)}};
    bool is_kept = mmofl_agent_save(a, MMOFL_STATE_ANSWER, &file);
    a->must_save = !is_kept && mmofl_agent_carries(a);
    a->saved_s = mmofl_agent_now(a);
}

/* The coordinator has used the answer, or does not want it. */
static void settle(mmofl_agent *a, bool used)
{
    bool was_update = a->is_update;
    mmofl_carried before = a->before;
    a->acknowledged = a->answered;
    a->is_update = false;
    if (was_update && used) {
        a->before = a->after;
        a->after = before;
    }
    if (was_update)
        save_answer(a);
}

void mmofl_agent_answered(void *context, mmofl_status status, const char *text)
{
    mmofl_agent *a = context;
    if (status && status != MMOFL_E_DUPLICATE)
        MMOFL_AGENT_SAY(a, WARNING, "round %llu: the answer was refused: %s%s%s",
                        (unsigned long long)a->answered, mmofl_status_text(status),
                        *text ? ": " : "", text);
    settle(a, !status || status == MMOFL_E_DUPLICATE);
}

/* From now on the round has an answer; it is kept before it is sent. */
static mmofl_status set_answer(mmofl_agent *a, const mmofl_message *m, uint64_t round,
                               mmofl_error *err)
{
    uint8_t *bytes;
    size_t size;
    mmofl_status st = mmofl_message_write(m, &a->plan->limits, &bytes, &size);
    if (st)
        return mmofl_fail(err, st, "round %llu: no answer: %s",
                          (unsigned long long)round, mmofl_status_text(st));
    mmofl_kept_free(&a->answer);
    a->answer = (mmofl_kept_message){.bytes = bytes, .size = size};
    a->answered = round;
    a->answered_model = mmofl_agent_task(a)->model;
    mmofl_member_forget_answer(a->member, false);
    a->is_update = m->kind == MMOFL_MESSAGE_UPDATE && mmofl_agent_carries(a);
    save_answer(a);
    return MMOFL_OK;
}

static mmofl_status mmofl_agent_decline(mmofl_agent *a, mmofl_status why,
                                        mmofl_error *err)
{
    MMOFL_AGENT_SAY(a, WARNING, "round %llu: declined: %s",
                    (unsigned long long)mmofl_agent_round(a), mmofl_status_text(why));
    mmofl_message m = {.kind = MMOFL_MESSAGE_DECLINE,
                       .body.decline = {.round = mmofl_agent_round(a),
                                        .status = why,
                                        .text = mmofl_status_text(why)}};
    return set_answer(a, &m, mmofl_agent_round(a), err);
}

static void fill_quality(const mmofl_agent *a, mmofl_quality *quality)
{
    const mmofl_sensor_record *r = mmofl_sample_buffer_record(a->samples);
    const mmofl_model *model = a->plan->model;
    for (int e = 0; e < model->n_encoders; e++) {
        int m = model->encoder[e].modality;
        double n =
            (double)(r->samples - r->missing[m]) * (double)a->plan->signals.count[m];
        double mean = n > 0 ? r->sum[m] / n : 0;
        double variance = n > 0 ? r->squares[m] / n - mean * mean : 0;
        quality[e] = (mmofl_quality){.samples = r->samples,
                                     .missing = r->missing[m],
                                     .unlabelled = r->unlabelled,
                                     .mean = mean,
                                     .sd = sqrt(fmax(variance, 0))};
    }
}

/* Between mini-batches the bus has its turn: what comes is only put down. */
static void give_turn(void *context, const mmofl_step_view *view)
{
    (void)view;
    mmofl_agent *a = context;
    mmofl_error err = {0};
    double now = mmofl_agent_now(a);
    if (now - a->turn_s < turn_s)
        return;
    a->turn_s = now;
    mmofl_agent_say_heartbeat(a);
    (void)!mmofl_member_step(a->member, 0, &err); /* the agent's step sees it again */
}

/* Learn on what is held, from this model on. */
static mmofl_status learn(mmofl_agent *a, const mmofl_broadcast *from, uint64_t fresh,
                          mmofl_update *update)
{
    mmofl_learner_watch watch = {.before_step = give_turn, .before_context = a};
    mmofl_buffer_view view = mmofl_sample_buffer_view(a->samples, fresh);
    view.kept = a->after.kept;
    a->is_learning = true;
    mmofl_status st = mmofl_learner_round(&a->plan->learner, a->space, a->plan->device,
                                          from, &view, &watch, update);
    a->is_learning = false;
    a->learned_s = mmofl_agent_now(a);
    a->alone_arrivals = mmofl_sample_buffer_arrivals(a->samples);
    return st;
}

/* The round goes on from what the coordinator has; until it has the answer, too, both
 * are there. */
static void begin_carrying(const mmofl_agent *a)
{
    size_t bytes = a->plan->model->n_parameters * sizeof(float);
    if (a->before.kept)
        memcpy(a->after.kept, a->before.kept, bytes);
    if (a->before.residual)
        memcpy(a->after.residual, a->before.residual, bytes);
}

static mmofl_status mmofl_agent_answer_task(mmofl_agent *a, mmofl_error *err)
{
    const mmofl_task *task = mmofl_agent_task(a);
    uint64_t round = task->broadcast.round;
    uint64_t fresh = a->setup.lockstep ? mmofl_plan_arrivals(a->plan, round - 1)
                                       : a->answered_arrivals;
    mmofl_update update;
    mmofl_quality quality[MMOFL_MAX_MODALITIES];
    begin_carrying(a);
    mmofl_status st = learn(a, &task->broadcast, fresh, &update);
    if (st)
        return mmofl_agent_decline(a, st, err);
    fill_quality(a, quality);
    a->answered_arrivals = mmofl_sample_buffer_arrivals(a->samples);
    mmofl_message m = {.kind = MMOFL_MESSAGE_UPDATE,
                       .body.update = {.update = update,
                                       .config = task->config,
                                       .model = task->model,
                                       .quality = quality,
                                       .coding = a->plan->coding,
                                       .received = task->broadcast.parameters,
                                       .residual = a->after.residual}};
    st = set_answer(a, &m, round, err);
    if (st)
        return mmofl_agent_decline(a, st, err);
    mmofl_sample_buffer_forget_record(a->samples);
    MMOFL_AGENT_SAY(
        a, INFO, "round %llu: %u new samples, %.0f %% of them predicted, loss %.4f",
        (unsigned long long)round, update.report.fresh,
        update.report.fresh ? 100.0 * update.report.fresh_correct / update.report.fresh
                            : 0.0,
        update.report.train_loss);
    return MMOFL_OK;
}

/* Are the samples there that the open task wants? */
static bool mmofl_agent_has_samples(mmofl_agent *a)
{
    if (a->setup.lockstep)
        return a->samples_ended ||
               mmofl_sample_buffer_arrivals(a->samples) >=
                   mmofl_plan_arrivals(a->plan, mmofl_agent_round(a));
    return mmofl_sample_buffer_view(a->samples, 0).samples.n > 0;
}

bool mmofl_agent_task_is_open(const mmofl_agent *a)
{
    return a->task.bytes && !mmofl_agent_task(a)->closing &&
           mmofl_agent_round(a) > a->answered;
}

/* Nobody will label a sample in time. */
static bool mmofl_agent_is_too_late(const mmofl_agent *a)
{
    double left = mmofl_agent_task(a)->seconds_left;
    return !a->setup.lockstep && left > 0 &&
           mmofl_agent_now(a) - a->task_s > patience * left;
}

/* Is it the task that is here, said again? */
static bool is_repeated(const mmofl_agent *a, const mmofl_kept_message *next)
{
    const mmofl_task *now = mmofl_agent_task(a);
    return now && mmofl_task_is_same(&next->message.body.task, now);
}

/* Was it sent after the one that is here?  A coordinator's words are numbered within
 * the life of its process; what came last of two lives is the new one. */
static bool is_newer(const mmofl_agent *a, const mmofl_kept_message *next)
{
    return !mmofl_kept_is_after(&a->task, next->session, next->sequence);
}

/* A round that was answered with another model before: the coordinator has gone back to
 * an earlier state, and that answer is worth nothing. */
static void forget_overtaken_answer(mmofl_agent *a)
{
    const mmofl_task *t = mmofl_agent_task(a);
    if (t->broadcast.round > a->answered ||
        (t->broadcast.round == a->answered &&
         mmofl_digest_equal(&t->model, &a->answered_model)))
        return;
    mmofl_member_forget_answer(a->member, true);
    mmofl_kept_free(&a->answer);
    a->answered = a->acknowledged = t->broadcast.round - 1;
    a->is_update = false;
}

/* Another process of the coordinator asks for a round that was answered: its disk does
 * not have the answer (a Decline is never there). */
static void answer_again(mmofl_agent *a, const mmofl_kept_message *repeated)
{
    const mmofl_task *t = &repeated->message.body.task;
    if (repeated->session != a->task.session && t->broadcast.round == a->answered)
        a->acknowledged = a->answered - 1;
    a->task.session = repeated->session;
    a->task.sequence = repeated->sequence;
}

void mmofl_agent_take_next_task(mmofl_agent *a)
{
    mmofl_kept_message next = {0};
    if (!mmofl_member_task(a->member))
        return;
    mmofl_member_take_task(a->member, &next);
    const mmofl_task *t = &next.message.body.task;
    bool repeats = is_repeated(a, &next), newer = is_newer(a, &next);
    if (repeats && newer)
        answer_again(a, &next);
    if (repeats || !newer) {
        mmofl_kept_free(&next);
        return;
    }
    mmofl_kept_free(&a->task);
    a->task = next;
    forget_overtaken_answer(a);
    a->task_s = a->learned_s = mmofl_agent_now(a);
    free(a->own);
    a->own = NULL;
    (void)mmofl_agent_save(a, MMOFL_STATE_TASK,
                           &(mmofl_state_file){.round = mmofl_agent_round(a),
                                               .part = {{next.bytes, next.size}}});
    if (t->closing)
        MMOFL_AGENT_SAY(a, INFO, "training has ended after round %llu",
                        (unsigned long long)mmofl_agent_round(a) - 1);
}

/* ---- both ---- */

/* Where rounds depend on each other, what became of the last answer is waited for. */
static bool may_answer(const mmofl_agent *a)
{
    return !mmofl_agent_carries(a) || a->acknowledged >= a->answered;
}

mmofl_status mmofl_agent_go_on(mmofl_agent *a, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    if (a->plan && mmofl_agent_task_is_open(a) && may_answer(a)) {
        if (mmofl_agent_has_samples(a))
            st = mmofl_agent_answer_task(a, err);
        else if (mmofl_agent_is_too_late(a))
            st = mmofl_agent_decline(a, MMOFL_E_MISSING, err);
    }
    if (a->plan && a->must_save && mmofl_agent_now(a) - a->saved_s >= save_again_s)
        save_answer(a);
    if (!st && a->answer.bytes && a->acknowledged < a->answered && !a->must_save)
        (void)!mmofl_member_answer(a->member, a->answered, a->answer.bytes,
                                   a->answer.size);
    return st;
}

/* ---- learning alone ---- */

/* The same step without a coordinator, for predictions until it is back.  What comes
 * back from the others replaces it. */
void mmofl_agent_learn_alone(mmofl_agent *a)
{
    const mmofl_task *task = mmofl_agent_task(a);
    uint64_t new_samples =
        a->samples ? mmofl_sample_buffer_arrivals(a->samples) - a->alone_arrivals : 0;
    if (a->setup.offline_s <= 0 || !task || task->closing || a->before.kept ||
        mmofl_agent_now(a) - a->learned_s < a->setup.offline_s ||
        new_samples < (uint64_t)a->plan->learning.stream.fresh || new_samples == 0)
        return;
    size_t n = a->plan->model->n_parameters;
    mmofl_broadcast from = task->broadcast;
    mmofl_update update;
    if (a->own)
        from.parameters = a->own;
    from.round += ++a->own_rounds;
    if (mmofl_sample_buffer_view(a->samples, 0).samples.n == 0 ||
        learn(a, &from, a->alone_arrivals, &update))
        return;
    if (!a->own && !(a->own = malloc(n * sizeof *a->own)))
        return;
    memcpy(a->own, update.parameters, n * sizeof *a->own);
    MMOFL_AGENT_SAY(a, INFO, "learned alone: %u new samples, loss %.4f",
                    update.report.fresh, update.report.train_loss);
}
