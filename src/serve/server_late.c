/* server_late.c - updates that began with an earlier model, or that go too far.
 *
 * Of each update it is known for MMOFL_STALENESS_MOST rounds that it came, so that one
 * whose acknowledgement was lost does not count again; whether one that is new and late
 * counts is the rules' to say (fed/rebase.h says how). */
#include <string.h>

#include "fed/rebase.h"
#include "serve/server_parts.h"

static bool counts_late(const mmofl_server *s)
{
    return s->setup.rules.staleness > 0;
}

mmofl_status mmofl_server_late_init(mmofl_server *s, mmofl_error *err)
{
    const mmofl_round_rules *rules = &s->setup.rules;
    const mmofl_aggregation_kind *kind =
        mmofl_aggregation_of(&s->setup.run->experiment->aggregation);
    size_t n = s->model->n_parameters;
    if (rules->staleness > MMOFL_STALENESS_MOST)
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "updates of %u rounds ago; wanted at most %d",
                          rules->staleness, MMOFL_STALENESS_MOST);
    if (counts_late(s) && (kind->keeps_updates || (kind->local && kind->local->up)))
        return mmofl_fail(err, MMOFL_E_INFEASIBLE,
                          "late updates do not go with aggregation %s; wanted one that "
                          "is a mean of models, or late updates dropped",
                          kind->kind.name);
    if (counts_late(s) || rules->clip_norm > 0)
        s->moved = MMOFL_ARENA_NEW(&s->arena, n, float);
    if (counts_late(s))
        s->earlier =
            MMOFL_ARENA_NEW(&s->arena, rules->staleness + 1, mmofl_earlier_model);
    bool is_short = (counts_late(s) || rules->clip_norm > 0) && !s->moved;
    for (uint32_t i = 0; counts_late(s) && s->earlier && i <= rules->staleness; i++) {
        s->earlier[i].parameters = MMOFL_ARENA_NEW(&s->arena, n, float);
        is_short = is_short || !s->earlier[i].parameters;
    }
    return is_short || (counts_late(s) && !s->earlier)
               ? mmofl_fail(err, MMOFL_E_MEMORY, "no memory for earlier models")
               : MMOFL_OK;
}

/* ---- what is kept ---- */

static uint64_t since(uint64_t round, uint64_t rounds)
{
    return round > rounds ? round - rounds : 1;
}

/* For how many rounds the journal knows that an answer came.  Where devices carry
 * something from round to round, one that hears too late that its update was used, or
 * hears that it was not, goes on with the wrong numbers. */
static uint64_t rounds_remembered(const mmofl_server *s)
{
    const mmofl_aggregation_kind *kind =
        mmofl_aggregation_of(&s->setup.run->experiment->aggregation);
    bool carries = s->setup.coding.difference || (kind->local && kind->local->kept);
    uint64_t rounds = s->setup.rules.staleness;
    return carries ? MMOFL_STALENESS_MOST : rounds > 0 ? rounds : 1;
}

static mmofl_earlier_model *slot_of(const mmofl_server *s, uint64_t round)
{
    return &s->earlier[round % (s->setup.rules.staleness + 1)];
}

/* digest: NULL: it is not known. */
static void put_model(mmofl_server *s, uint64_t round, const void *parameters,
                      const mmofl_digest *digest)
{
    mmofl_earlier_model *slot = slot_of(s, round);
    size_t n = s->model->n_parameters;
    memcpy(slot->parameters, parameters, n * sizeof *slot->parameters);
    slot->digest = digest ? *digest : mmofl_model_digest(slot->parameters, n);
    slot->round = round;
}

static void restore_model(void *context, uint64_t round, const void *model, size_t size)
{
    mmofl_server *s = context;
    if (round < s->round && s->round - round <= s->setup.rules.staleness &&
        size == s->model->n_parameters * sizeof(float))
        put_model(s, round, model, NULL);
}

static void restore_answer(void *context, uint64_t device, uint64_t round)
{
    mmofl_server *s = context;
    uint64_t age = s->round - round;
    if (device >= s->n_devices || round >= s->round || age > MMOFL_STALENESS_MOST)
        return;
    s->device[device].earlier_taken |= UINT32_C(1) << (age - 1);
    s->device[device].earlier_kept |= UINT32_C(1) << (age - 1);
}

