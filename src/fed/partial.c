/* partial.c - handing over and taking over.  A partial sum is checked whole before the
 * first number of the coordinator changes. */
#include <string.h>

#include "fed/coordinator_parts.h"

/* Everything that is added up in a round. */
static mmofl_status list_sums(mmofl_coordinator *c, mmofl_sums *sums)
{
    *sums = (mmofl_sums){0};
    if (!c->rule->sums)
        return MMOFL_E_UNSUPPORTED;
    if (c->has_prototypes)
        mmofl_global_prototypes_sums(&c->prototypes, sums);
    c->rule->sums(c->state, sums);
    return MMOFL_OK;
}

static mmofl_partial_shape shape_of(const mmofl_sums *sums)
{
    mmofl_partial_shape shape = {.sums = sums->n_sums};
    for (int i = 0; i < sums->n_sums; i++)
        shape.numbers += sums->sum[i]->n;
    for (int i = 0; i < sums->n_counts; i++)
        shape.counts += sums->counts[i].n;
    return shape;
}

mmofl_status mmofl_coordinator_partial_shape(mmofl_coordinator *c,
                                             mmofl_partial_shape *shape)
{
    mmofl_sums sums;
    mmofl_status st = list_sums(c, &sums);
    if (!st)
        *shape = shape_of(&sums);
    return st;
}

/* ---- handing over ---- */

struct mmofl_partial_space {
    uint32_t *device;            /* (participants) */
    mmofl_device_report *report; /* (participants) */
    mmofl_sum_part sum[MMOFL_SUMS_MOST];
    uint64_t *count; /* (counts) */
};

static mmofl_status make_space(mmofl_coordinator *c, size_t counts)
{
    if (c->partial)
        return MMOFL_OK;
    mmofl_partial_space *made = MMOFL_ARENA_NEW(&c->arena, 1, mmofl_partial_space);
    if (!made)
        return MMOFL_E_MEMORY;
    made->device = MMOFL_ARENA_NEW(&c->arena, c->n_participants, uint32_t);
    made->report = MMOFL_ARENA_NEW(&c->arena, c->n_participants, mmofl_device_report);
    made->count = MMOFL_ARENA_NEW(&c->arena, counts, uint64_t);
    if (!made->device || !made->report || !made->count)
        return MMOFL_E_MEMORY;
    c->partial = made;
    return MMOFL_OK;
}

static uint32_t gather_reports(const mmofl_coordinator *c, mmofl_partial_space *to)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n_participants; i++) {
        if (!c->answered[i])
            continue;
        to->device[n] = c->participants.device[i];
        to->report[n++] = c->reports[i];
    }
    return n;
}

static void gather_sums(const mmofl_sums *sums, mmofl_partial_space *to)
{
    uint64_t *count = to->count;
    for (int i = 0; i < sums->n_sums; i++)
        to->sum[i] = mmofl_fixed_sum_part(sums->sum[i]);
    for (int i = 0; i < sums->n_counts; i++) {
        const mmofl_counts *counts = &sums->counts[i];
        memcpy(count, counts->count, counts->n * sizeof *count);
        count += counts->n;
    }
}

static mmofl_status hand_over_locked(mmofl_coordinator *c, mmofl_partial *out)
{
    mmofl_sums sums;
    if (!c->open)
        return MMOFL_E_STATE;
    mmofl_status st = list_sums(c, &sums);
    mmofl_partial_shape shape = shape_of(&sums);
    if (!st)
        st = make_space(c, shape.counts);
    if (st)
        return st;
    mmofl_partial_space *space = c->partial;
    gather_sums(&sums, space);
    *out = (mmofl_partial){.round = c->round + 1,
                           .n = gather_reports(c, space),
                           .device = space->device,
                           .report = space->report,
                           .late = c->late,
                           .n_sums = shape.sums,
                           .sum = space->sum,
                           .n_counts = shape.counts,
                           .count = space->count};
    c->open = false;
    return MMOFL_OK;
}

