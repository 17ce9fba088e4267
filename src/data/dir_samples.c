/* dir_samples.c - cells of a table to classes, owners and parts.
 *
 * Texts are compared by sorting the cells of a column once: equal ids and equal owners
 * become neighbours. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "data/dir_samples.h"

struct reading {
    const mmofl_dir_description *of;
    const mmofl_delimited *table;
    mmofl_dir_sample *sample; /* (n) by row */
    size_t n;
    mmofl_error *err;
};

static mmofl_status refuse(const struct reading *r, mmofl_cell cell,
                           mmofl_status status, const char *what)
{
    char place[512];
    mmofl_delimited_place(r->table, cell, place, sizeof place);
    return mmofl_fail(r->err, status, "%s: '%.*s' %s", place,
                      cell.size < 100 ? (int)cell.size : 100, cell.data, what);
}

static bool is_text(mmofl_cell cell, const char *text)
{
    return strlen(text) == cell.size && memcmp(text, cell.data, cell.size) == 0;
}

/* --- cells that are equal --------------------------------------------------------- */

struct entry {
    mmofl_cell cell;
    size_t row;
};

static int compare_cells(mmofl_cell x, mmofl_cell y)
{
    size_t shorter = x.size < y.size ? x.size : y.size;
    int order = shorter ? memcmp(x.data, y.data, shorter) : 0;
    return order ? order : (x.size > y.size) - (x.size < y.size);
}

