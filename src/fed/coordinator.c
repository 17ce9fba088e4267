/* coordinator.c - the round state machine.
 *
 * Updates are folded into the aggregation as they come (integer sums: order is free);
 * the few numbers of each report are kept by device and added up in device order at
 * close, so that floating-point sums do not depend on who was faster. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "fed/aggregation.h"
#include "fed/coordinator.h"

struct mmofl_coordinator {
    mmofl_arena arena;
    mmofl_coordinator_setup setup;
    const mmofl_aggregation_kind *rule;
    void *state; /* of the rule */
    float *parameters;
    uint64_t round; /* finished rounds; the open one is round + 1 */
    bool open;
    uint32_t n_participants;
    uint32_t *participants; /* (n_participants) ascending */
    uint32_t *draw; /* (devices) scratch of the drawing; NULL when all take part */
    bool *answered; /* (n_participants) */
    mmofl_device_report *reports; /* (n_participants) */
    pthread_mutex_t lock; /* late updates may come at any time, also between rounds */
};

/* 0: cannot be. */
static uint32_t wanted_participants(const mmofl_coordinator_setup *s)
{
    if (s->devices == 0 || !(s->participation > 0)) /* NaN comes here as well */
        return 0;
    if (s->participation > 1)
        return s->participation <= s->devices ? (uint32_t)s->participation : 0;
    double n = floor(s->participation * s->devices + 0.5);
    return n < 1 ? 1 : (uint32_t)n;
}

static mmofl_status make(mmofl_coordinator *c, const float *parameters)
{
    const mmofl_coordinator_setup *s = &c->setup;
    size_t n = c->n_participants;
    c->parameters = MMOFL_ARENA_NEW(&c->arena, s->n_parameters, float);
    c->participants = MMOFL_ARENA_NEW(&c->arena, n, uint32_t);
    c->answered = MMOFL_ARENA_NEW(&c->arena, n, bool);
    c->reports = MMOFL_ARENA_NEW(&c->arena, n, mmofl_device_report);
    c->state = c->rule->make(s->aggregation.options.bytes, s->n_parameters, &c->arena);
    if (n < s->devices)
        c->draw = MMOFL_ARENA_NEW(&c->arena, s->devices, uint32_t);
    if (!c->parameters || !c->participants || !c->answered || !c->reports ||
        !c->state || (n < s->devices && !c->draw))
        return MMOFL_E_MEMORY;
    memcpy(c->parameters, parameters, s->n_parameters * sizeof(float));
    for (uint32_t i = 0; i < n; i++)
        c->participants[i] = i;
    return MMOFL_OK;
}

mmofl_status mmofl_coordinator_new(const mmofl_coordinator_setup *setup,
                                   const float *parameters, mmofl_coordinator **out,
                                   mmofl_error *err)
{
    uint32_t n = wanted_participants(setup);
    if (n == 0)
        return mmofl_fail(
            err, MMOFL_E_RANGE,
            "participation %g of %u devices: a share in (0, 1] or a number of "
            "devices up to %u is wanted",
            setup->participation, setup->devices, setup->devices);
    mmofl_coordinator *c = calloc(1, sizeof *c);
    if (!c)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the coordinator");
    c->setup = *setup;
    c->arena.fail_after = setup->fail_after;
    c->rule = (const mmofl_aggregation_kind *)(const void *)setup->aggregation.kind;
    c->n_participants = n;
    pthread_mutex_init(&c->lock, NULL);
    if (make(c, parameters) != MMOFL_OK) {
        mmofl_coordinator_delete(c);
        return mmofl_fail(err, MMOFL_E_MEMORY,
                          "no memory for the coordinator of %u devices",
                          setup->devices);
    }
    *out = c;
    return MMOFL_OK;
}

void mmofl_coordinator_delete(mmofl_coordinator *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    mmofl_arena_free(&c->arena);
    free(c);
}

size_t mmofl_coordinator_bytes(const mmofl_coordinator *c)
{
    return c->arena.bytes;
}

mmofl_status mmofl_coordinator_restore(mmofl_coordinator *c, uint64_t round,
                                       const float *parameters)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = c->open ? MMOFL_E_STATE : MMOFL_OK;
    if (!c->open) {
        c->round = round;
        memcpy(c->parameters, parameters, c->setup.n_parameters * sizeof(float));
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}

