/* activity_logs.c - which columns are kept, one file, all files.
 *
 * Of a file only the columns that some modality wants are kept: PAMAP2 has 54 columns
 * and 2.9 million rows.  Which thread reads which file does not change the result,
 * since each file fills a log of its own and the logs are cut in the order of their
 * numbers. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/pool.h"
#include "data/activity_logs.h"
#include "data/archive_text.h"
#include "data/subjects.h"

enum { PLACE_BYTES = 512, TAIL_BYTES = 64 };

/* --- columns ---------------------------------------------------------------------- */

/* Where each column of the file goes in a row that is kept. */
struct columns {
    int slot[MMOFL_ACTIVITY_COLUMNS]; /* -1 = nowhere */
    int kept;
};

static void keep(struct columns *columns, int column)
{
    if (column >= 0 && columns->slot[column] < 0)
        columns->slot[column] = columns->kept++;
}

static struct columns choose_columns(const mmofl_activity_layout *layout, int grouping)
{
    const mmofl_activity_group *group = &layout->group[grouping];
    struct columns columns = {.kept = 0};
    assert(layout->columns <= MMOFL_ACTIVITY_COLUMNS);
    for (int c = 0; c < layout->columns; c++)
        columns.slot[c] = -1;
    keep(&columns, layout->label_column);
    keep(&columns, layout->time_column);
    for (int m = 0; m < group->n_modalities; m++)
        for (int c = 0; c < group->modality[m].n_columns; c++)
            keep(&columns, group->modality[m].column[c]);
    return columns;
}

/* --- one file --------------------------------------------------------------------- */

static mmofl_status refuse_activity(const mmofl_activity_layout *layout,
                                    mmofl_text text, size_t row, float id,
                                    mmofl_error *err)
{
    char place[PLACE_BYTES], ids[160] = "";
    size_t n = 0;
    mmofl_text_place(text, row, layout->label_column, place, sizeof place);
    for (int k = 0; k < layout->n_classes && n < sizeof ids; k++)
        n += (size_t)snprintf(ids + n, sizeof ids - n, " %d", layout->class_id[k]);
    return mmofl_fail(err, MMOFL_E_RANGE,
                      "%s: activity %g, wanted 0 (none) or one of%s", place, (double)id,
                      ids);
}

/* The class of an activity's number; -1 = no activity, -2 = not known. */
static int32_t class_of(const mmofl_activity_layout *layout, float id)
{
    for (int k = 0; k < layout->n_classes; k++)
        if (id == (float)layout->class_id[k])
            return k;
    return id == 0 ? -1 : -2;
}

static mmofl_status take_labels(const mmofl_activity_layout *layout, int slot,
                                mmofl_text text, mmofl_activity_log *log,
                                mmofl_error *err)
{
    const mmofl_recording *r = &log->recording;
    for (size_t row = 0; row < r->rows; row++) {
        float id = r->value[row * (size_t)r->columns + (size_t)slot];
        log->label[row] = class_of(layout, id);
        if (log->label[row] < -1)
            return refuse_activity(layout, text, row, id, err);
    }
    return MMOFL_OK;
}

static mmofl_status take_times(const mmofl_activity_layout *layout, int slot,
                               mmofl_text text, mmofl_activity_log *log,
                               mmofl_error *err)
{
    const mmofl_recording *r = &log->recording;
    char place[PLACE_BYTES];
    for (size_t row = 0; row < r->rows; row++) {
        float time = r->value[row * (size_t)r->columns + (size_t)slot];
        log->time_s[row] = (double)time;
        if (isnan(time)) {
            mmofl_text_place(text, row, layout->time_column, place, sizeof place);
            return mmofl_fail(err, MMOFL_E_NONFINITE, "%s: a row without a time",
                              place);
        }
    }
    return MMOFL_OK;
}

