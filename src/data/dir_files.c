/* dir_files.c - modalities that have a file for each sample, decoded on a thread pool.
 *
 * Each job writes one sample's row of one modality and its mark of absence, so threads
 * share nothing. */
#include <stdlib.h>
#include <string.h>

#include "data/archive_jobs.h"
#include "data/dir_values.h"
#include "data/image.h"
#include "data/sound.h"
#include "data/text_tokens.h"

/* --- the folder ------------------------------------------------------------------- */

struct named {
    const char *path;
    size_t entry;
};

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->path, ((const struct named *)b)->path);
}

mmofl_status mmofl_dir_folder_open(const mmofl_archive *archive,
                                   const char *description_path, mmofl_dir_folder *out,
                                   mmofl_error *err)
{
    const char *slash = strrchr(description_path, '/');
    size_t prefix = slash ? (size_t)(slash - description_path) + 1 : 0;
    size_t count = mmofl_archive_count(archive), n = 0;
    struct named *named = malloc(count * sizeof *named); /* one file at least */
    size_t *entry = malloc(count * sizeof *entry);
    if (!named || !entry) {
        free(named);
        free(entry);
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu names", count);
    }
    for (size_t i = 0; i < count; i++) {
        const char *path = mmofl_archive_entry_at(archive, i)->path;
        if (strncmp(path, description_path, prefix) == 0)
            named[n++] = (struct named){path + prefix, i};
    }
    qsort(named, n, sizeof *named, by_path);
    mmofl_status st = MMOFL_OK;
    for (size_t i = 0; i < n; i++) {
        entry[i] = named[i].entry;
        if (i > 0 && !st && strcmp(named[i - 1].path, named[i].path) == 0)
            st = mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: holds %s twice",
                            mmofl_archive_name(archive), named[i].path);
    }
    free(named);
    if (st) {
        free(entry);
        return st;
    }
    *out = (mmofl_dir_folder){archive, prefix, entry, n};
    return MMOFL_OK;
}

