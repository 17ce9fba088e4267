/* agent.c - the states of agent.h.
 *
 * The endpoint calls back from within its step, also while the device learns.  So what
 * comes is only put down (`incoming`), and dealt with in mmofl_agent_step, where
 * nothing else is going on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "device/agent.h"
#include "device/predictor.h"
#include "device/sample_buffer.h"
#include "device/state.h"
#include "link/topic.h"

static const double turn_s = 0.2; /* between turns of the bus while learning */

/* How long to wait for labelled samples, as a share of the time that a task leaves. */
static const double patience = 0.8;

/* A message as it travelled, and what was read from it. */
typedef struct kept_message {
    uint8_t *bytes;
    size_t size;
    mmofl_message message;
} kept_message;

struct mmofl_agent {
    mmofl_agent_setup setup;
    mmofl_log_sink log;
    mmofl_endpoint *endpoint;
    mmofl_bus *bus;
    mmofl_peer *coordinator;
    double started_s;
    /* What came and was not dealt with. */
    struct {
        kept_message welcome, task;
        mmofl_status refused; /* a final Refusal */
        char refusal[MMOFL_ERROR_TEXT];
        bool wants_hello;
    } incoming;
    /* The plan, and what is made for it. */
    mmofl_plan *plan;
    mmofl_learner_space *space;
    mmofl_predictor *predictor;
    mmofl_sample_buffer *samples;
    float *kept, *residual; /* (P) or NULL: not needed */
    bool samples_ended;
    /* The round. */
    kept_message task;     /* the last one; no bytes: none yet */
    double task_s;         /* when it came */
    uint64_t answered;     /* the last round with an answer on its way or there */
    uint64_t acknowledged; /* the last one whose answer arrived */
    kept_message answer;   /* of round `answered`, until it is acknowledged */
    mmofl_object_id answer_object;
    bool is_sending;
    uint64_t trained_arrivals; /* samples that had come when it last learned */
    /* Learning alone. */
    float *own; /* (P) the model of its own; NULL: the task's */
    uint64_t own_rounds;
    double learned_s;
    /* Care. */
    double heartbeat_s; /* when the last one went out */
    double turn_s;      /* when the bus had its last turn while learning */
    bool is_learning;
};

#define SAY(agent, level, ...) mmofl_log(&(agent)->log, MMOFL_LOG_##level, __VA_ARGS__)

/* ---- messages that are kept ---- */

static void kept_free(kept_message *k)
{
    mmofl_message_free(&k->message);
    free(k->bytes);
    *k = (kept_message){0};
}

static mmofl_status kept_read(kept_message *k, const void *bytes, size_t size,
                              const mmofl_wire_limits *limits, mmofl_error *err)
{
    kept_message made = {.bytes = malloc(size ? size : 1), .size = size};
    if (!made.bytes)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a message of %zu bytes",
                          size);
    memcpy(made.bytes, bytes, size);
    mmofl_status st = mmofl_message_read(bytes, size, limits, &made.message, err);
    if (st) {
        free(made.bytes);
        return st;
    }
    kept_free(k);
    *k = made;
    return MMOFL_OK;
}

static const mmofl_task *task_of(const mmofl_agent *a)
{
    return a->task.bytes ? &a->task.message.body.task : NULL;
}

static uint64_t task_round(const mmofl_agent *a)
{
    return a->task.bytes ? task_of(a)->broadcast.round : 0;
}

/* ---- what the endpoint tells ---- */

static mmofl_status admit(void *context, const char *name, mmofl_admission *admission)
{
    const mmofl_agent *a = context;
    if (strcmp(name, MMOFL_COORDINATOR) != 0)
        return MMOFL_E_UNKNOWN;
    if (a->setup.coordinator) {
        admission->has_key = true;
        memcpy(admission->public_key, a->setup.coordinator, MMOFL_KEY_BYTES);
    }
    return MMOFL_OK;
}

static void take_task(mmofl_agent *a, const mmofl_arrival *arrival, mmofl_error *answer)
{
    if (!a->plan) {
        mmofl_fail(answer, MMOFL_E_STATE, "no Welcome has come");
        return;
    }
    kept_message task = {0};
    if (kept_read(&task, arrival->message, arrival->size, &a->plan->limits, answer))
        return;
    const mmofl_task *t = &task.message.body.task;
    if (!mmofl_digest_equal(&t->config, &a->plan->config)) {
        mmofl_fail(answer, MMOFL_E_STALE, "of another learning config");
        a->incoming.wants_hello = true;
        kept_free(&task);
        return;
    }
    kept_free(&a->incoming.task);
    a->incoming.task = task;
}

