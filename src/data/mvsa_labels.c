/* mvsa_labels.c - one walk over either table; what differs is how a row's label is read
 * and whether it names a part.
 *
 * MVSA-Single has no official split.  Where the table has none either we draw one
 * without any chance: each class's samples in order of their ids, every tenth to the
 * test.  Ids follow the order of collection, so this spreads the test over all of it.
 */
#include <stdlib.h>
#include <string.h>

#include "data/delimited.h"
#include "data/id_index.h"
#include "data/mvsa_labels.h"

enum { NEUTRAL = 1, DRAW_EVERY = 10, NO_COLUMN = -1 };

const char *const mmofl_mvsa_class_name[MMOFL_MVSA_CLASSES] = {"positive", "neutral",
                                                               "negative"};

static const char *const part_names[] = {"train", "dev", "test"};

/* Where to look in the table. */
struct layout {
    int id, label, part; /* columns; part may be NO_COLUMN */
    bool two_labels;
};

/* --- cells ------------------------------------------------------------------------ */

static bool equals(const char *data, size_t size, const char *word)
{
    return size == strlen(word) && memcmp(data, word, size) == 0;
}

/* The index of the words among names; refuse the cell it stands in when it is none. */
static mmofl_status find_word(const mmofl_delimited *table, mmofl_cell cell,
                              const char *data, size_t size, const char *const *names,
                              int n, int *found, mmofl_error *err)
{
    for (int i = 0; i < n; i++)
        if (equals(data, size, names[i])) {
            *found = i;
            return MMOFL_OK;
        }
    char place[256];
    mmofl_delimited_place(table, cell, place, sizeof place);
    return mmofl_fail(err, MMOFL_E_UNKNOWN, "%s: '%.*s', wanted %s, %s or %s", place,
                      (int)(size < 40 ? size : 40), data, names[0], names[1], names[2]);
}

static mmofl_status read_class(const mmofl_delimited *table, mmofl_cell cell,
                               const char *data, size_t size, int *label,
                               mmofl_error *err)
{
    return find_word(table, cell, data, size, mmofl_mvsa_class_name, MMOFL_MVSA_CLASSES,
                     label, err);
}

/* "neutral,positive" */
static mmofl_status read_two_labels(const mmofl_delimited *table, mmofl_cell cell,
                                    int *label, mmofl_error *err)
{
    int text, picture;
    const char *comma = cell.size ? memchr(cell.data, ',', cell.size) : NULL;
    size_t n = comma ? (size_t)(comma - cell.data) : cell.size;
    if (!comma) {
        char place[256];
        mmofl_delimited_place(table, cell, place, sizeof place);
        return mmofl_fail(err, MMOFL_E_SYNTAX,
                          "%s: '%.*s', wanted two classes with a comma between", place,
                          (int)(n < 40 ? n : 40), cell.data);
    }
    mmofl_status st = read_class(table, cell, cell.data, n, &text, err);
    if (!st)
        st = read_class(table, cell, comma + 1, cell.size - n - 1, &picture, err);
    if (st)
        return st;
    if (text == picture || picture == NEUTRAL)
        *label = text;
    else
        *label = text == NEUTRAL ? picture : MMOFL_MVSA_LEFT_OUT;
    return MMOFL_OK;
}

static mmofl_status read_label(const mmofl_delimited *table, size_t row,
                               const struct layout *layout, int *label,
                               mmofl_error *err)
{
    mmofl_cell cell = mmofl_delimited_cell(table, row, layout->label);
    if (layout->two_labels)
        return read_two_labels(table, cell, label, err);
    if (equals(cell.data, cell.size, "-")) {
        *label = MMOFL_MVSA_LEFT_OUT;
        return MMOFL_OK;
    }
    return read_class(table, cell, cell.data, cell.size, label, err);
}

static mmofl_status read_part(const mmofl_delimited *table, size_t row,
                              const struct layout *layout, mmofl_mvsa_part *part,
                              mmofl_error *err)
{
    int found = MMOFL_MVSA_TRAIN;
    if (layout->part != NO_COLUMN) {
        mmofl_cell cell = mmofl_delimited_cell(table, row, layout->part);
        mmofl_status st =
            find_word(table, cell, cell.data, cell.size, part_names, 3, &found, err);
        if (st)
            return st;
    }
    *part = (mmofl_mvsa_part)found;
    return MMOFL_OK;
}

/* --- the table -------------------------------------------------------------------- */

