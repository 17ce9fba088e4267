/* server_round.c - a round from its task to its close, and the final model.
 *
 * A task that was sent is sent again until it is answered or the round is over: a
 * device that was out of reach gets it whenever it is back.  A round closes when
 * nothing that the coordinator has taken is missing on the disk, and
 *
 *   all participants have answered, or
 *   `buffered` updates have come, whatever their round, or
 *   the deadline has passed, and the quorum is there. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/server_parts.h"

/* Who is waited for is told so often, a round's end no more often than that. */
static const double tell_waiting_s = 10, tell_round_s = 1;
/* The notice of an open round goes to every device, none of which needs it while it
 * hears of tasks: no more often than that. */
static const double notice_s = 1;
/* A turn lasts no longer, so that a stop is seen. */
static const double turn_s = 0.25, gather_turn_s = 0.01;

enum { FEW = 4 };

/* ---- tasks ---- */

static mmofl_status keep_task(mmofl_server *s, const mmofl_task *task, mmofl_error *err)
{
    uint8_t *bytes;
    size_t size;
    mmofl_message m = {.kind = MMOFL_MESSAGE_TASK, .body.task = *task};
    mmofl_status st = mmofl_message_write(&m, &s->limits, &bytes, &size);
    if (!st) {
        /* Not packed: parameters get hardly smaller (wire/seal.c). */
        st = mmofl_endpoint_keep(s->endpoint, bytes, size, false, &s->task);
        free(bytes);
    }
    return st ? mmofl_fail(err, st, "round %llu: no task: %s",
                           (unsigned long long)task->broadcast.round,
                           mmofl_status_text(st))
              : MMOFL_OK;
}

void mmofl_server_send_task(mmofl_server *s, mmofl_served *d)
{
    if (s->stage == MMOFL_SERVER_IDLE || !d->is_welcome || d->has_task)
        return;
    bool closing = s->stage == MMOFL_SERVER_CLOSING;
    if (!closing && (!d->takes_part || d->answer != MMOFL_ANSWER_NONE))
        return;
    mmofl_status st = mmofl_endpoint_send_kept(s->endpoint, d->peer, &s->task, 0);
    if (st && st != MMOFL_E_DUPLICATE)
        MMOFL_SERVER_SAY(s, WARNING, "%s: the task of round %llu is not sent: %s",
                         mmofl_peer_name(d->peer), (unsigned long long)s->round,
                         mmofl_status_text(st));
    if (closing && !st && !d->takes_part) {
        d->takes_part = true;
        s->to_go++;
    }
}

void mmofl_server_task_answered(mmofl_server *s, mmofl_served *d, mmofl_status status)
{
    bool took_part = d->takes_part;
    if (s->stage == MMOFL_SERVER_CLOSING && took_part) {
        d->takes_part = false;
        s->to_go--;
    }
    if (status || d->has_task)
        return;
    d->has_task = true;
    s->has_task += took_part;
}

static void post_notice(mmofl_server *s, uint64_t round, bool open, bool done)
{
    uint8_t *bytes;
    size_t size;
    mmofl_message m = {.kind = MMOFL_MESSAGE_ROUND,
                       .body.round = {.round = round,
                                      .open = open,
                                      .done = done,
                                      .config = s->greeting.config_digest,
                                      .model = s->model_digest}};
    if (mmofl_message_write(&m, &s->limits, &bytes, &size))
        return;
    (void)!mmofl_endpoint_post_round(s->endpoint, bytes, size);
    free(bytes);
}

/* That this round is open, when it is time. */
static void post_open_round(mmofl_server *s)
{
    double now = mmofl_server_now(s);
    if (s->noticed_round == s->round || now - s->noticed_s < notice_s)
        return;
    s->noticed_round = s->round;
    s->noticed_s = now;
    post_notice(s, s->round, true, false);
}

/* To everybody at once where everybody takes part (who was not drawn must not learn)
 * and most of them have not answered yet; who misses it, and all others, one by one. */
static void send_tasks(mmofl_server *s)
{
    uint32_t to_answer = s->n_participants - s->answers - s->declines;
    if (s->n_participants == s->n_devices && to_answer > FEW &&
        to_answer >= s->n_devices / 2)
        (void)!mmofl_endpoint_announce(s->endpoint, &s->task,
                                       (uint32_t)ceil(s->setup.rules.deadline_s));
    for (uint32_t i = 0; i < s->n_participants; i++)
        mmofl_server_send_task(s, &s->device[s->participants[i]]);
    post_open_round(s);
}

