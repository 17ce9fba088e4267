/* archive_jobs.h - read many files of an archive and take each apart, on all cores. */
#ifndef MMOFL_DATA_ARCHIVE_JOBS_H
#define MMOFL_DATA_ARCHIVE_JOBS_H

#include "data/archive.h"
#include "data/text_table.h"

/** One file to read, and what it is to the caller. */
typedef struct mmofl_archive_job {
    size_t entry; /* of the archive */
    size_t limit; /* most bytes: a larger file is not even read; 0 = the archive's */
    size_t sample;
    int kind;
} mmofl_archive_job;

/** Take a file's bytes apart, on any thread; write results by sample and kind only.
 * text->data is freed behind it, unless it is NULL then: what takes the bytes over
 * (mmofl_delimited_open) says so. */
typedef mmofl_status mmofl_archive_parse(void *context, const mmofl_archive_job *job,
                                         mmofl_text *text, mmofl_error *err);

/** Sort the n jobs by (entry, sample, kind), do all of them, and of several errors tell
 * that of the first job: the result, be it an error, is the same at any thread count.
 * When it fails some jobs were done and others were not.
 * @retval MMOFL_E_LIMIT   a file larger than its job's limit
 * @retval MMOFL_E_MEMORY
 * and whatever mmofl_archive_read and parse refuse; errors name the archive */
MMOFL_CHECKED mmofl_status mmofl_archive_do(const mmofl_archive *archive,
                                            mmofl_archive_job *jobs, size_t n,
                                            mmofl_archive_parse *parse, void *context,
                                            mmofl_error *err);

#endif
