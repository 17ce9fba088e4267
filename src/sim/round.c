/* round.c - one round of the fleet: devices on threads, updates over the link. */
#include <string.h>

#include "sim/fleet_parts.h"

/* What one round's tasks share. */
typedef struct round_task {
    mmofl_simulation *s;
    const mmofl_simulation_watch *watch;
    mmofl_learner_space *watched_space;
    mmofl_analysis *analysis; /* NULL: not in this round */
    size_t first;             /* of this rank's */
    uint64_t round;
} round_task;

/* Add up what became of the fresh samples, the last ones of the buffer. */
static void count_injected(const mmofl_simulation *s, size_t item,
                           mmofl_thread_space *space)
{
    const mmofl_holding *h = &space->holding;
    int n_modalities = s->setup.data->n_modalities;
    mmofl_injected *of_device =
        s->injected ? s->injected + item * (size_t)n_modalities : NULL;
    for (int m = 0; m < n_modalities; m++) {
        mmofl_injected count = {0};
        for (int i = h->window.held - h->window.fresh; i < h->window.held; i++) {
            uint32_t recorded = s->setup.data->mask[h->index[i]] >> m & 1;
            count.samples += recorded;
            count.missing += recorded & ~(h->mask[i] >> m);
            count.disturbed += h->disturbed[i] >> m & 1;
        }
        space->injected[m].samples += count.samples;
        space->injected[m].missing += count.missing;
        space->injected[m].disturbed += count.disturbed;
        if (of_device)
            of_device[m] = count;
    }
}

/* Over the threads. */
static void sum_injected(mmofl_simulation *s)
{
    for (int m = 0; m < s->setup.data->n_modalities; m++) {
        mmofl_injected sum = {0};
        for (int t = 0; t < s->n_threads; t++) {
            sum.samples += s->thread[t].injected[m].samples;
            sum.missing += s->thread[t].injected[m].missing;
            sum.disturbed += s->thread[t].injected[m].disturbed;
        }
        s->injected_sum[m] = sum;
    }
}

static void forget_injected(mmofl_simulation *s)
{
    for (int t = 0; t < s->n_threads; t++)
        memset(s->thread[t].injected, 0,
               MMOFL_MAX_MODALITIES * sizeof *s->thread[t].injected);
}

/* Who is called at the device's steps: somebody who watches it, the analysis, both. */
static mmofl_learner_watch watch_device(const round_task *task, size_t item, int thread,
                                        bool watched)
{
    mmofl_learner_watch watch = {0};
    if (watched)
        watch = task->watch->learner;
    if (task->analysis)
        mmofl_analysis_begin(task->analysis, item, thread,
                             &task->s->thread[thread].holding, &watch);
    return watch;
}

static void run_device(void *context, size_t share, int thread)
{
    const round_task *task = context;
    mmofl_simulation *s = task->s;
    size_t item = task->first + share;
    mmofl_thread_space *space = &s->thread[thread];
    uint32_t device = s->participants[item];
    bool watched = task->watch && task->watch->device == device && task->watched_space;
    mmofl_holding_look(&space->holding, device, task->round);
    if (s->source.imbalance)
        count_injected(s, item, space);
    mmofl_buffer_view buffer = mmofl_holding_view(&space->holding);
    if (s->kept)
        buffer.kept = mmofl_fleet_kept(s, device);
    mmofl_learner_watch watch = watch_device(task, item, thread, watched);
    mmofl_broadcast broadcast;
    mmofl_update update;
    mmofl_status st = s->link->kind->take(s->link, device, &broadcast);
    if (!st && watched && task->watch->before)
        task->watch->before(task->watch->learner.context, broadcast.parameters);
    if (!st)
        st = mmofl_learner_round(&s->learner,
                                 watched ? task->watched_space : space->learner, device,
                                 &broadcast, &buffer, &watch, &update);
    if (!st)
        st = s->link->kind->send(s->link, &update);
    s->status[item] = st;
}