static mmofl_status find_layout(const mmofl_delimited *table, mmofl_mvsa_split split,
                                struct layout *layout, mmofl_error *err)
{
    layout->part = NO_COLUMN;
    layout->two_labels =
        mmofl_delimited_column(table, "text,image", &layout->label, NULL) == MMOFL_OK;
    mmofl_status st = MMOFL_OK;
    if (!layout->two_labels)
        st = mmofl_delimited_column(table, "label", &layout->label, err);
    if (!st)
        st = mmofl_delimited_column(table, layout->two_labels ? "ID" : "id",
                                    &layout->id, err);
    if (st || split == MMOFL_MVSA_DRAWN)
        return st;
    const char *name = split == MMOFL_MVSA_SPLIT_COURSE ? "split_course" : "split811";
    bool optional = split == MMOFL_MVSA_AUTO;
    st = mmofl_delimited_column(table, name, &layout->part, optional ? NULL : err);
    return optional ? MMOFL_OK : st;
}

/* One row; *kept says whether it is a sample. */
static mmofl_status read_row(const mmofl_delimited *table, size_t row,
                             const struct layout *layout, mmofl_mvsa_sample *sample,
                             bool *kept, mmofl_error *err)
{
    int64_t id;
    int label;
    mmofl_status st =
        mmofl_delimited_integer(table, row, layout->id, 0, INT32_MAX, &id, err);
    if (!st)
        st = read_label(table, row, layout, &label, err);
    if (st)
        return st;
    *sample = (mmofl_mvsa_sample){.id = (int32_t)id, .label = label, .row = row};
    *kept = label != MMOFL_MVSA_LEFT_OUT;
    return *kept ? read_part(table, row, layout, &sample->part, err) : MMOFL_OK;
}

/* No id may stand in two rows, not even in ones that are left out. */
static mmofl_status check_ids(const mmofl_delimited *table, int column,
                              mmofl_error *err)
{
    mmofl_id_index ids = {0};
    mmofl_status st = MMOFL_OK;
    for (size_t row = 0; row < mmofl_delimited_rows(table) && !st; row++) {
        int64_t id;
        st = mmofl_delimited_integer(table, row, column, 0, INT32_MAX, &id, err);
        if (!st)
            st = mmofl_id_index_add(&ids, id, row, err);
    }
    const mmofl_id_entry *twice = st ? NULL : mmofl_id_index_sort(&ids);
    if (twice) {
        char place[256];
        mmofl_cell cell = mmofl_delimited_cell(table, twice[1].place, column);
        mmofl_delimited_place(table, cell, place, sizeof place);
        cell = mmofl_delimited_cell(table, twice->place, column);
        st = mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: id %lld is in line %d already",
                        place, (long long)twice->id, cell.line);
    }
    mmofl_id_index_free(&ids);
    return st;
}

static int by_id(const void *a, const void *b)
{
    int32_t x = ((const mmofl_mvsa_sample *)a)->id;
    int32_t y = ((const mmofl_mvsa_sample *)b)->id;
    return (x > y) - (x < y);
}

static void draw_parts(mmofl_mvsa_sample *samples, size_t n)
{
    size_t seen[MMOFL_MVSA_CLASSES] = {0};
    for (size_t i = 0; i < n; i++)
        if (++seen[samples[i].label] % DRAW_EVERY == 0)
            samples[i].part = MMOFL_MVSA_TEST;
}

static mmofl_status read_rows(const mmofl_delimited *table, const struct layout *layout,
                              mmofl_mvsa_sample *samples, size_t *n, mmofl_error *err)
{
    size_t kept = 0;
    for (size_t row = 0; row < mmofl_delimited_rows(table); row++) {
        bool keep;
        mmofl_status st = read_row(table, row, layout, &samples[kept], &keep, err);
        if (st)
            return st;
        kept += keep;
    }
    if (kept == 0)
        return mmofl_fail(err, MMOFL_E_MISSING, "%s: no sample has a sentiment",
                          mmofl_delimited_name(table));
    qsort(samples, kept, sizeof *samples, by_id);
    if (layout->part == NO_COLUMN)
        draw_parts(samples, kept);
    *n = kept;
    return MMOFL_OK;
}

mmofl_status mmofl_mvsa_labels_read(mmofl_text text, mmofl_mvsa_split split,
                                    mmofl_mvsa_labels *labels, mmofl_error *err)
{
    mmofl_delimited *table;
    struct layout layout;
    mmofl_mvsa_labels made = {0};
    mmofl_status st = mmofl_delimited_open(text, '\t', &table, err);
    if (st)
        return st;
    st = find_layout(table, split, &layout, err);
    if (!st)
        st = check_ids(table, layout.id, err);
    made.rows = mmofl_delimited_rows(table);
    if (!st && !(made.sample = calloc(made.rows + 1, sizeof *made.sample)))
        st = mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu labels", made.rows);
    if (!st)
        st = read_rows(table, &layout, made.sample, &made.n, err);
    mmofl_delimited_close(table);
    if (st)
        mmofl_mvsa_labels_free(&made);
    else
        *labels = made;
    return st;
}

void mmofl_mvsa_labels_free(mmofl_mvsa_labels *labels)
{
    free(labels->sample);
    *labels = (mmofl_mvsa_labels){0};
}