static void take_refusal(mmofl_agent *a, const mmofl_arrival *arrival)
{
    mmofl_wire_limits limits = mmofl_wire_limits_join();
    mmofl_message m;
    mmofl_error err = {0};
    if (mmofl_message_read(arrival->message, arrival->size, &limits, &m, &err))
        return;
    const mmofl_refusal *r = &m.body.refusal;
    if (r->final) {
        a->incoming.refused = r->status;
        snprintf(a->incoming.refusal, sizeof a->incoming.refusal, "%s", r->text);
    } else {
        SAY(a, INFO, "the coordinator says: %s", r->text);
        a->incoming.wants_hello = true;
    }
    mmofl_message_free(&m);
}

static bool received(void *context, mmofl_peer *peer, const mmofl_arrival *arrival,
                     mmofl_error *answer)
{
    (void)peer;
    mmofl_agent *a = context;
    mmofl_wire_limits limits = mmofl_wire_limits_join();
    switch (arrival->kind) {
    case MMOFL_MESSAGE_WELCOME:
        (void)!kept_read(&a->incoming.welcome, arrival->message, arrival->size, &limits,
                         answer);
        break;
    case MMOFL_MESSAGE_TASK:
        take_task(a, arrival, answer);
        break;
    case MMOFL_MESSAGE_REFUSAL:
        take_refusal(a, arrival);
        break;
    default: /* the Round's news come with the Task */
        break;
    }
    return true;
}

/* The coordinator has what the device made of a round, or does not want it. */
static void answer_arrived(mmofl_agent *a, mmofl_status status, const char *text)
{
    if (status && status != MMOFL_E_DUPLICATE)
        SAY(a, WARNING, "round %llu: the answer was refused: %s%s%s",
            (unsigned long long)a->answered, mmofl_status_text(status),
            *text ? ": " : "", text);
    a->acknowledged = a->answered;
    a->is_sending = false;
}

static void answered(void *context, mmofl_peer *peer, const mmofl_object_id *object,
                     mmofl_message_kind kind, mmofl_status status, const char *text)
{
    (void)peer;
    mmofl_agent *a = context;
    if (kind == MMOFL_MESSAGE_HELLO && status && status != MMOFL_E_SUPERSEDED &&
        status != MMOFL_E_INTERRUPTED)
        SAY(a, WARNING, "the coordinator does not take this device: %s%s%s",
            mmofl_status_text(status), *text ? ": " : "", text);
    if (!a->is_sending || !mmofl_object_id_equal(object, &a->answer_object))
        return;
    if (status == MMOFL_E_SUPERSEDED || status == MMOFL_E_INTERRUPTED ||
        status == MMOFL_E_STATE)
        a->is_sending = false; /* it is sent again */
    else
        answer_arrived(a, status, text);
}

static void joined(void *context, mmofl_peer *peer, uint64_t session)
{
    (void)peer, (void)session;
    mmofl_agent *a = context;
    a->incoming.wants_hello = true;
}

static void connected(void *context, bool resumed)
{
    (void)resumed;
    mmofl_agent *a = context;
    SAY(a, INFO, "connected to the broker");
}

static void lost(void *context, const char *reason)
{
    mmofl_agent *a = context;
    SAY(a, WARNING, "the broker is gone: %s", reason);
}

/* ---- saying ---- */

static mmofl_status send_message(mmofl_agent *a, const mmofl_message *m,
                                 mmofl_object_id *object, mmofl_error *err)
{
    mmofl_wire_limits limits = a->plan ? a->plan->limits : mmofl_wire_limits_join();
    uint8_t *bytes;
    size_t size;
    mmofl_status st = mmofl_message_write(m, &limits, &bytes, &size);
    if (!st) {
        mmofl_sending how = {.pack = true};
        st =
            mmofl_endpoint_send(a->endpoint, a->coordinator, bytes, size, &how, object);
        free(bytes);
    }
    return st ? mmofl_fail(err, st, "%s: not sent: %s",
                           mmofl_message_kind_name(m->kind), mmofl_status_text(st))
              : MMOFL_OK;
}