static int by_text_and_row(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = compare_cells(x->cell, y->cell);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* The column's cells sorted by text, and by row where that is equal, in *out (malloc).
 */
static mmofl_status sort_column(const struct reading *r, int column, struct entry **out)
{
    struct entry *entry = malloc((r->n ? r->n : 1) * sizeof *entry);
    if (!entry)
        return mmofl_fail(r->err, MMOFL_E_MEMORY, "no memory for %zu samples", r->n);
    for (size_t row = 0; row < r->n; row++)
        entry[row] = (struct entry){mmofl_delimited_cell(r->table, row, column), row};
    qsort(entry, r->n, sizeof *entry, by_text_and_row);
    *out = entry;
    return MMOFL_OK;
}

/* --- ids -------------------------------------------------------------------------- */

/* An id becomes part of a path, which must not lead elsewhere. */
static mmofl_status check_id(const struct reading *r, mmofl_cell id)
{
    if (id.size == 0)
        return refuse(r, id, MMOFL_E_SYNTAX, "is an empty id");
    if (id.size > MMOFL_DIR_ID_BYTES)
        return refuse(r, id, MMOFL_E_LIMIT, "... is an id of more than 255 bytes");
    for (size_t i = 0; i < id.size; i++) {
        unsigned char c = (unsigned char)id.data[i];
        if (c < 0x20 || c == 0x7f)
            return refuse(r, id, MMOFL_E_SYNTAX, "is an id with control characters");
        if (c == '/' || c == '\\' || (c == '.' && i > 0 && id.data[i - 1] == '.'))
            return refuse(r, id, MMOFL_E_UNSAFE_PATH,
                          "is an id that could lead out of the folder; wanted no "
                          "slashes and no \"..\"");
    }
    return MMOFL_OK;
}

static mmofl_status read_ids(struct reading *r)
{
    int column;
    struct entry *entry;
    mmofl_status st = mmofl_delimited_column(r->table, "id", &column, r->err);
    for (size_t row = 0; row < r->n && !st; row++) {
        r->sample[row].row = row;
        r->sample[row].id = mmofl_delimited_cell(r->table, row, column);
        st = check_id(r, r->sample[row].id);
    }
    if (!st)
        st = sort_column(r, column, &entry);
    if (st)
        return st;
    for (size_t i = 1; i < r->n && !st; i++)
        if (compare_cells(entry[i - 1].cell, entry[i].cell) == 0)
            st = refuse(r, entry[i].cell, MMOFL_E_DUPLICATE,
                        "is the id of a row before, too");
    free(entry);
    return st;
}

/* --- classes and times ------------------------------------------------------------ */

static mmofl_status refuse_label(const struct reading *r, mmofl_cell cell)
{
    char text[MMOFL_NAME_BYTES], what[256], hint[MMOFL_NEAREST_HINT];
    snprintf(text, sizeof text, "%.*s",
             cell.size < sizeof text ? (int)cell.size : (int)sizeof text - 1,
             cell.data);
    mmofl_nearest nearest = {.text = text};
    for (int k = 0; k < r->of->n_classes; k++)
        mmofl_nearest_offer(&nearest, r->of->class_name[k]);
    mmofl_nearest_hint(&nearest, hint);
    snprintf(what, sizeof what, "is none of the %d classes%s", r->of->n_classes, hint);
    return refuse(r, cell, MMOFL_E_UNKNOWN, what);
}

static mmofl_status read_labels(struct reading *r)
{
    int column;
    mmofl_status st = mmofl_delimited_column(r->table, "label", &column, r->err);
    for (size_t row = 0; row < r->n && !st; row++) {
        mmofl_cell cell = mmofl_delimited_cell(r->table, row, column);
        int k = 0;
        while (k < r->of->n_classes && !is_text(cell, r->of->class_name[k]))
            k++;
        r->sample[row].label = k;
        if (k == r->of->n_classes)
            st = refuse_label(r, cell);
    }
    return st;
}

/* The column that need not be there: -1 when it is not. */
static int find_column(const struct reading *r, const char *name)
{
    for (int c = 0; c < mmofl_delimited_columns(r->table); c++)
        if (is_text(mmofl_delimited_cell(r->table, SIZE_MAX, c), name))
            return c;
    return -1;
}

static mmofl_status read_times(struct reading *r)
{
    const int64_t most = (int64_t)1 << 53; /* whole numbers that a double holds */
    int column = find_column(r, "time");
    mmofl_status st = MMOFL_OK;
    for (size_t row = 0; row < r->n && !st; row++) {
        r->sample[row].time = (int64_t)row;
        if (column >= 0)
            st = mmofl_delimited_integer(r->table, row, column, -most, most,
                                         &r->sample[row].time, r->err);
    }
    return st;
}

/* --- owners and parts ------------------------------------------------------------- */

/* Mark the samples of the owners whose names the description lists. */
static mmofl_status mark_test_owners(struct reading *r, const struct entry *entry)
{
    for (const mmofl_yaml_node *c = r->of->test_owners->first; c; c = c->next) {
        const struct entry wanted = {
            .cell = {.data = c->text, .size = strlen(c->text)}};
        bool found = false;
        size_t low = 0, high = r->n;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (by_text_and_row(&entry[middle], &wanted) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < r->n && is_text(entry[low].cell, c->text); low++)
            r->sample[entry[low].row].test = found = true;
        if (!found)
            return mmofl_yaml_fail(&c->place, MMOFL_E_UNKNOWN, r->err,
                                   "no sample of %s has the owner '%.100s'",
                                   mmofl_delimited_name(r->table), c->text);
    }
    return MMOFL_OK;
}

/* Give each row the first row of its owner, then count those that are their own. */
static mmofl_status number_owners(struct reading *r, const struct entry *entry)
{
    size_t *first = malloc((r->n ? r->n : 1) * sizeof *first), leader = 0;
    int32_t next = 0;
    if (!first)
        return mmofl_fail(r->err, MMOFL_E_MEMORY, "no memory for %zu samples", r->n);
    for (size_t i = 0; i < r->n; i++) {
        if (i == 0 || compare_cells(entry[i - 1].cell, entry[i].cell) != 0)
            leader = entry[i].row;
        first[entry[i].row] = leader;
    }
    for (size_t row = 0; row < r->n; row++)
        r->sample[row].owner = first[row] == row ? next++ : r->sample[first[row]].owner;
    free(first);
    return MMOFL_OK;
}

static mmofl_status read_owners(struct reading *r)
{
    int column;
    struct entry *entry;
    mmofl_status st = mmofl_delimited_column(r->table, "owner", &column, r->err);
    if (!st)
        st = sort_column(r, column, &entry);
    if (st)
        return st;
    st = number_owners(r, entry);
    if (!st && r->of->test_owners)
        st = mark_test_owners(r, entry);
    free(entry);
    return st;
}

/* 1/3 has no exact double: the third sample must not be missed by a rounding. */
static bool is_drawn(size_t j, double share)
{
    const double slack = 1e-9;
    return floor((double)(j + 1) * share + slack) > floor((double)j * share + slack);
}

static mmofl_status mark_share(struct reading *r)
{
    size_t *seen = calloc((size_t)r->of->n_classes, sizeof *seen);
    if (!seen)
        return mmofl_fail(r->err, MMOFL_E_MEMORY, "no memory for classes");
    for (size_t row = 0; row < r->n; row++) {
        mmofl_dir_sample *sample = &r->sample[row];
        sample->test = is_drawn(seen[sample->label]++, r->of->test_share);
    }
    free(seen);
    return MMOFL_OK;
}

static mmofl_status read_parts(struct reading *r)
{
    int column = find_column(r, "part");
    if (r->of->test_owners)
        return MMOFL_OK; /* marked already */
    if (r->of->test_share > 0)
        return mark_share(r);
    if (column < 0)
        return mmofl_fail(r->err, MMOFL_E_MISSING,
                          "%s:1: no column 'part'; wanted one (train or test), or "
                          "test_owners or test_share in dataset.yaml",
                          mmofl_delimited_name(r->table));
    for (size_t row = 0; row < r->n; row++) {
        mmofl_cell cell = mmofl_delimited_cell(r->table, row, column);
        r->sample[row].test = is_text(cell, "test");
        if (!r->sample[row].test && !is_text(cell, "train"))
            return refuse(r, cell, MMOFL_E_UNKNOWN, "is no part; wanted train or test");
    }
    return MMOFL_OK;
}

/* --- the table -------------------------------------------------------------------- */

static mmofl_status order(const struct reading *r, mmofl_dir_samples *out)
{
    out->sample = malloc((r->n ? r->n : 1) * sizeof *out->sample);
    if (!out->sample)
        return mmofl_fail(r->err, MMOFL_E_MEMORY, "no memory for %zu samples", r->n);
    for (int part = 0; part < 2; part++) {
        for (size_t row = 0; row < r->n; row++)
            if (r->sample[row].test == (part == 1))
                out->sample[out->n++] = r->sample[row];
        if (part == 0)
            out->n_train = out->n;
    }
    return out->n_train > 0 ? MMOFL_OK
                            : mmofl_fail(r->err, MMOFL_E_INFEASIBLE,
                                         "%s: none of %zu samples is for training",
                                         mmofl_delimited_name(r->table), r->n);
}

static mmofl_status read_table(struct reading *r, mmofl_dir_samples *out)
{
    r->n = mmofl_delimited_rows(r->table);
    r->sample = calloc(r->n ? r->n : 1, sizeof *r->sample);
    if (!r->sample)
        return mmofl_fail(r->err, MMOFL_E_MEMORY, "no memory for %zu samples", r->n);
    mmofl_status st = read_ids(r);
    if (!st)
        st = read_labels(r);
    if (!st)
        st = read_times(r);
    if (!st)
        st = read_owners(r);
    if (!st)
        st = read_parts(r);
    if (!st)
        st = order(r, out);
    free(r->sample);
    return st;
}

mmofl_status mmofl_dir_samples_read(const mmofl_dir_description *of, mmofl_text text,
                                    mmofl_dir_samples *out, mmofl_error *err)
{
    mmofl_dir_samples made = {0};
    mmofl_status st = mmofl_delimited_open(text, ',', &made.table, err);
    if (st)
        return st;
    struct reading r = {.of = of, .table = made.table, .err = err};
    st = read_table(&r, &made);
    if (st)
        mmofl_dir_samples_free(&made);
    else
        *out = made;
    return st;
}

void mmofl_dir_samples_free(mmofl_dir_samples *samples)
{
    mmofl_delimited_close(samples->table);
    free(samples->sample);
    *samples = (mmofl_dir_samples){0};
}
