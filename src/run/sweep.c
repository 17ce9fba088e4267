/* sweep.c - jobs as the schedule gives them out, taken by the threads of a pool.
 *
 * The pool splits a loop statically, which is wrong for jobs of unequal length: so each
 * of its threads gets one item, and that item is to take jobs until none is left.  A
 * thread that may take none, because the cores are with a job that has several, waits.
 * A cell's folder is opened by its first job and closed by its last.
 *
 * With ranks each has the same list of jobs and leaves out those of others' cells; they
 * meet at the end. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fed/participation.h"
#include "run/schedule.h"
#include "run/seed_run.h"
#include "run/sweep_ranks.h"

enum { PATH_BYTES = 4096 };

/* A job; what its watch is given. */
typedef struct job_state {
    struct sweep_run *run;
    int number;
    int rounds_told;              /* rounds that are in the news already */
    double since_s;               /* when it was taken */
    int rounds_here, rounds_left; /* since then; until its end */
} job_state;

/* A cell while its jobs run; guarded by sweep_run.mutex, but for what its jobs do in
 * the folder. */
typedef struct cell_state {
    mmofl_run_folder *folder; /* NULL: not open */
    int jobs_left;
    bool failed;
} cell_state;

typedef struct sweep_run {
    const mmofl_sweep_plan *plan;
    const mmofl_sweep_folder *folder;
    const mmofl_sweep_watch *watch;
    const mmofl_ranks *ranks;
    int *rank_of; /* (cells) */
    mmofl_cell_result *result;
    pthread_mutex_t mutex; /* guards all that follows, and the watch's progress */
    pthread_cond_t change; /* a job has stopped */
    cell_state *cell;
    job_state *job;             /* (jobs) */
    mmofl_scheduled *scheduled; /* (jobs) */
    mmofl_schedule schedule;
    bool stopped;
    mmofl_sweep_news news;
    mmofl_sweep_tally tally;
} sweep_run;

/* ---- news ---- */

/* Count rounds up to `round`, the first `found` of which were there before. */
static void tell_rounds(job_state *job, int round, int found)
{
    sweep_run *s = job->run;
    pthread_mutex_lock(&s->mutex);
    if (job->rounds_told == 0)
        s->news.rounds_found += (uint64_t)found;
    s->news.rounds_done += (uint64_t)(round - job->rounds_told);
    job->rounds_told = round;
    if (s->watch->progress)
        s->watch->progress(s->watch->context, &s->news);
    pthread_mutex_unlock(&s->mutex);
}

static void round_done(void *context, const mmofl_round_news *news)
{
    job_state *job = context;
    job->rounds_here = news->round - news->first + 1;
    job->rounds_left = news->rounds - news->round;
    tell_rounds(job, news->round, news->first - 1);
}

/* For good, or to be taken again with more cores. */
static bool stop_asked(void *context)
{
    const job_state *job = context;
    sweep_run *s = job->run;
    double so_far_s = mmofl_clock_seconds() - job->since_s,
           to_go_s = so_far_s / job->rounds_here * job->rounds_left;
    pthread_mutex_lock(&s->mutex);
    if (s->watch->stop_asked && s->watch->stop_asked(s->watch->context))
        s->stopped = true;
    bool stop =
        s->stopped || mmofl_schedule_gives_way(&s->schedule, job->number, to_go_s);
    pthread_mutex_unlock(&s->mutex);
    return stop;
}

/* ---- cells ---- */

/* Open the cell's folder, or make it.  What it holds must be this very experiment. */
static mmofl_status open_cell(sweep_run *s, int i, mmofl_error *err)
{
    const mmofl_planned_cell *cell = &s->plan->cell[i];
    char inner[MMOFL_SWEEP_NAME_BYTES + 8], path[PATH_BYTES];
    mmofl_run_folder *folder;
    snprintf(inner, sizeof inner, "cells/%s", cell->name);
    mmofl_status st = mmofl_sweep_folder_path(s->folder, inner, path, sizeof path, err);
    if (st)
        return st;
    st = mmofl_run_folder_open(path, &folder, err);
    if (st == MMOFL_E_NOT_FOUND)
        st = mmofl_run_folder_create(path, cell->config, &folder, err);
    if (st)
        return st;
    if (strcmp(mmofl_run_folder_config(folder), cell->config) != 0) {
        mmofl_run_folder_close(folder);
        return mmofl_fail(err, MMOFL_E_STATE,
                          "%s: config.yaml is not what sweep.yaml says for this cell; "
                          "was it begun by another version?",
                          path);
    }
    s->cell[i].folder = folder;
    return MMOFL_OK;
}