static mmofl_status say_hello(mmofl_agent *a, mmofl_error *err)
{
    mmofl_message hello = {.kind = MMOFL_MESSAGE_HELLO,
                           .body.hello = {.oldest_version = 1,
                                          .newest_version = 1,
                                          .round = a->acknowledged,
                                          .program = a->setup.program}};
    if (a->plan)
        hello.body.hello.config = a->plan->config;
    return send_message(a, &hello, NULL, err);
}

static void say_heartbeat(mmofl_agent *a)
{
    double now = mmofl_clock_seconds();
    if (!a->plan || now - a->heartbeat_s < a->plan->heartbeat_s)
        return;
    mmofl_error err = {0};
    mmofl_message beat = {
        .kind = MMOFL_MESSAGE_HEARTBEAT,
        .body.heartbeat = {
            .round = task_round(a) > a->answered ? task_round(a) : 0,
            .samples = a->samples ? (uint32_t)mmofl_sample_buffer_held(a->samples) : 0,
            .uptime_s = now - a->started_s}};
    (void)!send_message(a, &beat, NULL, &err); /* the next one will do */
    a->heartbeat_s = now;
}

/* ---- the plan ---- */

static void drop_plan(mmofl_agent *a)
{
    mmofl_learner_space_delete(a->space);
    mmofl_predictor_delete(a->predictor);
    mmofl_sample_buffer_close(a->samples);
    kept_free(&a->task);
    kept_free(&a->answer);
    free(a->kept);
    free(a->residual);
    free(a->own);
    mmofl_plan_delete(a->plan);
    a->space = NULL;
    a->predictor = NULL;
    a->samples = NULL;
    a->kept = a->residual = a->own = NULL;
    a->plan = NULL;
    a->answered = a->acknowledged = 0;
    a->is_sending = false;
}

/* The buffer's file; one of other signals makes room for a new one. */
static mmofl_status open_samples(mmofl_agent *a, mmofl_error *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/samples", a->setup.folder) >= (int)sizeof path)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: path too long", a->setup.folder);
    int slots = a->plan->learning.stream.buffer;
    mmofl_status st =
        mmofl_sample_buffer_open(&a->plan->signals, slots, path, &a->samples, err);
    if (st != MMOFL_E_SHAPE && st != MMOFL_E_CORRUPT)
        return st;
    SAY(a, WARNING, "the samples of before are given up: %s", err->text);
    if (remove(path) != 0)
        return st;
    *err = (mmofl_error){0};
    return mmofl_sample_buffer_open(&a->plan->signals, slots, path, &a->samples, err);
}

static mmofl_status make_room(mmofl_agent *a, mmofl_error *err)
{
    const mmofl_plan *p = a->plan;
    size_t n = p->model->n_parameters;
    bool keeps = p->rule.kind && p->rule.kind->kept;
    bool lossy = p->coding.difference;
    mmofl_status st = mmofl_learner_space_new(&p->learner, false, 0, &a->space);
    if (!st)
        st = mmofl_predictor_new(p, &a->predictor);
    if (!st && keeps && !(a->kept = calloc(n, sizeof *a->kept)))
        st = MMOFL_E_MEMORY;
    if (!st && lossy && !(a->residual = calloc(n, sizeof *a->residual)))
        st = MMOFL_E_MEMORY;
    return st ? mmofl_fail(err, st, "no memory for a model of %zu parameters", n)
              : open_samples(a, err);
}

static mmofl_status use_welcome(mmofl_agent *a, const kept_message *welcome,
                                mmofl_error *err)
{
    drop_plan(a);
    mmofl_status st = mmofl_plan_new(&welcome->message.body.welcome, &a->plan, err);
    if (st)
        return mmofl_fail_within(err, "the coordinator's config");
    st = make_room(a, err);
    if (st) {
        drop_plan(a);
        return st;
    }
    mmofl_endpoint_set_limits(a->endpoint, &a->plan->limits);
    a->learned_s = mmofl_clock_seconds();
    SAY(a, INFO, "device %llu of %s: %zu parameters, room for %d samples",
        (unsigned long long)a->plan->device, a->setup.federation,
        a->plan->model->n_parameters, a->plan->learning.stream.buffer);
    return MMOFL_OK;
}

/* Keep a message under a name; a disk that does not take it is told of and survived. */
static void save(mmofl_agent *a, const char *name, const mmofl_state_file *file)
{
    mmofl_error err = {0};
    if (mmofl_state_write(a->setup.folder, name, file, false, &err))
        SAY(a, WARNING, "not kept for a restart: %s", err.text);
}

