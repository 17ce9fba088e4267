/* dir_tables.c - modalities that are one file for all samples: an array whose row n is
 * of line n of samples.csv, or a column of samples.csv itself. */
#include <stdlib.h>

#include "data/dir_values.h"
#include "data/text_tokens.h"

/* --- arrays ---------------------------------------------------------------------- */

mmofl_status mmofl_dir_take_row(const mmofl_dir_filling *filling, int m, size_t i,
                                const mmofl_npy *npy, const char *name, size_t row,
                                mmofl_error *err)
{
    const mmofl_dir_modality *modality = &filling->of->modality[m];
    size_t count = mmofl_shape_count(modality->modality.shape);
    bool *absent = &filling->absent[i * (size_t)filling->of->n_modalities + (size_t)m];
    if (modality->modality.dtype == MMOFL_F32) {
        float *values = filling->builder->values[m];
        *absent = modality->optional && mmofl_npy_all_nan(npy, row * count, count);
        return *absent ? MMOFL_OK
                       : mmofl_npy_floats(npy, name, row * count, count,
                                          values + i * count, err);
    }
    int32_t *tokens = (int32_t *)filling->builder->values[m] + i * count;
    bool any = false;
    mmofl_status st = MMOFL_OK;
    for (size_t at = 0; at < count && !st; at++) {
        int64_t id = 0;
        st = mmofl_npy_integers(npy, name, row * count + at, 1, 0,
                                modality->vocabulary - 1, &id, err);
        tokens[at] = (int32_t)id;
        any = any || id != 0;
    }
    *absent = modality->optional && !any;
    return st;
}

/* The array must be (N, shape). */
static mmofl_status check_array(const mmofl_dir_modality *m, const mmofl_npy *npy,
                                const char *name, size_t n, mmofl_error *err)
{
    char wanted[128];
    const mmofl_shape *shape = &m->modality.shape;
    bool fits = npy->n_dims == shape->n + 1;
    for (int d = 0; d < shape->n && fits; d++)
        fits = npy->dim[d + 1] == (size_t)shape->dim[d];
    mmofl_shape_text(*shape, wanted, sizeof wanted);
    if (!fits) /* "(4, 3)" becomes "(2, 4, 3)" */
        return mmofl_fail(err, MMOFL_E_SHAPE, "%s: %s wants an array of shape (%zu, %s",
                          name, m->modality.name, n, wanted + 1);
    if (npy->dim[0] != n)
        return mmofl_fail(err, MMOFL_E_COUNT,
                          "%s: %zu samples, but %zu lines in samples.csv", name,
                          npy->dim[0], n);
    return MMOFL_OK;
}

static mmofl_status read_array(const mmofl_dir_filling *filling, int m, mmofl_text text,
                               mmofl_error *err)
{
    const mmofl_dir_samples *samples = filling->samples;
    mmofl_npy npy;
    mmofl_status st = mmofl_npy_parse(text.data, text.size, text.name, &npy, err);
    if (!st)
        st = check_array(&filling->of->modality[m], &npy, text.name, samples->n, err);
    for (size_t i = 0; i < samples->n && !st; i++)
        st = mmofl_dir_take_row(filling, m, i, &npy, text.name, samples->sample[i].row,
                                err);
    return st;
}

static mmofl_status read_array_file(const mmofl_dir_filling *filling, int m,
                                    mmofl_error *err)
{
    const mmofl_dir_modality *modality = &filling->of->modality[m];
    const mmofl_archive *archive = filling->folder->archive;
    size_t entry;
    mmofl_text text;
    if (!mmofl_dir_folder_find(filling->folder, modality->from, &entry))
        return mmofl_archive_within(
            archive,
            mmofl_yaml_fail(&modality->place, MMOFL_E_MISSING, err,
                            "there is no such file as '%.200s'", modality->from),
            err);
    mmofl_status st = mmofl_archive_text_at(archive, entry, &text, err);
    if (st)
        return st;
    st = read_array(filling, m, text, err);
    return mmofl_archive_text_end(archive, &text, st, err);
}

/* --- columns --------------------------------------------------------------------- */

static mmofl_status read_text_column(const mmofl_dir_filling *filling, int m,
                                     mmofl_error *err)
{
    const mmofl_dir_modality *modality = &filling->of->modality[m];
    const mmofl_delimited *table = filling->samples->table;
    size_t length = (size_t)modality->length;
    int32_t *tokens = filling->builder->values[m];
    mmofl_error why = {0};
    int column;
    mmofl_status st = mmofl_delimited_column(table, modality->from, &column, &why);
    if (st)
        return mmofl_yaml_fail(&modality->place, st, err, "%s", why.text);
    for (size_t i = 0; i < filling->samples->n && !st; i++) {
        char place[512];
        mmofl_cell cell =
            mmofl_delimited_cell(table, filling->samples->sample[i].row, column);
        bool *absent =
            &filling->absent[i * (size_t)filling->of->n_modalities + (size_t)m];
        *absent = modality->optional && cell.size == 0;
        mmofl_delimited_place(table, cell, place, sizeof place);
        if (!*absent)
            st = mmofl_text_tokens(cell.data, cell.size, place, modality->vocabulary,
                                   modality->length, tokens + i * length, NULL, NULL,
                                   err);
    }
    return st;
}

mmofl_status mmofl_dir_read_tables(const mmofl_dir_filling *filling, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (int m = 0; m < filling->of->n_modalities && !st; m++) {
        const mmofl_dir_modality *modality = &filling->of->modality[m];
        if (modality->kind == MMOFL_DIR_TEXT_COLUMN)
            st = mmofl_archive_within(filling->folder->archive,
                                      read_text_column(filling, m, err), err);
        else if (!modality->per_sample)
            st = read_array_file(filling, m, err);
    }
    return st;
}