static mmofl_status summarize(sweep_run *s, int i, mmofl_error *err)
{
    const mmofl_experiment *x = &s->plan->cell[i].experiment;
    mmofl_seed_summary *rows = calloc((size_t)x->n_seeds, sizeof *rows);
    if (!rows)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the summary");
    mmofl_status st = mmofl_summary_write(x, s->cell[i].folder, rows, err);
    if (st)
        free(rows);
    else
        s->result[i] = (mmofl_cell_result){rows, x->n_seeds};
    return st;
}

/* A job of the cell is over: after the last one the cell is summarized and closed. */
static mmofl_status leave_cell(sweep_run *s, int i, mmofl_status status,
                               mmofl_error *err)
{
    cell_state *cell = &s->cell[i];
    cell->failed = cell->failed || status;
    if (--cell->jobs_left > 0)
        return status;
    if (cell->folder && !cell->failed)
        status = summarize(s, i, err);
    mmofl_run_folder_close(cell->folder);
    cell->folder = NULL;
    return status;
}

/* ---- jobs ---- */

static void note_failure(sweep_run *s, int number, mmofl_status status,
                         const mmofl_error *err)
{
    const mmofl_sweep_job *job = &s->plan->job[number];
    const mmofl_planned_cell *cell = &s->plan->cell[job->cell];
    if (status == MMOFL_E_INTERRUPTED || status == MMOFL_E_NO_SPACE ||
        status == MMOFL_E_IO || status == MMOFL_E_MEMORY)
        s->stopped = true;
    /* An interruption is the user's wish and not worth a name; a failure is. */
    bool is_news = status != MMOFL_E_INTERRUPTED;
    mmofl_sweep_tally *tally = &s->tally;
    tally->failed += is_news;
    bool is_first = tally->first_failed < 0 || number < tally->first_failed;
    if (is_news && is_first) {
        tally->first_failed = number;
        tally->error = *err;
        mmofl_fail_within(&tally->error, "cell %s, seed %llu", cell->name,
                          (unsigned long long)cell->experiment.seed[job->seed]);
    }
}

/* Until it is done, fails or stops. */
static mmofl_status run_job(sweep_run *s, int number, mmofl_error *err)
{
    const mmofl_sweep_job *job = &s->plan->job[number];
    const mmofl_planned_cell *cell = &s->plan->cell[job->cell];
    job_state *state = &s->job[number];
    mmofl_run_watch watch = {round_done, stop_asked, state, NULL};
    mmofl_setup setup;
    pthread_mutex_lock(&s->mutex);
    int cores = s->scheduled[number].cores;
    mmofl_status st =
        s->cell[job->cell].folder ? MMOFL_OK : open_cell(s, job->cell, err);
    pthread_mutex_unlock(&s->mutex);
    state->since_s = mmofl_clock_seconds();
    if (!st)
        st = mmofl_setup_share(&setup, &cell->experiment, cell->data, cores, err);
    if (!st) {
        st = mmofl_seed_run(&setup, s->cell[job->cell].folder, job->seed, &watch, err);
        mmofl_setup_free(&setup);
    }
    if (!st) /* all rounds of a seed that was done before */
        tell_rounds(state, cell->experiment.rounds, cell->experiment.rounds);
    return st;
}

/* What became of a job. */
static void leave_job(sweep_run *s, int number, mmofl_status st, mmofl_error *err)
{
    bool gives_way = s->scheduled[number].state == MMOFL_SCHEDULED_GIVES_WAY;
    bool is_over = !gives_way || st != MMOFL_E_INTERRUPTED || s->stopped;
    mmofl_schedule_stopped(&s->schedule, number, is_over);
    pthread_cond_broadcast(&s->change);
    if (!is_over)
        return;
    st = leave_cell(s, s->plan->job[number].cell, st, err);
    if (st)
        note_failure(s, number, st, err);
    else
        s->news.jobs_done++;
    if (s->watch->progress)
        s->watch->progress(s->watch->context, &s->news);
}

static void work(void *context, size_t item, int thread)
{
    (void)item, (void)thread;
    sweep_run *s = context;
    pthread_mutex_lock(&s->mutex);
    while (!s->stopped && s->schedule.left > 0) {
        int number = mmofl_schedule_take(&s->schedule);
        if (number < 0) {
            pthread_cond_wait(&s->change, &s->mutex);
            continue;
        }
        mmofl_error err = {0};
        pthread_mutex_unlock(&s->mutex);
        mmofl_status st = run_job(s, number, &err);
        pthread_mutex_lock(&s->mutex);
        leave_job(s, number, st, &err);
    }
    pthread_mutex_unlock(&s->mutex);
}

