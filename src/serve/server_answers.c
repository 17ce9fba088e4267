/* server_answers.c - the way of an update (or of a shard's sums): is it of a round that
 * counts, does the coordinator take it, is it on the disk; then its device is told.
 *
 *   state of a participant      NONE -> ACCEPTED -> KEPT
 *                                 \-> DECLINED -/
 *
 * It is written before the coordinator takes it, and what the coordinator has taken
 * stays taken: where the disk is full, the journal is tried again until it is kept,
 * without the device, which may be gone or at a later round.  The round is not closed
 * before that (server_round.c), so that no model has what a restart would not have. */
#include <stdio.h>

#include "serve/server_parts.h"

/* Answers that came within this time go to the disk together. */
static const double gather_s = 0.01;
/* A journal that fails is tried again after so long, and told of so often; what is
 * refused is told of so often. */
static const double retry_s = 0.25, complain_s = 10, refusal_s = 1;

void mmofl_server_complain(mmofl_server *s, const mmofl_error *err)
{
    double now = mmofl_server_now(s);
    s->counts.journal_failures++;
    if (now - s->journal_told_s < complain_s)
        return;
    s->journal_told_s = now;
    MMOFL_SERVER_SAY(s, WARNING, "%s; nothing is acknowledged before that is mended",
                     err->text);
}

void mmofl_server_tell_refused(mmofl_server *s, uint32_t number, const char *what,
                               const mmofl_error *why)
{
    char others[48] = "";
    double now = mmofl_server_now(s);
    s->counts.refused[why->status]++;
    if (now - s->refusal_told_s < refusal_s) {
        s->refusals_untold++;
        return;
    }
    if (s->refusals_untold > 0)
        snprintf(others, sizeof others, " (and %llu more before)",
                 (unsigned long long)s->refusals_untold);
    s->refusal_told_s = now;
    s->refusals_untold = 0;
    MMOFL_SERVER_SAY(s, INFO, "%s: %s refused: %s%s", mmofl_server_name(s, number),
                     what, why->text, others);
}

/* ---- in the open round ---- */

/* The bit of an update of `age` rounds ago, age > 0. */
static uint32_t bit_of(uint32_t age)
{
    return UINT32_C(1) << (age - 1);
}

static bool is_kept(const mmofl_served *d, uint32_t age)
{
    return age > 0 ? d->earlier_kept & bit_of(age) : d->answer == MMOFL_ANSWER_KEPT;
}

/* One may have come twice, as two objects. */
static void note_kept(mmofl_server *s, mmofl_served *d, uint32_t age)
{
    if (is_kept(d, age))
        return;
    s->kept++;
    if (age > 0) {
        d->earlier_kept |= bit_of(age);
        return;
    }
    d->answer = MMOFL_ANSWER_KEPT;
    s->answers++;
}

void mmofl_server_give_up(mmofl_server *s, uint32_t number)
{
    mmofl_served *d = &s->device[number];
    if (!d->takes_part || d->answer != MMOFL_ANSWER_NONE)
        return;
    d->answer = MMOFL_ANSWER_DECLINED;
    s->declines++;
}

/* Who answers a task has it: that need not be acknowledged, nor sent again. */
static void note_task(mmofl_server *s, mmofl_served *d)
{
    if (!d->takes_part || d->has_task)
        return;
    mmofl_endpoint_cancel(s->endpoint, d->peer, &s->task);
    mmofl_server_task_answered(s, d, MMOFL_OK);
}

void mmofl_server_take_decline(mmofl_server *s, uint32_t number,
                               const mmofl_decline *decline)
{
    mmofl_served *d = &s->device[number];
    if (s->stage != MMOFL_SERVER_ROUND || decline->round != s->round ||
        !d->takes_part || d->answer != MMOFL_ANSWER_NONE) /* or said before */
        return;
    note_task(s, d);
    mmofl_server_give_up(s, number);
    MMOFL_SERVER_SAY(s, WARNING, "%s declines round %llu: %s",
                     mmofl_server_name(s, number), (unsigned long long)decline->round,
                     decline->text);
}

/* Is it in the coordinator, from before? */
static bool is_taken(const mmofl_served *d, uint32_t age)
{
    return age > 0 ? d->earlier_taken & bit_of(age)
                   : d->answer == MMOFL_ANSWER_ACCEPTED || is_kept(d, age);
}

static mmofl_status accept_update(mmofl_server *s, uint32_t number,
                                  mmofl_update_message *u, const mmofl_origin *origin,
                                  mmofl_error *err)
{
    u->update.device = s->setup.first_device + number;
    mmofl_status st = mmofl_server_late_fit(s, u, origin);
    if (!st)
        st = origin->age > 0 ? mmofl_coordinator_accept_late(s->coordinator, &u->update)
                             : mmofl_coordinator_accept(s->coordinator, &u->update);
    return st ? mmofl_fail(err, st, "%s", mmofl_status_text(st)) : MMOFL_OK;
}