bool mmofl_dir_folder_find(const mmofl_dir_folder *folder, const char *path,
                           size_t *entry)
{
    size_t low = 0, high = folder->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2, at = folder->entry[middle];
        int order = strcmp(
            mmofl_archive_entry_at(folder->archive, at)->path + folder->prefix, path);
        if (order == 0) {
            *entry = at;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

void mmofl_dir_folder_close(mmofl_dir_folder *folder)
{
    free(folder->entry);
    *folder = (mmofl_dir_folder){0};
}

/* --- one file --------------------------------------------------------------------- */

/* The file is one sample. */
static mmofl_status read_npy(const mmofl_dir_filling *filling, int m, size_t i,
                             const mmofl_text *text, mmofl_error *err)
{
    const mmofl_dir_modality *modality = &filling->of->modality[m];
    const mmofl_shape *shape = &modality->modality.shape;
    mmofl_npy npy;
    char wanted[128];
    mmofl_status st = mmofl_npy_parse(text->data, text->size, text->name, &npy, err);
    if (st)
        return st;
    bool fits = npy.n_dims == shape->n;
    for (int d = 0; d < shape->n && fits; d++)
        fits = npy.dim[d] == (size_t)shape->dim[d];
    mmofl_shape_text(*shape, wanted, sizeof wanted);
    if (!fits)
        return mmofl_fail(err, MMOFL_E_SHAPE, "%s: %s wants an array of %s", text->name,
                          modality->modality.name, wanted);
    return mmofl_dir_take_row(filling, m, i, &npy, text->name, 0, err);
}

static mmofl_status read_rows(const mmofl_dir_modality *m, const mmofl_delimited *table,
                              float *out, mmofl_error *err)
{
    size_t columns = (size_t)m->n_columns;
    size_t rows = mmofl_shape_count(m->modality.shape) / columns;
    int column[1024];
    mmofl_status st = MMOFL_OK;
    for (size_t c = 0; c < columns && !st; c++)
        st = mmofl_delimited_column(table, m->column[c], &column[c], err);
    if (!st && mmofl_delimited_rows(table) != rows)
        st = mmofl_fail(err, MMOFL_E_COUNT, "%s: %zu rows; wanted %zu",
                        mmofl_delimited_name(table), mmofl_delimited_rows(table), rows);
    for (size_t row = 0; row < rows && !st; row++)
        for (size_t c = 0; c < columns && !st; c++)
            st = mmofl_delimited_float(table, row, column[c], out++, err);
    return st;
}

static mmofl_status read_csv(const mmofl_dir_modality *m, mmofl_text *text, float *out,
                             mmofl_error *err)
{
    mmofl_delimited *table;
    mmofl_text taken = *text;
    text->data = NULL; /* the table's now */
    mmofl_status st = mmofl_delimited_open(taken, ',', &table, err);
    if (st)
        return st;
    st = read_rows(m, table, out, err);
    mmofl_delimited_close(table);
    return st;
}

static mmofl_status read_spectrogram(const mmofl_dir_modality *m,
                                     const mmofl_text *text, float *out,
                                     mmofl_error *err)
{
    mmofl_log_mel *mel = NULL;
    float *sound = malloc(m->sound_samples * sizeof *sound);
    mmofl_status st =
        sound ? MMOFL_OK
              : mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for sound", text->name);
    if (!st)
        st = mmofl_sound_read(text->data, text->size, text->name, m->sample_rate,
                              m->sound_samples, sound, err);
    if (!st)
        st =
            mmofl_log_mel_new(&m->log_mel, m->sample_rate, m->sound_samples, &mel, err);
    if (!st)
        mmofl_log_mel_compute(mel, sound, out);
    mmofl_log_mel_delete(mel);
    free(sound);
    return st;
}

static mmofl_status read_sound(const mmofl_dir_modality *m, const mmofl_text *text,
                               float *out, mmofl_error *err)
{
    if (m->log_mel.bands > 0)
        return read_spectrogram(m, text, out, err);
    return mmofl_sound_read(text->data, text->size, text->name, m->sample_rate,
                            m->sound_samples, out, err);
}

static mmofl_status parse(void *context, const mmofl_archive_job *job, mmofl_text *text,
                          mmofl_error *err)
{
    const mmofl_dir_filling *filling = context;
    const mmofl_dir_modality *m = &filling->of->modality[job->kind];
    size_t at = job->sample * mmofl_shape_count(m->modality.shape);
    void *values = filling->builder->values[job->kind];
    switch (m->kind) {
    case MMOFL_DIR_CSV:
        return read_csv(m, text, (float *)values + at, err);
    case MMOFL_DIR_SOUND:
        return read_sound(m, text, (float *)values + at, err);
    case MMOFL_DIR_IMAGE:
        return mmofl_image_square(text->data, text->size, text->name, m->side,
                                  (float *)values + at, err);
    case MMOFL_DIR_TEXT:
        return mmofl_text_tokens(text->data, text->size, text->name, m->vocabulary,
                                 m->length, (int32_t *)values + at, NULL, NULL, err);
    default:
        return read_npy(filling, job->kind, job->sample, text, err);
    }
}

/* --- all files -------------------------------------------------------------------- */

/* The pattern with each {id} replaced, in path. */
static mmofl_status fill_in(const char *pattern, mmofl_cell id, char *path, size_t size,
                            mmofl_error *err)
{
    size_t n = 0;
    while (*pattern) {
        bool here = strncmp(pattern, "{id}", 4) == 0;
        const char *piece = here ? id.data : pattern;
        size_t bytes = here ? id.size : 1;
        if (bytes >= size - n)
            return mmofl_fail(err, MMOFL_E_LIMIT, "a path of more than %zu bytes",
                              size - 1);
        memcpy(path + n, piece, bytes);
        n += bytes;
        pattern += here ? 4 : 1;
    }
    path[n] = '\0';
    return MMOFL_OK;
}

/* The job for sample i and modality m; *there is false when its file may lack. */
static mmofl_status find_file(const mmofl_dir_filling *filling, size_t i, int m,
                              mmofl_archive_job *job, bool *there, mmofl_error *err)
{
    const mmofl_dir_modality *modality = &filling->of->modality[m];
    const mmofl_delimited *table = filling->samples->table;
    mmofl_cell id = filling->samples->sample[i].id;
    char path[2048], place[512];
    *job = (mmofl_archive_job){.sample = i, .kind = m};
    if (modality->kind == MMOFL_DIR_TEXT)
        job->limit = MMOFL_TEXT_BYTES;
    mmofl_status st = fill_in(modality->from, id, path, sizeof path, err);
    if (st)
        return st;
    *there = mmofl_dir_folder_find(filling->folder, path, &job->entry);
    if (*there || modality->optional)
        return MMOFL_OK;
    mmofl_delimited_place(table, id, place, sizeof place);
    return mmofl_fail(err, MMOFL_E_MISSING,
                      "%s: holds no %.300s, the %s of a sample; wanted the file, or "
                      "optional: true",
                      place, path, modality->modality.name);
}

/* The jobs for all samples, in *jobs (room for N M of them). */
static mmofl_status list_files(const mmofl_dir_filling *filling,
                               mmofl_archive_job *jobs, size_t *n, mmofl_error *err)
{
    size_t n_modalities = (size_t)filling->of->n_modalities;
    for (size_t i = 0; i < filling->samples->n; i++)
        for (size_t m = 0; m < n_modalities; m++) {
            bool there = false;
            if (!filling->of->modality[m].per_sample)
                continue;
            mmofl_status st = find_file(filling, i, (int)m, &jobs[*n], &there, err);
            if (st)
                return mmofl_archive_within(filling->folder->archive, st, err);
            *n += there;
            filling->absent[i * n_modalities + m] = !there;
        }
    return MMOFL_OK;
}

mmofl_status mmofl_dir_read_files(const mmofl_dir_filling *filling, mmofl_error *err)
{
    mmofl_dir_filling context = *filling;
    size_t n = 0, most = (size_t)filling->of->n_modalities; /* of each sample */
    mmofl_archive_job *jobs = calloc(filling->samples->n, most * sizeof *jobs);
    if (!jobs)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a list of files");
    mmofl_status st = list_files(filling, jobs, &n, err);
    if (!st)
        st = mmofl_archive_do(filling->folder->archive, jobs, n, parse, &context, err);
    free(jobs);
    return st;
}