/* ---- waiting ---- */

double mmofl_server_left(const mmofl_server *s, double now)
{
    return s->setup.rules.deadline_s > 0 ? s->opened_s + s->setup.rules.deadline_s - now
                                         : (double)INFINITY;
}

/* Who is waited for, and why, when that takes its time. */
static void tell_waiting(mmofl_server *s, double now)
{
    enum { NAMES = 3 };
    char names[NAMES * (MMOFL_WIRE_NAME_BYTES + 2)] = "";
    uint32_t missing = 0, away = 0, learning = 0;
    if (now - s->told_s < tell_waiting_s)
        return;
    s->told_s = now;
    for (uint32_t i = 0; i < s->n_participants; i++) {
        uint32_t number = s->participants[i];
        const mmofl_served *d = &s->device[number];
        if (d->answer != MMOFL_ANSWER_NONE)
            continue;
        away += !mmofl_server_is_live(s, d);
        learning += mmofl_server_is_live(s, d) && d->has_task;
        size_t used = strlen(names);
        if (missing++ < NAMES)
            snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                     mmofl_server_name(s, number));
    }
    if (s->away_since_s < (double)INFINITY)
        MMOFL_SERVER_SAY(s, INFO, "round %llu: no broker for %.0f s",
                         (unsigned long long)s->round, now - s->away_since_s);
    if (s->accepted > s->kept)
        MMOFL_SERVER_SAY(s, INFO, "round %llu: %u updates are not on the disk yet",
                         (unsigned long long)s->round, s->accepted - s->kept);
    if (missing > 0)
        MMOFL_SERVER_SAY(
            s, INFO,
            "round %llu: %u of %u have answered; waiting for %s%s (%u learning, %u not "
            "reached yet, %u away)",
            (unsigned long long)s->round, s->n_participants - missing,
            s->n_participants, names, missing > NAMES ? ", ..." : "", learning,
            missing - learning - away, away);
}

static bool is_complete(const mmofl_server *s)
{
    const mmofl_round_rules *rules = &s->setup.rules;
    uint32_t wanted = rules->buffered ? rules->buffered : s->n_participants;
    if (s->n_waiting > 0 || s->accepted > s->kept)
        return false;
    if (s->answers + s->declines == s->n_participants ||
        (rules->buffered && s->kept >= wanted))
        return true;
    return mmofl_server_left(s, mmofl_server_now(s)) <= 0 &&
           s->kept >= rules->quorum * wanted;
}

static mmofl_status wait_for_answers(mmofl_server *s, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    while (!st && !is_complete(s)) {
        double pause = s->n_waiting > 0 || s->sessions_changed ? gather_turn_s : turn_s;
        double left = mmofl_server_left(s, mmofl_server_now(s));
        /* Past the deadline it is the quorum that is waited for. */
        st = mmofl_server_turn(s, left > 0 ? fmin(pause, left) : pause, err);
        tell_waiting(s, mmofl_server_now(s));
        post_open_round(s);
    }
    return st;
}

/* One line, unless rounds are many a second. */
static void tell_round(mmofl_server *s)
{
    double now = mmofl_server_now(s);
    if (now - s->round_told_s < tell_round_s)
        return;
    s->round_told_s = now;
    MMOFL_SERVER_SAY(
        s, INFO,
        "round %llu: %u of %u answered, %u declined, %u late updates used; "
        "%.1f s",
        (unsigned long long)s->round, s->answers, s->n_participants, s->declines,
        s->kept - s->answers, now - s->opened_s);
}

/* ---- a round ---- */

static mmofl_status open_round(mmofl_server *s, mmofl_error *err)
{
    bool goes_on;
    mmofl_task task = {.broadcast = *s->broadcast,
                       .config = s->greeting.config_digest,
                       .model = s->model_digest,
                       .seconds_left = s->setup.rules.deadline_s};
    mmofl_status st = mmofl_server_late_begin(s, &goes_on, err);
    if (!st && goes_on)
        st = mmofl_server_replay(s, err);
    if (!st && goes_on)
        MMOFL_SERVER_SAY(s, INFO, "round %llu goes on with %u updates",
                         (unsigned long long)s->round, s->kept);
    return st ? st : keep_task(s, &task, err);
}