const float *mmofl_coordinator_parameters(const mmofl_coordinator *c)
{
    return c->parameters;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* A random subset: the first steps of a Fisher-Yates shuffle, then sorted. */
static void draw_participants(mmofl_coordinator *c)
{
    if (!c->draw)
        return;
    uint32_t devices = c->setup.devices;
    mmofl_rng rng = mmofl_rng_open(c->setup.seed, MMOFL_NO_DEVICE, c->round + 1,
                                   MMOFL_USE_PARTICIPATION);
    for (uint32_t i = 0; i < devices; i++)
        c->draw[i] = i;
    for (uint32_t i = 0; i < c->n_participants; i++) {
        uint32_t j = i + (uint32_t)mmofl_rng_below(&rng, devices - i);
        c->participants[i] = c->draw[j];
        c->draw[j] = c->draw[i];
    }
    qsort(c->participants, c->n_participants, sizeof *c->participants, by_number);
}

mmofl_status mmofl_coordinator_open(mmofl_coordinator *c, mmofl_broadcast *broadcast,
                                    const uint32_t **participants, uint32_t *n)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = c->open ? MMOFL_E_STATE : MMOFL_OK;
    if (!c->open) {
        draw_participants(c);
        memset(c->answered, 0, c->n_participants * sizeof *c->answered);
        c->rule->begin(c->state);
        c->open = true;
        *broadcast = (mmofl_broadcast){.round = c->round + 1,
                                       .n_parameters = c->setup.n_parameters,
                                       .parameters = c->parameters};
        *participants = c->participants;
        *n = c->n_participants;
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}

/* Cross-entropy of float logits stays below; 2^32 of these add up to a finite sum. */
static const double largest_loss = 0x1p130;

static mmofl_status check_report(const mmofl_update *u)
{
    const mmofl_device_report *r = &u->report;
    if (!isfinite(r->fresh_loss) || !isfinite(r->train_loss))
        return MMOFL_E_NONFINITE;
    bool sound = r->fresh_correct <= r->fresh && r->fresh_loss >= 0 &&
                 r->fresh_loss <= largest_loss && r->train_loss >= 0 &&
                 r->train_loss <= largest_loss;
    return sound ? MMOFL_OK : MMOFL_E_RANGE;
}

static mmofl_status accept_locked(mmofl_coordinator *c, const mmofl_update *u)
{
    if (!c->open)
        return MMOFL_E_STATE;
    if (u->round != c->round + 1)
        return MMOFL_E_STALE;
    uint32_t device = (uint32_t)u->device;
    const uint32_t *found = u->device < c->setup.devices
                                ? bsearch(&device, c->participants, c->n_participants,
                                          sizeof device, by_number)
                                : NULL;
    if (!found)
        return MMOFL_E_UNKNOWN;
    size_t slot = (size_t)(found - c->participants);
    if (c->answered[slot])
        return MMOFL_E_DUPLICATE;
    if (u->n_parameters != c->setup.n_parameters)
        return MMOFL_E_SHAPE;
    mmofl_status st = check_report(u);
    if (st == MMOFL_OK)
        st = c->rule->add(c->state, u);
    if (st == MMOFL_OK) {
        c->answered[slot] = true;
        c->reports[slot] = u->report;
    }
    return st;
}

mmofl_status mmofl_coordinator_accept(mmofl_coordinator *c, const mmofl_update *update)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = accept_locked(c, update);
    pthread_mutex_unlock(&c->lock);
    return st;
}

static mmofl_round_summary summarize(const mmofl_coordinator *c)
{
    mmofl_round_summary s = {.round = c->round + 1, .participants = c->n_participants};
    uint32_t with_fresh = 0;
    for (uint32_t i = 0; i < c->n_participants; i++) {
        if (!c->answered[i])
            continue;
        const mmofl_device_report *r = &c->reports[i];
        s.updates++;
        s.fresh += r->fresh;
        s.fresh_correct += r->fresh_correct;
        s.steps += r->steps;
        s.train_loss += r->train_loss;
        if (r->fresh > 0) {
            with_fresh++;
            s.loss += r->fresh_loss;
        }
    }
    s.loss = with_fresh ? s.loss / with_fresh : 0;
    s.train_loss = s.updates ? s.train_loss / s.updates : 0;
    s.bytes_down = s.participants * mmofl_broadcast_bytes(c->setup.n_parameters);
    s.bytes_up = s.updates * mmofl_update_bytes(c->setup.n_parameters);
    return s;
}

mmofl_status mmofl_coordinator_close(mmofl_coordinator *c, mmofl_round_summary *summary)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = c->open ? MMOFL_OK : MMOFL_E_STATE;
    if (c->open) {
        *summary = summarize(c);
        c->rule->finish(c->state, c->parameters);
        c->round++;
        c->open = false;
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}