static mmofl_status take_welcome(mmofl_agent *a, mmofl_error *err)
{
    kept_message w = a->incoming.welcome;
    const mmofl_welcome *welcome = &w.message.body.welcome;
    a->incoming.welcome = (kept_message){0};
    mmofl_status st = MMOFL_OK;
    if (!a->plan || !mmofl_digest_equal(&a->plan->config, &welcome->config_digest) ||
        a->plan->device != welcome->device) {
        st = use_welcome(a, &w, err);
        if (!st)
            save(a, "welcome", &(mmofl_state_file){.part = {{w.bytes, w.size}}});
    } else {
        a->plan->heartbeat_s = welcome->heartbeat_s;
        a->plan->lease_s = welcome->lease_s;
    }
    kept_free(&w);
    return st;
}

/* ---- a round ---- */

static void save_answer(mmofl_agent *a)
{
    size_t n = a->plan->model->n_parameters * sizeof(float);
    save(a, "answer",
         &(mmofl_state_file){.round = a->answered,
                             .part = {{a->answer.bytes, a->answer.size},
                                      {a->kept, a->kept ? n : 0},
                                      {a->residual, a->residual ? n : 0}}});
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
    kept_free(&a->answer);
    a->answer = (kept_message){.bytes = bytes, .size = size};
    a->answered = round;
    a->is_sending = false;
    save_answer(a);
    return MMOFL_OK;
}

static void send_answer(mmofl_agent *a)
{
    mmofl_sending how = {.pack = true};
    a->is_sending =
        mmofl_endpoint_send(a->endpoint, a->coordinator, a->answer.bytes,
                            a->answer.size, &how, &a->answer_object) == MMOFL_OK;
}

static mmofl_status decline(mmofl_agent *a, mmofl_status why, mmofl_error *err)
{
    SAY(a, WARNING, "round %llu: declined: %s", (unsigned long long)task_round(a),
        mmofl_status_text(why));
    mmofl_message m = {.kind = MMOFL_MESSAGE_DECLINE,
                       .body.decline = {.round = task_round(a),
                                        .status = why,
                                        .text = mmofl_status_text(why)}};
    return set_answer(a, &m, task_round(a), err);
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
    double now = mmofl_clock_seconds();
    if (now - a->turn_s < turn_s)
        return;
    a->turn_s = now;
    say_heartbeat(a);
    (void)!mmofl_endpoint_step(a->endpoint, 0, &err); /* step() will see it again */
}

/* Learn on what is held, from this model on. */
static mmofl_status learn(mmofl_agent *a, const mmofl_broadcast *from, uint64_t fresh,
                          mmofl_update *update)
{
    mmofl_learner_watch watch = {.before_step = give_turn, .before_context = a};
    mmofl_buffer_view view = mmofl_sample_buffer_view(a->samples, fresh);
    view.kept = a->kept;
    a->is_learning = true;
    mmofl_status st = mmofl_learner_round(&a->plan->learner, a->space, a->plan->device,
                                          from, &view, &watch, update);
    a->is_learning = false;
    a->learned_s = mmofl_clock_seconds();
    a->trained_arrivals = mmofl_sample_buffer_arrivals(a->samples);
    return st;
}

static mmofl_status answer_task(mmofl_agent *a, mmofl_error *err)
{
    const mmofl_task *task = task_of(a);
    uint64_t round = task->broadcast.round;
    uint64_t fresh = a->setup.lockstep ? mmofl_plan_arrivals(a->plan, round - 1)
                                       : a->trained_arrivals;
    mmofl_update update;
    mmofl_quality quality[MMOFL_MAX_MODALITIES];
    mmofl_status st = learn(a, &task->broadcast, fresh, &update);
    if (st)
        return decline(a, st, err);
    fill_quality(a, quality);
    mmofl_message m = {.kind = MMOFL_MESSAGE_UPDATE,
                       .body.update = {.update = update,
                                       .config = task->config,
                                       .model = task->model,
                                       .quality = quality,
                                       .coding = a->plan->coding,
                                       .received = task->broadcast.parameters,
                                       .residual = a->residual}};
    st = set_answer(a, &m, round, err);
    if (st)
        return decline(a, st, err);
    mmofl_sample_buffer_forget_record(a->samples);
    SAY(a, INFO, "round %llu: %u new samples, %.0f %% of them predicted, loss %.4f",
        (unsigned long long)round, update.report.fresh,
        update.report.fresh ? 100.0 * update.report.fresh_correct / update.report.fresh
                            : 0.0,
        update.report.train_loss);
    return MMOFL_OK;
}