static void begin_round(mmofl_server *s)
{
    s->stage = MMOFL_SERVER_ROUND;
    mmofl_server_late_jump(s, s->broadcast->round);
    s->round = s->broadcast->round;
    s->model_digest =
        mmofl_model_digest(s->broadcast->parameters, s->broadcast->n_parameters);
    s->accepted = s->kept = s->answers = s->declines = s->has_task = 0;
    s->opened_s = s->told_s = mmofl_server_now(s);
    for (uint32_t i = 0; i < s->n_participants; i++) {
        s->device[s->participants[i]].takes_part = true;
        if (mmofl_server_is_revoked(s, s->participants[i]))
            mmofl_server_give_up(s, s->participants[i]);
    }
}

static void end_round(mmofl_server *s)
{
    mmofl_server_drop_waiting(s);
    mmofl_server_late_move_on(s);
    for (uint32_t i = 0; i < s->n_devices; i++) {
        mmofl_served *d = &s->device[i];
        d->takes_part = d->has_task = false;
        d->answer = MMOFL_ANSWER_NONE;
    }
    mmofl_endpoint_release(s->endpoint, &s->task);
    s->stage = MMOFL_SERVER_IDLE;
    s->round++;
    s->coordinator = NULL;
    s->broadcast = NULL;
    s->participants = NULL;
    s->n_participants = 0;
}

mmofl_status mmofl_server_run_round(void *context, mmofl_coordinator *coordinator,
                                    const mmofl_broadcast *broadcast,
                                    const uint32_t *participants, uint32_t n,
                                    mmofl_error *err)
{
    mmofl_server *s = context;
    s->coordinator = coordinator;
    s->broadcast = broadcast;
    mmofl_status st = mmofl_server_ask(s, participants, n, err);
    if (st)
        return st;
    begin_round(s);
    st = open_round(s, err);
    if (!st) {
        send_tasks(s);
        mmofl_server_publish(s, true);
        st = wait_for_answers(s, err);
    }
    if (!st) {
        s->counts.rounds++;
        tell_round(s);
    }
    end_round(s);
    mmofl_server_publish(s, true);
    return st;
}

/* ---- the end ---- */

static mmofl_status keep_final_model(mmofl_server *s, const float *parameters,
                                     const mmofl_prototypes *prototypes,
                                     mmofl_error *err)
{
    size_t n = s->model->n_parameters;
    float *rule = s->limits.rule_down ? calloc(n, sizeof *rule) : NULL;
    if (s->limits.rule_down && !rule)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the final model");
    mmofl_task task = {.broadcast = {s->round, n, parameters, prototypes, rule},
                       .config = s->greeting.config_digest,
                       .model = s->model_digest,
                       .closing = true};
    mmofl_status st = keep_task(s, &task, err);
    free(rule);
    return st;
}

mmofl_status mmofl_server_finish(mmofl_server *s, uint64_t rounds,
                                 const float *parameters,
                                 const mmofl_prototypes *prototypes, double patience_s,
                                 mmofl_error *err)
{
    s->round = rounds + 1;
    s->model_digest = mmofl_model_digest(parameters, s->model->n_parameters);
    mmofl_status st = keep_final_model(s, parameters, prototypes, err);
    if (st)
        return st;
    s->stage = MMOFL_SERVER_CLOSING;
    s->has_task = s->to_go = 0;
    for (uint32_t i = 0; i < s->n_devices; i++)
        if (s->device[i].peer && mmofl_server_is_live(s, &s->device[i]))
            mmofl_server_send_task(s, &s->device[i]);
    post_notice(s, rounds, false, true);
    double end = mmofl_server_now(s) + patience_s, now;
    while (!st && s->to_go > 0 && (now = mmofl_server_now(s)) < end)
        st = mmofl_server_turn(s, fmin(0.1, end - now), err);
    MMOFL_SERVER_SAY(s, INFO, "%u %s have the final model, %u do not answer",
                     s->has_task, s->setup.shards ? "shards" : "devices", s->to_go);
    s->stage = MMOFL_SERVER_IDLE;
    mmofl_endpoint_release(s->endpoint, &s->task);
    return st;
}