/* In the first round of this process. */
static mmofl_status restore(mmofl_server *s, mmofl_error *err)
{
    if (s->has_restored)
        return MMOFL_OK;
    s->has_restored = true;
    mmofl_status st =
        mmofl_journal_each_earlier(s->setup.journal, restore_answer, s, err);
    if (!st && counts_late(s))
        st = mmofl_journal_each_model(s->setup.journal, restore_model, s, err);
    return st;
}

mmofl_status mmofl_server_late_begin(mmofl_server *s, bool *goes_on, mmofl_error *err)
{
    uint64_t rounds = s->setup.rules.staleness;
    mmofl_status st = MMOFL_OK;
    if (counts_late(s)) {
        put_model(s, s->round, s->broadcast->parameters, &s->model_digest);
        st = mmofl_journal_keep_model(
            s->setup.journal, s->round, s->broadcast->parameters,
            s->model->n_parameters * sizeof(float), since(s->round, rounds), err);
    }
    if (!st)
        st = mmofl_journal_begin(s->setup.journal, s->round, s->model_digest.bytes,
                                 since(s->round, rounds_remembered(s)), goes_on, err);
    return st ? st : restore(s, err);
}

void mmofl_server_late_move_on(mmofl_server *s)
{
    for (uint32_t i = 0; i < s->n_devices; i++) {
        mmofl_served *d = &s->device[i];
        d->earlier_kept = d->earlier_kept << 1 | (d->answer == MMOFL_ANSWER_KEPT);
        d->earlier_taken = d->earlier_kept;
    }
}

static uint32_t moved_by(uint32_t bits, uint64_t from, uint64_t to)
{
    uint64_t by = to > from ? to - from : from - to;
    return by >= MMOFL_STALENESS_MOST ? 0 : to > from ? bits << by : bits >> by;
}

/* Rounds in which no device of a shard took part, or those of a root that goes back to
 * an older checkpoint.  A process that begins has its bits from the journal. */
void mmofl_server_late_jump(mmofl_server *s, uint64_t round)
{
    for (uint32_t i = 0; s->round > 0 && round != s->round && i < s->n_devices; i++) {
        mmofl_served *d = &s->device[i];
        d->earlier_kept = moved_by(d->earlier_kept, s->round, round);
        d->earlier_taken = d->earlier_kept;
    }
}

/* ---- an update ---- */

mmofl_status mmofl_server_late_find(const mmofl_server *s,
                                    const mmofl_answer_head *head, mmofl_origin *origin,
                                    mmofl_error *err)
{
    uint64_t round = head->round;
    mmofl_origin found = {s->broadcast->parameters, &s->model_digest, 0};
    if (round != s->round) {
        const mmofl_earlier_model *slot = counts_late(s) ? slot_of(s, round) : NULL;
        if (!slot || round > s->round || slot->round != round)
            return mmofl_fail(err, MMOFL_E_STALE, "round %llu is open",
                              (unsigned long long)s->round);
        found = (mmofl_origin){slot->parameters, &slot->digest,
                               (uint32_t)(s->round - round)};
    }
    if (!mmofl_digest_equal(head->config, &s->greeting.config_digest))
        return mmofl_fail(err, MMOFL_E_STALE, "of another learning config");
    if (!mmofl_digest_equal(head->model, found.digest))
        return mmofl_fail(err, MMOFL_E_STALE, "of another model");
    *origin = found;
    return MMOFL_OK;
}

mmofl_status mmofl_server_late_fit(mmofl_server *s, mmofl_update_message *u,
                                   const mmofl_origin *origin)
{
    const mmofl_round_rules *rules = &s->setup.rules;
    size_t n = s->model->n_parameters;
    mmofl_status st = mmofl_update_rebuild(u, origin->parameters, origin->digest);
    if (st)
        return st;
    double scale = mmofl_staleness_weight(origin->age, rules->staleness_exponent);
    if (rules->clip_norm > 0) {
        double norm =
            mmofl_difference_norm(u->update.parameters, origin->parameters, n);
        if (norm > rules->clip_norm) {
            scale *= rules->clip_norm / norm;
            s->counts.clipped++;
        }
    }
    if (origin->age == 0 && scale == 1)
        return MMOFL_OK;
    mmofl_rebase(s->moved, u->update.parameters, origin->parameters,
                 s->broadcast->parameters, scale, n);
    u->update.parameters = s->moved;
    return MMOFL_OK;
}