/* Labels and times from the values that were read. */
static mmofl_status take_meaning(const mmofl_activity_layout *layout,
                                 const struct columns *columns, mmofl_text text,
                                 mmofl_activity_log *log, mmofl_error *err)
{
    mmofl_recording *r = &log->recording;
    bool timed = layout->time_column >= 0;
    size_t bytes;
    if (mmofl_bytes_product(r->rows, sizeof(double), &bytes)) {
        log->label = malloc(bytes / sizeof(double) * sizeof(int32_t));
        log->time_s = timed ? malloc(bytes) : NULL;
    }
    if (!log->label || (timed && !log->time_s))
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %zu labels",
                          text.name, r->rows);
    r->label = log->label;
    r->time_s = log->time_s;
    mmofl_status st =
        take_labels(layout, columns->slot[layout->label_column], text, log, err);
    if (!st && timed)
        st = take_times(layout, columns->slot[layout->time_column], text, log, err);
    return st;
}

mmofl_status mmofl_activity_log_read(const mmofl_activity_layout *layout,
                                     const mmofl_activity_options *options,
                                     mmofl_text text, mmofl_activity_log *log,
                                     mmofl_error *err)
{
    struct columns columns = choose_columns(layout, options->sensors);
    const mmofl_text_columns wanted = {.n = layout->columns,
                                       .slot = columns.slot,
                                       .kept = columns.kept,
                                       .nan = layout->nan};
    mmofl_activity_log made = {.recording.columns = columns.kept};
    mmofl_status st = mmofl_text_read_rows(text, &wanted, &made.recording.value,
                                           &made.recording.rows, err);
    if (!st)
        st = take_meaning(layout, &columns, text, &made, err);
    if (st)
        mmofl_activity_log_free(&made);
    else
        *log = made;
    return st;
}

void mmofl_activity_log_free(mmofl_activity_log *log)
{
    free(log->recording.value);
    free(log->label);
    free(log->time_s);
    *log = (mmofl_activity_log){0};
}

/* --- windows ---------------------------------------------------------------------- */

static void set_modality(const mmofl_activity_options *options,
                         const struct columns *columns,
                         const mmofl_recording_modality *as_written,
                         mmofl_recording_modality *modality)
{
    *modality = *as_written;
    modality->modality.shape = (mmofl_shape){2, {options->length, modality->n_columns}};
    modality->modality.rate_hz /= options->every;
    if (modality->bridge < 0)
        modality->bridge = options->bridge;
    for (int c = 0; c < modality->n_columns; c++)
        modality->column[c] = columns->slot[modality->column[c]];
}

mmofl_status mmofl_activity_logs_windows(const mmofl_activity_layout *layout,
                                         const mmofl_activity_options *options,
                                         const mmofl_activity_log *log, size_t n,
                                         mmofl_dataset **set, mmofl_error *err)
{
    const mmofl_activity_group *group = &layout->group[options->sensors];
    struct columns columns = choose_columns(layout, options->sensors);
    mmofl_recording_modality modality[MMOFL_MAX_MODALITIES];
    mmofl_recording recording[MMOFL_ACTIVITY_SUBJECTS];
    assert(n <= MMOFL_ACTIVITY_SUBJECTS && group->n_modalities <= MMOFL_MAX_MODALITIES);
    for (int m = 0; m < group->n_modalities; m++)
        set_modality(options, &columns, &group->modality[m], &modality[m]);
    for (size_t i = 0; i < n; i++)
        recording[i] = log[i].recording;
    const mmofl_recording_plan plan = {.name = layout->name,
                                       .citation = layout->citation,
                                       .n_modalities = group->n_modalities,
                                       .modality = modality,
                                       .n_classes = layout->n_classes,
                                       .class_name = layout->class_name,
                                       .length = options->length,
                                       .step = options->step,
                                       .every = options->every,
                                       .max_gap_s = layout->max_gap_s};
    return mmofl_recording_windows(&plan, recording, n, set, err);
}

/* --- all files -------------------------------------------------------------------- */

struct person {
    int32_t number;
    bool test;
    size_t entry; /* of the archive */
    mmofl_activity_log log;
    mmofl_status status;
    mmofl_error err;
};

struct import {
    const mmofl_activity_layout *layout;
    const mmofl_activity_options *options;
    mmofl_archive *archive;
    struct person person[MMOFL_ACTIVITY_SUBJECTS];
    size_t n;
};

