/* mvsa_files.c - find the files, make a list of what to do, do it on a thread pool. */
#include <stdlib.h>
#include <string.h>

#include "data/archive_jobs.h"
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

static mmofl_status list_jobs(const mmofl_archive *archive,
                              const mmofl_mvsa_wanted *wanted,
                              mmofl_id_index files[KINDS], mmofl_archive_job **jobs,
                              size_t *n, mmofl_error *err)
{
    const bool is_wanted[KINDS] = {wanted->images != NULL, wanted->tokens != NULL};
    const size_t limit[KINDS] = {0, MMOFL_TEXT_BYTES};
    *jobs = calloc(wanted->n ? wanted->n : 1, KINDS * sizeof **jobs);
    if (!*jobs)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a list of files");
    for (size_t i = 0; i < wanted->n; i++)
        for (int k = 0; k < KINDS; k++) {
            mmofl_archive_job job = {.sample = i, .kind = k, .limit = limit[k]};
            if (!is_wanted[k])
                continue;
            if (!mmofl_id_index_find(&files[k], wanted->id[i], &job.entry))
                return mmofl_fail(err, MMOFL_E_MISSING,
                                  "%s: holds no data/%d%s, though it has a label",
                                  mmofl_archive_name(archive), (int)wanted->id[i],
                                  ending[k]);
            (*jobs)[(*n)++] = job;
        }
    return MMOFL_OK;
}

static mmofl_status parse(void *context, const mmofl_archive_job *job, mmofl_text *text,
                          mmofl_error *err)
{
    const mmofl_mvsa_wanted *wanted = context;
    size_t i = job->sample, side = (size_t)wanted->side;
    if (job->kind == PICTURE)
        return mmofl_image_square(text->data, text->size, text->name, wanted->side,
                                  wanted->images + i * side * side * 3, err);
    return mmofl_text_tokens(
        text->data, text->size, text->name, wanted->vocabulary, wanted->length,
        wanted->tokens + i * (size_t)wanted->length, NULL, &wanted->words[i], err);
}

mmofl_status mmofl_mvsa_files_read(const mmofl_archive *archive,
                                   const mmofl_mvsa_wanted *wanted, mmofl_error *err)
{
    mmofl_mvsa_wanted context = *wanted;
    mmofl_id_index files[KINDS] = {{0}};
    mmofl_archive_job *jobs = NULL;
    size_t n = 0;
    mmofl_status st = list_files(archive, files, err);
    if (!st)
        st = list_jobs(archive, wanted, files, &jobs, &n, err);
    for (int k = 0; k < KINDS; k++)
        mmofl_id_index_free(&files[k]);
    if (!st)
        st = mmofl_archive_do(archive, jobs, n, parse, &context, err);
    free(jobs);
    return st;
}
