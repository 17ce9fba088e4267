/* activity_fixture.h - small files in the layouts of PAMAP2 and mHealth, and what is
 * true of both importers.
 *
 * A made file of S rows has in column c of row r the number c + r / 1000, and
 * activities in two halves.  Include it first, as scratch.h. */
#ifndef MMOFL_TESTS_ACTIVITY_FIXTURE_H
#define MMOFL_TESTS_ACTIVITY_FIXTURE_H

#include "scratch.h"

#include "bad_files.h"
#include "base/file.h"
#include "data/activity_logs.h"
#include "data/source.h"
#include "zip_maker.h"

enum { ACTIVITY_TEXT = 1 << 16 };

typedef struct activity_file {
    char text[ACTIVITY_TEXT];
    size_t size;
} activity_file;

static inline float activity_value(int column, int row)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%03d", column, row);
    return strtof(text, NULL);
}

/** The word in column c of row r; NULL = the usual number. */
typedef const char *activity_word(const mmofl_activity_layout *layout, int column,
                                  int row, int rows, char *room);

static inline void activity_write(const mmofl_activity_layout *layout, int rows,
                                  activity_word *word, activity_file *file)
{
    size_t n = 0;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < layout->columns; c++) {
            char room[32];
            const char *text = word(layout, c, r, rows, room);
            if (!text) {
                snprintf(room, sizeof room, "%d.%03d", c, r);
                text = room;
            }
            n += (size_t)snprintf(file->text + n, sizeof file->text - n, "%s%c", text,
                                  c + 1 < layout->columns ? ' ' : '\n');
            CHECK(n < sizeof file->text);
        }
    file->size = n;
}

/** Options for windows of 4 rows, every 2, no test part. */
static inline mmofl_pick activity_pick(const mmofl_data_source *source)
{
    mmofl_pick pick = mmofl_pick_default(&source->kind);
    mmofl_activity_options *options = (void *)pick.options.bytes;
    options->length = 4;
    options->step = 2;
    options->test_subjects = "";
    return pick;
}

static inline mmofl_activity_options *activity_options(mmofl_pick *pick)
{
    return (void *)pick->options.bytes;
}

static inline void activity_write_zip(const char *path, const zip_file *files, size_t n)
{
    mmofl_error err = {0};
    zip made = zip_make(files, n);
    CHECK_OK(mmofl_file_write(path, made.data, made.size, false, &err));
    free(made.data);
}

static inline mmofl_dataset *activity_import(const mmofl_data_source *source,
                                             const mmofl_pick *pick, const char *path)
{
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    if (source->import(pick, path, NULL, &set, &err))
        fail_msg("%s", err.text);
    return set;
}

static inline void activity_check_refused(const mmofl_data_source *source,
                                          const mmofl_pick *pick, const char *path,
                                          mmofl_status wanted, const char *says)
{
    mmofl_dataset *set = NULL;
    mmofl_error err = {0};
    CHECK_STATUS(source->import(pick, path, NULL, &set, &err), wanted);
    CHECK_CONTAINS(err.text, says);
    CHECK(!set);
}

/** Import the text at `path` as the file `entry` of a zip that is named like it. */
static inline mmofl_status activity_import_text(const mmofl_data_source *source,
                                                const mmofl_pick *pick,
                                                const char *entry, const char *path,
                                                mmofl_error *err)
{
    scratch s;
    unsigned char *data;
    size_t size;
    mmofl_dataset *set = NULL;
    mmofl_status st = mmofl_file_read(path, 1 << 20, &data, &size, err);
    if (st)
        return st;
    scratch_new(&s);
    const zip_file file = {entry, data, size};
    activity_write_zip(scratch_path(&s, strrchr(path, '/') + 1), &file, 1);
    st = source->import(pick, s.path, NULL, &set, err);
    CHECK((st == MMOFL_OK) == (set != NULL)); /* a failed call leaves it untouched */
    mmofl_dataset_close(set);
    free(data);
    scratch_delete(&s);
    return st;
}

static inline void activity_check_values(const mmofl_dataset *set, size_t sample, int m,
                                         int first_row, int every, const int *columns)
{
    mmofl_shape shape = set->modality[m].shape;
    const float *at = (const float *)set->values[m] + sample * mmofl_shape_count(shape);
    for (int t = 0; t < shape.dim[0]; t++)
        for (int c = 0; c < shape.dim[1]; c++, at++) {
            float wanted = activity_value(columns[c], first_row + t * every);
            if (*at != wanted)
                fail_msg("sample %zu, modality %d, step %d, channel %d: %g, wanted %g",
                         sample, m, t, c, (double)*at, (double)wanted);
        }
}

#endif