/* Of this rank's participants. */
static mmofl_status first_failure(const mmofl_simulation *s, uint64_t round,
                                  mmofl_error *err)
{
    for (size_t i = s->start[s->ranks->rank]; i < s->start[s->ranks->rank + 1]; i++) {
        if (s->status[i] == MMOFL_E_NONFINITE || s->status[i] == MMOFL_E_RANGE)
            return mmofl_fail(
                err, MMOFL_E_NONFINITE,
                "training diverged: round %llu, device %u has NaN, infinite or huge "
                "values; try a smaller train.lr or set train.clip_norm",
                (unsigned long long)round, s->participants[i]);
        if (s->status[i])
            return mmofl_fail(err, s->status[i], "round %llu, device %u: %s",
                              (unsigned long long)round, s->participants[i],
                              mmofl_status_text(s->status[i]));
    }
    return MMOFL_OK;
}

static mmofl_status make_watched_space(const mmofl_simulation *s,
                                       const mmofl_simulation_watch *watch,
                                       uint64_t round, mmofl_learner_space **space,
                                       mmofl_error *err)
{
    if (!watch || watch->round != round)
        return MMOFL_OK;
    mmofl_status st = mmofl_learner_space_new(&s->learner, true, 0, space);
    return st ? mmofl_fail(err, st, "no memory to watch device %llu",
                           (unsigned long long)watch->device)
              : MMOFL_OK;
}

/* Rounds 1, 1 + every, 1 + 2 every, ... */
static bool is_analysed(const mmofl_simulation_setup *setup, uint64_t round)
{
    return setup->analyze_every > 0 &&
           (round - 1) % (uint64_t)setup->analyze_every == 0;
}

/* This rank's participants on its threads; then the ranks look whether all is well: as
 * their blocks are in the order of devices, the first failure of the first rank that
 * has one is that of the whole fleet. */
static mmofl_status run_devices(round_task *task, mmofl_error *err)
{
    mmofl_simulation *s = task->s;
    mmofl_error own = {0};
    task->first = s->start[s->ranks->rank];
    mmofl_pool_run(s->setup.pool, s->start[s->ranks->rank + 1] - task->first,
                   run_device, task);
    sum_injected(s);
    mmofl_status st = first_failure(s, task->round, &own);
    st = mmofl_ranks_agree(s->ranks, st, &own);
    if (st && err)
        *err = own;
    return st;
}

static mmofl_status fail_too_large(uint64_t round, mmofl_error *err)
{
    return mmofl_fail(
        err, MMOFL_E_NONFINITE,
        "training diverged: round %llu, the devices' values are huge; try "
        "a smaller train.lr or set train.clip_norm",
        (unsigned long long)round);
}

/* The participants, here. */
static mmofl_status run_fleet(round_task *task, mmofl_error *err)
{
    mmofl_fleet_deal(task->s);
    mmofl_status st = run_devices(task, err);
    if (!st && mmofl_fleet_exchange(task->s))
        st = fail_too_large(task->round, err);
    return st;
}

mmofl_status mmofl_simulation_round(mmofl_simulation *s,
                                    const mmofl_simulation_watch *watch,
                                    mmofl_round_summary *summary, mmofl_error *err)
{
    mmofl_broadcast broadcast;
    round_task task = {.s = s, .watch = watch};
    mmofl_status st = mmofl_coordinator_open(s->coordinator, &broadcast,
                                             &s->participants, &s->n_participants);
    if (!st)
        st = s->link->kind->offer(s->link, &broadcast);
    if (st)
        return mmofl_fail(err, st, "round cannot start: %s", mmofl_status_text(st));
    task.round = broadcast.round;
    st = make_watched_space(s, watch, broadcast.round, &task.watched_space, err);
    if (st)
        return st;
    forget_injected(s);
    s->analysed = is_analysed(&s->setup, broadcast.round);
    task.analysis = s->analysed ? s->analysis : NULL;
    st = s->setup.remote
             ? s->setup.remote->round(s->setup.remote->context, s->coordinator,
                                      &broadcast, s->participants, s->n_participants,
                                      err)
             : run_fleet(&task, err);
    mmofl_learner_space_delete(task.watched_space);
    if (st)
        return st;
    if (task.analysis)
        mmofl_analysis_close(task.analysis, s->n_participants);
    st = mmofl_coordinator_close(s->coordinator, summary);
    return st ? mmofl_fail(err, st, "round cannot end: %s", mmofl_status_text(st))
              : MMOFL_OK;
}
