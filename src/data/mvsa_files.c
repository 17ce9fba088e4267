/* mvsa_files.c - find the files, make a list of what to do, do it on a thread pool.
 *
 * Jobs stand in the order of the archive, so that each thread's cursor goes over a zip
 * once.  A thread stops at its first error; the pool's split is static, so the error of
 * the first bad file is always among the threads' errors, and that one is told. */
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "data/archive_text.h"
#include "data/id_index.h"
#include "data/image.h"
#include "data/mvsa_files.h"
#include "data/text_tokens.h"

enum { PICTURE, TEXT, KINDS };

static const char *const ending[KINDS] = {".jpg", ".txt"};

/* --- finding ---------------------------------------------------------------------- */

/* Is the path data/ID.jpg or data/ID.txt, in whatever folder? */
static bool read_path(const char *path, int *kind, int64_t *id)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (n < 4 || memcmp(slash - 4, "data", 4) != 0 || (n > 4 && slash[-5] != '/'))
        return false;
    const char *at = slash + 1;
    int64_t number = 0;
    if (*at == '0' && at[1] != '.')
        return false; /* 007 would be another name for 7 */
    for (; *at >= '0' && *at <= '9' && number <= INT32_MAX; at++)
        number = number * 10 + (*at - '0');
    if (at == slash + 1 || number > INT32_MAX)
        return false;
    for (int k = 0; k < KINDS; k++)
        if (strcmp(at, ending[k]) == 0) {
            *kind = k;
            *id = number;
            return true;
        }
    return false;
}

static mmofl_status list_files(const mmofl_archive *archive,
                               mmofl_id_index files[KINDS], mmofl_error *err)
{
    for (size_t i = 0; i < mmofl_archive_count(archive); i++) {
        int kind;
        int64_t id;
        if (!read_path(mmofl_archive_entry_at(archive, i)->path, &kind, &id))
            continue;
        mmofl_status st = mmofl_id_index_add(&files[kind], id, i, err);
        if (st)
            return st;
    }
    for (int k = 0; k < KINDS; k++) {
        const mmofl_id_entry *twice = mmofl_id_index_sort(&files[k]);
        if (twice)
            return mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: holds both %s and %s",
                              mmofl_archive_name(archive),
                              mmofl_archive_entry_at(archive, twice[0].place)->path,
                              mmofl_archive_entry_at(archive, twice[1].place)->path);
    }
    return MMOFL_OK;
}

/* --- jobs ------------------------------------------------------------------------- */

struct job {
    size_t entry, sample;
    int kind;
};

struct worker {
    mmofl_archive_cursor cursor;
    size_t failed; /* the job; SIZE_MAX: none */
    mmofl_error err;
};

struct work {
    const mmofl_archive *archive;
    const mmofl_mvsa_wanted *wanted;
    struct job *job;
    size_t n;
    struct worker *worker;
};

static int by_entry(const void *a, const void *b)
{
    size_t x = ((const struct job *)a)->entry, y = ((const struct job *)b)->entry;
    return (x > y) - (x < y);
}

static mmofl_status list_jobs(struct work *work, mmofl_id_index files[KINDS],
                              mmofl_error *err)
{
    const mmofl_mvsa_wanted *wanted = work->wanted;
    const bool is_wanted[KINDS] = {wanted->images != NULL, wanted->tokens != NULL};
    work->job = calloc(wanted->n ? wanted->n : 1, KINDS * sizeof *work->job);
    if (!work->job)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a list of files");
    for (size_t i = 0; i < wanted->n; i++)
        for (int k = 0; k < KINDS; k++) {
            struct job job = {.sample = i, .kind = k};
            if (!is_wanted[k])
                continue;
            if (!mmofl_id_index_find(&files[k], wanted->id[i], &job.entry))
                return mmofl_fail(err, MMOFL_E_MISSING,
                                  "%s: holds no data/%d%s, though it has a label",
                                  mmofl_archive_name(work->archive), (int)wanted->id[i],
                                  ending[k]);
            work->job[work->n++] = job;
        }
    qsort(work->job, work->n, sizeof *work->job, by_entry);
    return MMOFL_OK;
}

static mmofl_status parse(const mmofl_mvsa_wanted *wanted, const struct job *job,
                          mmofl_text text, mmofl_error *err)
{
    size_t i = job->sample, side = (size_t)wanted->side;
    if (job->kind == PICTURE)
        return mmofl_image_square(text.data, text.size, text.name, wanted->side,
                                  wanted->images + i * side * side * 3, err);
    return mmofl_text_tokens(
        text.data, text.size, text.name, wanted->vocabulary, wanted->length,
        wanted->tokens + i * (size_t)wanted->length, NULL, &wanted->words[i], err);
}

static mmofl_status do_job(const struct work *work, const struct job *job,
                           struct worker *worker)
{
    const mmofl_archive_entry *entry =
        mmofl_archive_entry_at(work->archive, job->entry);
    mmofl_text text;
    if (job->kind == TEXT && entry->bytes > MMOFL_TEXT_BYTES)
        return mmofl_fail(&worker->err, MMOFL_E_LIMIT,
                          "%s: %s: a text of %zu bytes, at most %d",
                          mmofl_archive_name(work->archive), entry->path, entry->bytes,
                          MMOFL_TEXT_BYTES);
    mmofl_status st = mmofl_archive_text_at(work->archive, &worker->cursor, job->entry,
                                            &text, &worker->err);
    if (st)
        return st;
    st = parse(work->wanted, job, text, &worker->err);
    return mmofl_archive_text_end(work->archive, &text, st, &worker->err);
}

static void run_job(void *context, size_t item, int thread)
{
    const struct work *work = context;
    struct worker *worker = &work->worker[thread];
    if (worker->failed == SIZE_MAX && do_job(work, &work->job[item], worker))
        worker->failed = item;
}

/* All jobs; of several errors that of the first job is told. */
static mmofl_status run_jobs(struct work *work, mmofl_error *err)
{
    mmofl_pool *pool;
    if (mmofl_pool_new(0, &pool))
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for threads");
    size_t threads = (size_t)mmofl_pool_threads(pool);
    const struct worker *first = NULL;
    work->worker = calloc(threads, sizeof *work->worker);
    if (work->worker) {
        for (size_t t = 0; t < threads; t++)
            work->worker[t].failed = SIZE_MAX;
        mmofl_pool_run(pool, work->n, run_job, work);
        first = &work->worker[0];
        for (size_t t = 0; t < threads; t++) {
            mmofl_archive_cursor_end(&work->worker[t].cursor);
            if (work->worker[t].failed < first->failed)
                first = &work->worker[t];
        }
    }
    mmofl_pool_delete(pool);
    if (!first)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for threads");
    if (first->failed == SIZE_MAX)
        return MMOFL_OK;
    return mmofl_fail(err, first->err.status, "%s", first->err.text);
}

mmofl_status mmofl_mvsa_files_read(const mmofl_archive *archive,
                                   const mmofl_mvsa_wanted *wanted, mmofl_error *err)
{
    struct work work = {.archive = archive, .wanted = wanted};
    mmofl_id_index files[KINDS] = {{0}};
    mmofl_status st = list_files(archive, files, err);
    if (!st)
        st = list_jobs(&work, files, err);
    for (int k = 0; k < KINDS; k++)
        mmofl_id_index_free(&files[k]);
    if (!st)
        st = run_jobs(&work, err);
    free(work.job);
    free(work.worker);
    return st;
}
