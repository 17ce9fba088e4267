/* schedule.c - the rules of schedule.h. */
#include <assert.h>

#include "run/schedule.h"

/* To stop and to be taken again costs a checkpoint that is read and a partition that is
 * made anew: some ten milliseconds, or a few tenths of a second for 100,000 devices. */
static const double worth_s = 1.0;

mmofl_schedule mmofl_schedule_of(mmofl_scheduled *run, int n, int cores)
{
    mmofl_schedule s = {.n = n, .free_cores = cores, .run = run};
    for (int i = 0; i < n; i++) {
        bool waits = run[i].most > 0;
        run[i] = (mmofl_scheduled){.most = run[i].most,
                                   .state = waits ? MMOFL_SCHEDULED_WAITS
                                                  : MMOFL_SCHEDULED_OVER};
        s.waiting += waits;
    }
    s.left = s.waiting;
    return s;
}

int mmofl_schedule_take(mmofl_schedule *s)
{
    if (s->waiting == 0 || s->free_cores == 0)
        return -1;
    while (s->run[s->first].state != MMOFL_SCHEDULED_WAITS)
        s->first++;
    mmofl_scheduled *run = &s->run[s->first];
    int share = (s->free_cores + s->waiting - 1) / s->waiting;
    run->cores = share < run->most ? share : run->most;
    run->state = MMOFL_SCHEDULED_RUNS;
    s->free_cores -= run->cores;
    s->waiting--;
    return s->first;
}

/* Twice its cores at least: so each run gives way a few times only, whatever the number
 * of cores. */
static bool can_double(const mmofl_schedule *s, const mmofl_scheduled *run)
{
    return s->free_cores >= run->cores && run->most >= 2 * run->cores;
}

bool mmofl_schedule_gives_way(mmofl_schedule *s, int number, double to_go_s)
{
    mmofl_scheduled *run = &s->run[number];
    run->to_go_s = to_go_s;
    if (s->waiting > 0 || to_go_s < worth_s || !can_double(s, run))
        return false;
    for (int i = 0; i < s->n; i++) {
        const mmofl_scheduled *other = &s->run[i];
        if (other->state == MMOFL_SCHEDULED_GIVES_WAY)
            return false; /* the free cores are for that one */
        if (other->state == MMOFL_SCHEDULED_RUNS && other->to_go_s > to_go_s &&
            can_double(s, other))
            return false;
    }
    run->state = MMOFL_SCHEDULED_GIVES_WAY;
    return true;
}

void mmofl_schedule_stopped(mmofl_schedule *s, int number, bool is_over)
{
    mmofl_scheduled *run = &s->run[number];
    assert(run->cores > 0);
    s->free_cores += run->cores;
    run->cores = 0;
    run->to_go_s = 0;
    run->state = is_over ? MMOFL_SCHEDULED_OVER : MMOFL_SCHEDULED_WAITS;
    s->left -= is_over;
    s->waiting += !is_over;
    if (!is_over && number < s->first)
        s->first = number;
}
