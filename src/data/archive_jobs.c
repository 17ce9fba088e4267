/* archive_jobs.c - a list of files, dealt out to a thread pool.
 *
 * Jobs stand in the order of the archive.  A thread stops at its first error; the
 * pool's split is static, so the error of the first bad file is always among the
 * threads' errors, and that one is told. */
#include <stdlib.h>

#include "base/pool.h"
#include "data/archive_jobs.h"
#include "data/archive_text.h"

struct worker {
    size_t failed; /* the job; SIZE_MAX: none */
    mmofl_error err;
};

struct work {
    const mmofl_archive *archive;
    const mmofl_archive_job *job;
    mmofl_archive_parse *parse;
    void *context;
    struct worker *worker;
};

static int by_place(const void *a, const void *b)
{
    const mmofl_archive_job *x = a, *y = b;
    if (x->entry != y->entry)
        return x->entry > y->entry ? 1 : -1;
    if (x->sample != y->sample)
        return x->sample > y->sample ? 1 : -1;
    return (x->kind > y->kind) - (x->kind < y->kind);
}

static mmofl_status do_job(const struct work *work, const mmofl_archive_job *job,
                           struct worker *worker)
{
    const mmofl_archive_entry *entry =
        mmofl_archive_entry_at(work->archive, job->entry);
    mmofl_text text;
    if (job->limit > 0 && entry->bytes > job->limit)
        return mmofl_fail(
            &worker->err, MMOFL_E_LIMIT, "%s: %s: a file of %zu bytes, at most %zu",
            mmofl_archive_name(work->archive), entry->path, entry->bytes, job->limit);
    mmofl_status st =
        mmofl_archive_text_at(work->archive, job->entry, &text, &worker->err);
    if (st)
        return st;
    st = work->parse(work->context, job, &text, &worker->err);
    return mmofl_archive_text_end(work->archive, &text, st, &worker->err);
}

static void run_job(void *context, size_t item, int thread)
{
    const struct work *work = context;
    struct worker *worker = &work->worker[thread];
    if (worker->failed == SIZE_MAX && do_job(work, &work->job[item], worker))
        worker->failed = item;
}

static mmofl_status run_jobs(struct work *work, mmofl_pool *pool, size_t n,
                             mmofl_error *err)
{
    size_t threads = (size_t)mmofl_pool_threads(pool);
    work->worker = calloc(threads, sizeof *work->worker);
    if (!work->worker)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for threads");
    for (size_t t = 0; t < threads; t++)
        work->worker[t].failed = SIZE_MAX;
    mmofl_pool_run(pool, n, run_job, work);
    const struct worker *first = &work->worker[0];
    for (size_t t = 0; t < threads; t++)
        if (work->worker[t].failed < first->failed)
            first = &work->worker[t];
    mmofl_status st = MMOFL_OK;
    if (first->failed != SIZE_MAX)
        st = mmofl_fail(err, first->err.status, "%s", first->err.text);
    free(work->worker);
    return st;
}

mmofl_status mmofl_archive_do(const mmofl_archive *archive, mmofl_archive_job *jobs,
                              size_t n, mmofl_archive_parse *parse, void *context,
                              mmofl_error *err)
{
    struct work work = {
        .archive = archive, .job = jobs, .parse = parse, .context = context};
    mmofl_pool *pool;
    if (n == 0)
        return MMOFL_OK;
    qsort(jobs, n, sizeof *jobs, by_place);
    if (mmofl_pool_new(0, &pool))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for threads");
    mmofl_status st = run_jobs(&work, pool, n, err);
    mmofl_pool_delete(pool);
    return st;
}