/* Find the files that are there; of a test subject it must be. */
static mmofl_status find_people(struct import *import, const bool *test,
                                mmofl_error *err)
{
    const mmofl_activity_layout *layout = import->layout;
    for (int i = 0; i < layout->n_subjects; i++) {
        struct person *person = &import->person[import->n];
        char tail[TAIL_BYTES];
        person->number = layout->first_subject + i;
        person->test = test[i];
        snprintf(tail, sizeof tail, "%s%d%s", layout->file_head, (int)person->number,
                 layout->file_tail);
        mmofl_status st =
            mmofl_archive_find(import->archive, tail, &person->entry, err);
        if (!st)
            import->n++;
        else if (st == MMOFL_E_MISSING && test[i])
            return mmofl_fail(err, st, "%s: has no %s, a subject of the test part",
                              mmofl_archive_name(import->archive), tail);
        else if (st != MMOFL_E_MISSING)
            return st;
    }
    if (import->n == 0)
        return mmofl_fail(err, MMOFL_E_MISSING, "%s: no file %s%d%s, nor of others",
                          mmofl_archive_name(import->archive), layout->file_head,
                          layout->first_subject, layout->file_tail);
    return MMOFL_OK;
}

static void read_person(void *context, size_t item, int thread)
{
    struct import *import = context;
    struct person *person = &import->person[item];
    mmofl_text text;
    (void)thread;
    person->status =
        mmofl_archive_text_at(import->archive, person->entry, &text, &person->err);
    if (person->status)
        return;
    mmofl_status st = mmofl_activity_log_read(import->layout, import->options, text,
                                              &person->log, &person->err);
    person->status = mmofl_archive_text_end(import->archive, &text, st, &person->err);
    person->log.recording.owner = person->number;
    person->log.recording.test = person->test;
}

/* All files; of several errors the first person's is told, at any thread count. */
static mmofl_status read_people(struct import *import, mmofl_error *err)
{
    mmofl_pool *pool;
    if (mmofl_pool_new(0, &pool))
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for threads",
                          import->layout->name);
    mmofl_pool_run(pool, import->n, read_person, import);
    mmofl_pool_delete(pool);
    for (size_t i = 0; i < import->n; i++)
        if (import->person[i].status)
            return mmofl_fail(err, import->person[i].status, "%s",
                              import->person[i].err.text);
    return MMOFL_OK;
}

static mmofl_status cut_people(const struct import *import, mmofl_dataset **set,
                               mmofl_error *err)
{
    mmofl_activity_log log[MMOFL_ACTIVITY_SUBJECTS] = {0};
    for (size_t i = 0; i < import->n; i++)
        log[i] = import->person[i].log;
    mmofl_status st = mmofl_activity_logs_windows(import->layout, import->options, log,
                                                  import->n, set, err);
    return mmofl_archive_within(import->archive, st, err);
}

static mmofl_status import_archive(struct import *import, const bool *test,
                                   mmofl_dataset **set, mmofl_error *err)
{
    mmofl_status st = find_people(import, test, err);
    if (!st)
        st = read_people(import, err);
    if (!st)
        st = cut_people(import, set, err);
    for (size_t i = 0; i < import->n; i++)
        mmofl_activity_log_free(&import->person[i].log);
    return st;
}

mmofl_status mmofl_activity_logs_import(const mmofl_activity_layout *layout,
                                        const mmofl_activity_options *options,
                                        const char *path, mmofl_dataset **set,
                                        mmofl_error *err)
{
    bool test[MMOFL_ACTIVITY_SUBJECTS] = {false};
    assert(layout->n_subjects <= MMOFL_ACTIVITY_SUBJECTS);
    char option[64];
    snprintf(option, sizeof option, "%s: test_subjects", layout->name);
    int first = layout->first_subject, last = first + layout->n_subjects - 1;
    mmofl_status st =
        mmofl_subjects_read(option, options->test_subjects, first, last, test, err);
    if (st)
        return st;
    struct import *import = calloc(1, sizeof *import); /* errors make it large */
    if (!import)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", layout->name);
    import->layout = layout;
    import->options = options;
    mmofl_archive_limits limits = mmofl_archive_default_limits();
    limits.total_bytes = (size_t)3 << 30; /* PAMAP2 with its optional part */
    st = mmofl_archive_open(path, &limits, &import->archive, err);
    if (!st) {
        st = import_archive(import, test, set, err);
        mmofl_archive_close(import->archive);
    }
    free(import);
    return st;
}
