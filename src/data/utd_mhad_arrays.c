/* utd_mhad_arrays.c - UTD-MHAD as four arrays, whose rows a table names. */
#include <stdlib.h>

#include "data/archive_text.h"
#include "data/delimited.h"
#include "data/npy.h"
#include "data/utd_mhad_parts.h"

enum { PICTURE = UTD_HEIGHT * UTD_WIDTH, MAX_SAMPLE_DIMS = 3 };

static const struct array {
    const char *file;
    mmofl_npy_type type;
    int n_dims;
    size_t dim[MAX_SAMPLE_DIMS]; /* of a row */
} arrays[UTD_MODALITIES] = {
    {"acc_f32.npy", MMOFL_NPY_F32, 2, {UTD_STEPS, UTD_AXES}},
    {"gyro_f32.npy", MMOFL_NPY_F32, 2, {UTD_STEPS, UTD_AXES}},
    {"skeleton_f32.npy", MMOFL_NPY_F32, 2, {UTD_FRAMES, UTD_JOINTS *UTD_SPACE}},
    {"depth_u8.npy", MMOFL_NPY_U8, 3, {UTD_PICTURES, UTD_HEIGHT, UTD_WIDTH}},
};

/* --- index.tsv -------------------------------------------------------------------- */

enum { ROW, ACTION, SUBJECT, TRIAL, COLUMNS };
static const char *const column_names[COLUMNS] = {"row", "action", "subject", "trial"};

/* Mark the sequence of one line. */
static mmofl_status list_row(const mmofl_delimited *table, const int *columns,
                             size_t row, mmofl_utd_grid *grid, mmofl_error *err)
{
    static const int most[COLUMNS] = {0, UTD_ACTIONS, UTD_SUBJECTS, UTD_TRIALS};
    int64_t value[COLUMNS];
    for (int c = 0; c < COLUMNS; c++) {
        int64_t min = c == ROW ? (int64_t)row : 1;
        int64_t max = c == ROW ? (int64_t)row : most[c];
        mmofl_status st =
            mmofl_delimited_integer(table, row, columns[c], min, max, &value[c], err);
        if (st)
            return st;
    }
    mmofl_utd_sequence *sequence =
        &grid->at[value[ACTION] - 1][value[SUBJECT] - 1][value[TRIAL] - 1];
    if (sequence->is_there)
        return mmofl_fail(err, MMOFL_E_DUPLICATE,
                          "%s: rows %zu and %zu are the same action, subject and trial",
                          mmofl_delimited_name(table), sequence->row, row);
    sequence->is_there = true;
    sequence->row = row;
    grid->n++;
    return MMOFL_OK;
}

static mmofl_status list_table(const mmofl_delimited *table, mmofl_utd_grid *grid,
                               mmofl_error *err)
{
    int columns[COLUMNS];
    for (int c = 0; c < COLUMNS; c++) {
        mmofl_status st =
            mmofl_delimited_column(table, column_names[c], &columns[c], err);
        if (st)
            return st;
    }
    for (size_t row = 0; row < mmofl_delimited_rows(table); row++) {
        mmofl_status st = list_row(table, columns, row, grid, err);
        if (st)
            return st;
    }
    if (grid->n == 0)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: has no rows",
                          mmofl_delimited_name(table));
    return MMOFL_OK;
}

static mmofl_status list(const mmofl_archive *archive, mmofl_utd_grid *grid,
                         mmofl_error *err)
{
    mmofl_text text;
    mmofl_delimited *table;
    mmofl_status st = mmofl_archive_text(archive, "index.tsv", &text, err);
    if (st)
        return st;
    st = mmofl_delimited_open(text, '\t', &table, err);
    if (!st) {
        st = list_table(table, grid, err);
        mmofl_delimited_close(table);
    }
    return mmofl_archive_within(archive, st, err);
}

/* --- arrays ----------------------------------------------------------------------- */

static mmofl_status check_array(const struct array *array, const mmofl_npy *npy,
                                size_t rows, mmofl_error *err)
{
    if (npy->type != array->type)
        return mmofl_fail(err, MMOFL_E_TYPE, "%s: values of another type than %s",
                          array->file, array->type == MMOFL_NPY_U8 ? "|u1" : "<f4");
    bool fits = npy->n_dims == array->n_dims + 1;
    for (int i = 0; i < array->n_dims && fits; i++)
        fits = npy->dim[i + 1] == array->dim[i];
    if (!fits)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          array->n_dims == 2
                              ? "%s: wanted the shape (N, %zu, %zu)"
                              : "%s: wanted the shape (N, %zu, %zu, %zu)",
                          array->file, array->dim[0], array->dim[1], array->dim[2]);
    if (npy->dim[0] != rows)
        return mmofl_fail(err, MMOFL_E_COUNT, "%s: %zu rows, index.tsv has %zu",
                          array->file, npy->dim[0], rows);
    return MMOFL_OK;
}

/* Row of npy to out; the pictures of depth, one after the other in the file, become the
 * channels of one. */
static mmofl_status fill_sample(const mmofl_npy *npy, int m, size_t row, size_t count,
                                float *out, mmofl_error *err)
{
    float pictures[UTD_PICTURES][PICTURE];
    float *to = m == UTD_DEPTH ? pictures[0] : out;
    mmofl_status st =
        mmofl_npy_floats(npy, arrays[m].file, row * count, count, to, err);
    if (st || m != UTD_DEPTH)
        return st;
    for (size_t at = 0; at < PICTURE; at++)
        for (size_t p = 0; p < UTD_PICTURES; p++)
            out[at * UTD_PICTURES + p] = pictures[p][at];
    return MMOFL_OK;
}

static mmofl_status fill_samples(const mmofl_npy *npy, int m,
                                 const mmofl_utd_grid *grid, float *values,
                                 mmofl_error *err)
{
    size_t count = npy->count / grid->n;
    const mmofl_utd_sequence *all = &grid->at[0][0][0];
    for (size_t i = 0; i < sizeof grid->at / sizeof *all; i++) {
        if (!all[i].is_there)
            continue;
        mmofl_status st =
            fill_sample(npy, m, all[i].row, count, values + all[i].sample * count, err);
        if (st)
            return st;
    }
    return MMOFL_OK;
}

static mmofl_status fill(const mmofl_archive *archive, const mmofl_utd_grid *grid,
                         const mmofl_builder *builder, mmofl_error *err)
{
    for (int m = 0; m < UTD_MODALITIES; m++) {
        mmofl_text text;
        mmofl_npy npy;
        mmofl_status st = mmofl_archive_text(archive, arrays[m].file, &text, err);
        if (st)
            return st;
        st = mmofl_npy_parse(text.data, text.size, text.name, &npy, err);
        if (!st)
            st = check_array(&arrays[m], &npy, grid->n, err);
        if (!st)
            st = fill_samples(&npy, m, grid, builder->values[m], err);
        if ((st = mmofl_archive_text_end(archive, &text, st, err)))
            return st;
    }
    return MMOFL_OK;
}

const mmofl_utd_layout mmofl_utd_arrays = {
    .n_modalities = UTD_MODALITIES, .list = list, .fill = fill};