/* Are the samples there that the open task wants? */
static bool has_samples(mmofl_agent *a)
{
    if (a->setup.lockstep)
        return a->samples_ended || mmofl_sample_buffer_arrivals(a->samples) >=
                                       mmofl_plan_arrivals(a->plan, task_round(a));
    return mmofl_sample_buffer_view(a->samples, 0).samples.n > 0;
}

static bool task_is_open(const mmofl_agent *a)
{
    return a->task.bytes && !task_of(a)->closing && task_round(a) > a->answered;
}

/* Nobody will label a sample in time. */
static bool is_too_late(const mmofl_agent *a)
{
    double left = task_of(a)->seconds_left;
    return !a->setup.lockstep && left > 0 &&
           mmofl_clock_seconds() - a->task_s > patience * left;
}

/* A newer task takes the place of the last one. */
static void take_next_task(mmofl_agent *a)
{
    kept_message next = a->incoming.task;
    a->incoming.task = (kept_message){0};
    const mmofl_task *t = &next.message.body.task;
    if (a->task.bytes && t->broadcast.round <= task_round(a) &&
        !(t->closing && !task_of(a)->closing)) {
        kept_free(&next);
        return;
    }
    kept_free(&a->task);
    a->task = next;
    a->task_s = a->learned_s = mmofl_clock_seconds();
    free(a->own);
    a->own = NULL;
    save(
        a, "task",
        &(mmofl_state_file){.round = task_round(a), .part = {{next.bytes, next.size}}});
    if (t->closing)
        SAY(a, INFO, "training has ended after round %llu",
            (unsigned long long)task_round(a) - 1);
}

/* ---- learning alone ---- */

/* The same step without a coordinator, for predictions until it is back.  What comes
 * back from the others replaces it. */
static void learn_alone(mmofl_agent *a)
{
    const mmofl_task *task = task_of(a);
    uint64_t new_samples =
        a->samples ? mmofl_sample_buffer_arrivals(a->samples) - a->trained_arrivals : 0;
    if (a->setup.offline_s <= 0 || !task || task->closing || a->kept ||
        mmofl_clock_seconds() - a->learned_s < a->setup.offline_s ||
        new_samples < (uint64_t)a->plan->learning.stream.fresh || new_samples == 0)
        return;
    size_t n = a->plan->model->n_parameters;
    mmofl_broadcast from = task->broadcast;
    mmofl_update update;
    if (a->own)
        from.parameters = a->own;
    from.round += ++a->own_rounds;
    if (mmofl_sample_buffer_view(a->samples, 0).samples.n == 0 ||
        learn(a, &from, a->trained_arrivals, &update))
        return;
    if (!a->own && !(a->own = malloc(n * sizeof *a->own)))
        return;
    memcpy(a->own, update.parameters, n * sizeof *a->own);
    SAY(a, INFO, "learned alone: %u new samples, loss %.4f", update.report.fresh,
        update.report.train_loss);
}

/* ---- stepping ---- */

static mmofl_status deal_with_incoming(mmofl_agent *a, mmofl_error *err)
{
    if (a->incoming.refused)
        return mmofl_fail(err, a->incoming.refused, "the coordinator refused: %s",
                          a->incoming.refusal);
    mmofl_status st = MMOFL_OK;
    if (a->incoming.welcome.bytes)
        st = take_welcome(a, err);
    if (!st && a->incoming.wants_hello) {
        a->incoming.wants_hello = false;
        st = say_hello(a, err);
    }
    if (!st && a->incoming.task.bytes)
        take_next_task(a);
    return st;
}

static mmofl_status go_on(mmofl_agent *a, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    if (a->plan && task_is_open(a)) {
        if (has_samples(a))
            st = answer_task(a, err);
        else if (is_too_late(a))
            st = decline(a, MMOFL_E_MISSING, err);
    }
    if (!st && a->answer.bytes && a->acknowledged < a->answered && !a->is_sending)
        send_answer(a);
    return st;
}

mmofl_status mmofl_agent_step(mmofl_agent *a, double timeout_s, mmofl_error *err)
{
    mmofl_status st = mmofl_endpoint_step(a->endpoint, timeout_s, err);
    if (!st)
        st = deal_with_incoming(a, err);
    if (!st)
        st = go_on(a, err);
    if (!st) {
        learn_alone(a);
        say_heartbeat(a);
    }
    return st;
}

/* ---- making ---- */

enum { STATE_BYTES = 1 << 30 };