/* ---- the whole ---- */

static mmofl_status outcome(const mmofl_sweep_tally *t, mmofl_error *err)
{
    if (t->failed == 0)
        return t->stopped && t->done < t->jobs
                   ? mmofl_fail(err, MMOFL_E_INTERRUPTED,
                                "interrupted with %lld of %lld jobs done",
                                (long long)t->done, (long long)t->jobs)
                   : MMOFL_OK;
    if (t->failed == 1)
        return mmofl_fail(err, t->error.status, "%s", t->error.text);
    return mmofl_fail(err, t->error.status, "%lld of %lld jobs failed, the first: %s",
                      (long long)t->failed, (long long)t->jobs, t->error.text);
}

/* This rank's jobs on its threads.  A thread trains devices: more threads than take
 * part in a round would have nothing to do. */
static void run_jobs(sweep_run *s, mmofl_pool *pool)
{
    const mmofl_sweep_plan *plan = s->plan;
    int threads = mmofl_pool_threads(pool);
    for (int j = 0; j < plan->n_jobs; j++) {
        int i = plan->job[j].cell;
        const mmofl_experiment *x = &plan->cell[i].experiment;
        if (s->rank_of[i] != s->ranks->rank)
            continue;
        s->job[j] = (job_state){.run = s, .number = j};
        s->scheduled[j].most = (int)mmofl_participants_wanted(
            x->participation, (uint32_t)x->fleet.devices);
        s->cell[i].jobs_left++;
        s->news.rounds += (uint64_t)x->rounds;
        s->news.jobs++;
    }
    s->schedule = mmofl_schedule_of(s->scheduled, plan->n_jobs, threads);
    mmofl_pool_run(pool, (size_t)threads, work, s);
    for (int i = 0; i < plan->n_cells; i++)
        mmofl_run_folder_close(s->cell[i].folder); /* of an interrupted cell */
    s->tally.jobs = s->news.jobs;
    s->tally.done = s->news.jobs_done;
    s->tally.stopped = s->stopped;
}

static mmofl_status run_all(sweep_run *s, int threads, mmofl_error *err)
{
    mmofl_pool *pool = NULL;
    mmofl_status st = mmofl_pool_new(threads, &pool);
    if (st)
        mmofl_fail(err, st, "cannot start %d threads", threads);
    else if (!s->result || !s->cell || !s->rank_of || !s->job || !s->scheduled ||
             mmofl_sweep_deal(s->plan, s->ranks, s->rank_of))
        st = mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the sweep");
    st = mmofl_ranks_agree(s->ranks, st, err);
    if (!st)
        run_jobs(s, pool);
    mmofl_pool_delete(pool);
    if (st)
        return st;
    if (mmofl_sweep_bring_together(s->plan, s->ranks, s->rank_of, s->result, &s->tally))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the results");
    for (int i = 0; i < s->plan->n_cells; i++)
        s->result[i] = s->result[s->plan->cell[i].same_as];
    return outcome(&s->tally, err);
}

mmofl_status mmofl_sweep_run(const mmofl_sweep_plan *plan,
                             const mmofl_sweep_folder *folder, const mmofl_ranks *ranks,
                             int threads, const mmofl_sweep_watch *watch,
                             mmofl_cell_result **result, mmofl_error *err)
{
    size_t n = (size_t)plan->n_cells, jobs = (size_t)plan->n_jobs;
    sweep_run s = {.plan = plan,
                   .folder = folder,
                   .watch = watch,
                   .ranks = mmofl_ranks_or_alone(ranks),
                   .rank_of = calloc(n, sizeof *s.rank_of),
                   .result = calloc(n, sizeof *s.result),
                   .mutex = PTHREAD_MUTEX_INITIALIZER,
                   .change = PTHREAD_COND_INITIALIZER,
                   .job = calloc(jobs, sizeof *s.job),
                   .scheduled = calloc(jobs, sizeof *s.scheduled),
                   .cell = calloc(n, sizeof *s.cell),
                   .tally = {.first_failed = -1}};
    mmofl_status st = run_all(&s, threads, err);
    pthread_cond_destroy(&s.change);
    pthread_mutex_destroy(&s.mutex);
    free(s.job);
    free(s.scheduled);
    free(s.cell);
    free(s.rank_of);
    *result = s.result;
    return st;
}

void mmofl_sweep_results_free(const mmofl_sweep_plan *plan, mmofl_cell_result *result)
{
    for (int i = 0; result && i < plan->n_cells; i++)
        if (plan->cell[i].same_as == i)
            free(result[i].seed);
    free(result);
}