/* Devices answer with updates, shards with sums. */
static mmofl_message_kind kind_wanted(const mmofl_server *s)
{
    return s->setup.shards ? MMOFL_MESSAGE_PARTIAL_SUM : MMOFL_MESSAGE_UPDATE;
}

static mmofl_answer_head head_of(const mmofl_message *m)
{
    const mmofl_update_message *u = &m->body.update;
    const mmofl_partial_message *p = &m->body.partial_sum;
    return m->kind == MMOFL_MESSAGE_UPDATE
               ? (mmofl_answer_head){u->update.round, &u->config, &u->model}
               : (mmofl_answer_head){p->partial.round, &p->config, &p->model};
}

/* Into the coordinator. */
static mmofl_status accept_answer(mmofl_server *s, uint32_t number, mmofl_message *m,
                                  const mmofl_origin *origin, mmofl_error *err)
{
    mmofl_served *d = &s->device[number];
    mmofl_status st =
        m->kind == MMOFL_MESSAGE_UPDATE
            ? accept_update(s, number, &m->body.update, origin, err)
            : mmofl_server_accept_partial(s, number, &m->body.partial_sum.partial, err);
    if (st)
        return st;
    s->accepted++;
    if (origin->age > 0) {
        s->counts.late_used++;
        d->earlier_taken |= bit_of(origin->age);
    } else {
        s->declines -= d->answer == MMOFL_ANSWER_DECLINED; /* it thought again */
        d->answer = MMOFL_ANSWER_ACCEPTED;
    }
    return MMOFL_OK;
}

/* It is acknowledged when the journal has it on the disk. */
static void gather(mmofl_server *s, uint32_t number, uint32_t age,
                   const mmofl_arrival *arrival)
{
    if (s->n_waiting == 0)
        s->commit_s = mmofl_server_now(s) + gather_s;
    s->waiting[s->n_waiting++] = (mmofl_gathered){number, age, arrival->object};
}

static bool refuse(mmofl_server *s, uint32_t number, const mmofl_answer_head *head,
                   const mmofl_error *why)
{
    char what[48];
    snprintf(what, sizeof what, "%s of round %llu", s->setup.shards ? "sums" : "update",
             (unsigned long long)head->round);
    mmofl_server_tell_refused(s, number, what, why);
    return true;
}

/* One that counted in an earlier round; who sent it has not heard that. */
static bool was_kept(const mmofl_server *s, const mmofl_served *d, uint64_t round)
{
    return round < s->round && s->round - round <= MMOFL_STALENESS_MOST &&
           is_kept(d, (uint32_t)(s->round - round));
}

/* Nothing can be said of it now: it is asked for again. */
static bool put_off(mmofl_server *s, mmofl_peer *peer, const mmofl_arrival *arrival)
{
    mmofl_endpoint_again(s->endpoint, peer, &arrival->object);
    return false;
}

/* Is it of a round that is still to come, here?  Its device had the Task before a shard
 * went back to an earlier round with its root, or a coordinator to an older checkpoint.
 * Whether it counts shows when that round is open again; a device that was told No by
 * then would not answer the same Task twice, and be waited for without end. */
static bool is_ahead(const mmofl_server *s, const mmofl_answer_head *head)
{
    return s->stage == MMOFL_SERVER_ROUND && head->round > s->round &&
           mmofl_digest_equal(head->config, &s->greeting.config_digest);
}

/* Written, then into the coordinator.  *again: it is to be sent again.
 * @retval those of accept_answer */
static mmofl_status keep_and_accept(mmofl_server *s, uint32_t number, mmofl_message *m,
                                    const mmofl_origin *origin,
                                    const mmofl_arrival *arrival, bool *again,
                                    mmofl_error *err)
{
    mmofl_journal *journal = s->setup.journal;
    mmofl_error why = {0};
    mmofl_status kept = mmofl_journal_add(journal, number, s->round - origin->age,
                                          arrival->message, arrival->size, &why);
    if (kept && kept != MMOFL_E_DUPLICATE) {
        mmofl_server_complain(s, &why);
        *again = true;
        return MMOFL_OK;
    }
    mmofl_status st = accept_answer(s, number, m, origin, err);
    if (st && !kept)
        mmofl_journal_take_back(journal);
    return st;
}