/* What the folder has of a kind; nothing there, or nothing usable, is no failure. */
static bool load(mmofl_agent *a, const char *name, mmofl_state_file *file)
{
    mmofl_error err = {0};
    mmofl_status st = mmofl_state_read(a->setup.folder, name, STATE_BYTES, file, &err);
    if (st && st != MMOFL_E_NOT_FOUND)
        SAY(a, WARNING, "given up: %s", err.text);
    return st == MMOFL_OK;
}

static void restore_answer(mmofl_agent *a, const mmofl_state_file *file)
{
    size_t n = a->plan->model->n_parameters * sizeof(float);
    if (file->part[1].size != (a->kept ? n : 0) ||
        file->part[2].size != (a->residual ? n : 0))
        return;
    if (a->kept)
        memcpy(a->kept, file->part[1].data, n);
    if (a->residual)
        memcpy(a->residual, file->part[2].data, n);
    a->answer.bytes = malloc(file->part[0].size + 1);
    if (!a->answer.bytes)
        return;
    a->answer.size = file->part[0].size;
    memcpy(a->answer.bytes, file->part[0].data, a->answer.size);
    a->answered = file->round;
}

/* The plan, the task and the answer of before. */
static mmofl_status restore(mmofl_agent *a, mmofl_error *err)
{
    mmofl_wire_limits join = mmofl_wire_limits_join();
    mmofl_state_file file;
    kept_message welcome = {0};
    if (!load(a, "welcome", &file))
        return MMOFL_OK;
    mmofl_status st =
        kept_read(&welcome, file.part[0].data, file.part[0].size, &join, err);
    if (!st)
        st = use_welcome(a, &welcome, err);
    kept_free(&welcome);
    mmofl_state_file_free(&file);
    if (st)
        return st;
    if (load(a, "task", &file)) {
        mmofl_error why = {0};
        if (kept_read(&a->task, file.part[0].data, file.part[0].size, &a->plan->limits,
                      &why))
            SAY(a, WARNING, "the last task is given up: %s", why.text);
        a->task_s = mmofl_clock_seconds();
        mmofl_state_file_free(&file);
    }
    if (load(a, "answer", &file)) {
        restore_answer(a, &file);
        mmofl_state_file_free(&file);
    }
    return MMOFL_OK;
}

static mmofl_status make_endpoint(mmofl_agent *a, mmofl_error *err)
{
    const mmofl_agent_setup *s = &a->setup;
    mmofl_endpoint_setup setup = {
        .identity = {s->federation, s->name, mmofl_session_draw(), s->secret},
        .limits = mmofl_wire_limits_join(),
        .assembly_bytes = STATE_BYTES,
        .events = {.admit = admit,
                   .received = received,
                   .answered = answered,
                   .joined = joined,
                   .connected = connected,
                   .lost = lost,
                   .context = a}};
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
    a->started_s = mmofl_clock_seconds();
    a->incoming.wants_hello = true;
    mmofl_status st = make_endpoint(a, err);
    if (!st)
        st = restore(a, err);
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
        (void)!send_message(a, &bye, NULL, &err);
        a->bus->kind->destroy(a->bus);
    }
    drop_plan(a);
    kept_free(&a->incoming.welcome);
    kept_free(&a->incoming.task);
    mmofl_endpoint_delete(a->endpoint);
    free(a);
}

/* ---- what the program asks ---- */

bool mmofl_agent_is_done(const mmofl_agent *a)
{
    return a->task.bytes && task_of(a)->closing;
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
    return task_is_open(a) && mmofl_sample_buffer_arrivals(a->samples) <
                                  mmofl_plan_arrivals(a->plan, task_round(a));
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
    float *values[MMOFL_MAX_MODALITIES] = {0};
    size_t total = 0, at = 0;
    uint32_t mask = 0;
    for (int m = 0; m < s->n; m++)
        total += s->count[m];
    float *room = malloc(total * sizeof *room);
    if (!room)
        return -1;
    for (int m = 0; m < s->n; m++) {
        values[m] = room + at;
        at += s->count[m];
        if (mmofl_sample_buffer_last(a->samples, m, values[m]))
            mask |= UINT32_C(1) << m;
    }
    const mmofl_broadcast *b = &task_of(a)->broadcast;
    int class = mmofl_predictor_run(a->predictor, a->own ? a->own : b->parameters,
                                    b->prototypes, mask, (const float *const *)values,
                                    probability);
    free(room);
    return class;
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