mmofl_status mmofl_coordinator_hand_over(mmofl_coordinator *c, mmofl_partial *partial)
{
    pthread_mutex_lock(&c->lock);
    mmofl_status st = hand_over_locked(c, partial);
    pthread_mutex_unlock(&c->lock);
    return st;
}

void mmofl_coordinator_abandon(mmofl_coordinator *c)
{
    pthread_mutex_lock(&c->lock);
    c->open = false;
    pthread_mutex_unlock(&c->lock);
}

/* ---- taking over ---- */

/* Counts, and samples behind them, that no number of updates passes. */
static const uint64_t largest_count = UINT64_C(1) << 62, most_late = UINT64_C(1) << 32;

static mmofl_status check_sums(const mmofl_sums *sums, const mmofl_partial *p)
{
    mmofl_partial_shape shape = shape_of(sums);
    const uint64_t *count = p->count;
    if (p->n_sums != shape.sums || p->n_counts != shape.counts)
        return MMOFL_E_SHAPE;
    for (int i = 0; i < p->n_sums; i++) {
        mmofl_status st = mmofl_fixed_sum_check_part(sums->sum[i], &p->sum[i]);
        if (st)
            return st;
    }
    for (int i = 0; i < sums->n_counts; i++)
        for (size_t k = 0; k < sums->counts[i].n; k++)
            if (*count++ >= largest_count - sums->counts[i].count[k])
                return MMOFL_E_RANGE;
    return MMOFL_OK;
}

static mmofl_status check_reports(const mmofl_coordinator *c, const mmofl_partial *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        size_t slot;
        uint32_t device = p->device[i];
        if (device < p->first || device - p->first >= p->devices)
            return MMOFL_E_UNKNOWN;
        if (i > 0 && device <= p->device[i - 1])
            return MMOFL_E_DUPLICATE;
        mmofl_status st = mmofl_coordinator_find_slot(c, device, &slot);
        if (!st)
            st = mmofl_coordinator_check_report(&p->report[i]);
        if (st)
            return st;
    }
    return MMOFL_OK;
}

static mmofl_status check_locked(mmofl_coordinator *c, const mmofl_partial *p,
                                 mmofl_sums *sums)
{
    if (!c->open)
        return MMOFL_E_STATE;
    if (p->round != c->round + 1)
        return MMOFL_E_STALE;
    mmofl_status st = list_sums(c, sums);
    if (!st && p->late > 0 && c->rule->local && c->rule->local->up)
        st = MMOFL_E_UNSUPPORTED;
    if (!st && p->late >= most_late)
        st = MMOFL_E_RANGE;
    if (!st)
        st = check_sums(sums, p);
    return st ? st : check_reports(c, p);
}

static void add_sums(const mmofl_sums *sums, const mmofl_partial *p)
{
    const uint64_t *count = p->count;
    for (int i = 0; i < sums->n_sums; i++)
        mmofl_fixed_sum_add_part(sums->sum[i], &p->sum[i]);
    for (int i = 0; i < sums->n_counts; i++)
        for (size_t k = 0; k < sums->counts[i].n; k++)
            sums->counts[i].count[k] += *count++;
}

static void take_reports(mmofl_coordinator *c, const mmofl_partial *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        size_t slot;
        if (mmofl_coordinator_find_slot(c, p->device[i], &slot))
            continue; /* cannot be: it was checked */
        c->answered[slot] = true;
        c->reports[slot] = p->report[i];
    }
    c->late += p->late;
}

mmofl_status mmofl_coordinator_accept_partial(mmofl_coordinator *c,
                                              const mmofl_partial *partial)
{
    mmofl_sums sums;
    pthread_mutex_lock(&c->lock);
    mmofl_status st = check_locked(c, partial, &sums);
    if (!st) {
        add_sums(&sums, partial);
        take_reports(c, partial);
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}