bool mmofl_server_take_answer(mmofl_server *s, mmofl_peer *peer, mmofl_message *m,
                              const mmofl_arrival *arrival, mmofl_error *answer)
{
    uint32_t number = mmofl_server_number(s, peer);
    mmofl_served *d = &s->device[number];
    mmofl_answer_head head = head_of(m);
    mmofl_origin origin = {0};
    if (was_kept(s, d, head.round))
        return true;
    /* Idle: a shard that waits for its root. */
    if (s->stage == MMOFL_SERVER_IDLE || is_ahead(s, &head))
        return put_off(s, peer, arrival);
    if (m->kind != kind_wanted(s))
        mmofl_fail(answer, MMOFL_E_UNSUPPORTED, "wanted from %s: %s",
                   s->setup.shards ? "shards" : "devices",
                   mmofl_message_kind_name(kind_wanted(s)));
    else if (s->stage != MMOFL_SERVER_ROUND)
        mmofl_fail(answer, MMOFL_E_STALE, "no round is open");
    else
        (void)!mmofl_server_late_find(s, &head, &origin, answer);
    if (answer->status)
        return refuse(s, number, &head, answer);
    if (origin.age == 0)
        note_task(s, d);
    if (is_kept(d, origin.age))
        return true;
    bool again = s->n_waiting == MMOFL_GATHERED_MOST;
    if (!again && !is_taken(d, origin.age) &&
        keep_and_accept(s, number, m, &origin, arrival, &again, answer))
        return refuse(s, number, &head, answer);
    if (again)
        return put_off(s, peer, arrival);
    gather(s, number, origin.age, arrival);
    return false;
}

/* ---- the disk ---- */

static bool is_time_to_commit(const mmofl_server *s)
{
    uint32_t there = s->answers + s->declines + (uint32_t)s->n_waiting;
    bool is_all = s->n_waiting == 0 || s->n_waiting >= MMOFL_GATHERED_MOST / 2 ||
                  there >= s->n_participants;
    return (is_all && !s->is_disk_short) || mmofl_server_now(s) >= s->commit_s;
}

/* Where the disk does not take it now, all wait. */
void mmofl_server_commit(mmofl_server *s)
{
    mmofl_error err = {0};
    if ((s->n_waiting == 0 && !s->sessions_changed) || !is_time_to_commit(s))
        return;
    s->sessions_changed = false;
    s->is_disk_short = mmofl_journal_commit(s->setup.journal, &err) != MMOFL_OK;
    if (s->is_disk_short) {
        s->commit_s = mmofl_server_now(s) + retry_s;
        mmofl_server_complain(s, &err);
        return;
    }
    for (int i = 0; i < s->n_waiting; i++) {
        const mmofl_gathered *g = &s->waiting[i];
        mmofl_served *d = &s->device[g->device];
        note_kept(s, d, g->age);
        if (d->peer) /* it was not revoked meanwhile */
            mmofl_endpoint_answer(s->endpoint, d->peer, &g->object, MMOFL_OK, "");
    }
    s->n_waiting = 0;
}

void mmofl_server_drop_waiting(mmofl_server *s)
{
    for (int i = 0; i < s->n_waiting; i++) {
        const mmofl_gathered *g = &s->waiting[i];
        const mmofl_served *d = &s->device[g->device];
        if (d->peer)
            mmofl_endpoint_again(s->endpoint, d->peer, &g->object);
    }
    s->n_waiting = 0;
}

/* One that the journal has and the coordinator does not take (the clipping norm and
 * the like were changed) is not waited for: its device was told that it is kept. */
static mmofl_status replay_one(void *context, uint64_t number, const void *message,
                               size_t size)
{
    mmofl_server *s = context;
    mmofl_message m = {0};
    mmofl_error err = {0};
    mmofl_origin origin = {0};
    if (number >= s->n_devices)
        return MMOFL_OK;
    mmofl_status st = mmofl_message_read(message, size, &s->limits, &m, &err);
    if (!st && m.kind != kind_wanted(s))
        st = mmofl_fail(&err, MMOFL_E_CORRUPT, "no %s",
                        mmofl_message_kind_name(kind_wanted(s)));
    if (!st) {
        mmofl_answer_head head = head_of(&m);
        st = mmofl_server_late_find(s, &head, &origin, &err);
    }
    if (!st)
        st = accept_answer(s, (uint32_t)number, &m, &origin, &err);
    if (!st)
        note_kept(s, &s->device[number], origin.age);
    else if (st != MMOFL_E_MEMORY)
        mmofl_server_give_up(s, (uint32_t)number);
    if (st)
        MMOFL_SERVER_SAY(s, WARNING, "%s: its answer in the journal is given up: %s",
                         mmofl_server_name(s, (uint32_t)number), err.text);
    mmofl_message_free(&m);
    return st == MMOFL_E_MEMORY ? st : MMOFL_OK;
}

mmofl_status mmofl_server_replay(mmofl_server *s, mmofl_error *err)
{
    mmofl_status st = mmofl_journal_each(s->setup.journal, replay_one, s, err);
    return st && !err->status
               ? mmofl_fail(err, st, "no memory for the journal's updates")
               : st;
}
