/* delimited.c - one pass that cuts a text into cells, in place.
 *
 * Delimiters and line ends bound the number of cells from above, so one allocation
 * before the pass holds them all.  Taking the quotes off only makes a cell shorter;
 * what is left behind it is no cell's. */
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "data/delimited.h"

enum { MAX_COLUMNS = 65536, SHOWN = 24, LISTED = 400 };

struct mmofl_delimited {
    char *text;
    char *name; /* for errors */
    mmofl_cell *cell;
    size_t n_cells;
    int columns; /* 0 until the header has ended */
};

/* --- the pass --------------------------------------------------------------------- */

struct cutter {
    mmofl_delimited *table;
    char *at, *end, *line; /* line: its first byte */
    int number;            /* of the line, from 1 */
    char delimiter;
    int in_row; /* cells of this row so far */
};

static mmofl_status refuse_at(const struct cutter *c, const char *at,
                              mmofl_status status, const char *what, mmofl_error *err)
{
    return mmofl_fail(err, status, "%s:%d:%d: %s", c->table->name, c->number,
                      (int)(at - c->line) + 1, what);
}

static void next_line(struct cutter *c, char *start)
{
    c->line = start;
    c->number++;
}

/* Where a cell may stop: at a delimiter, a line end, or the end of the text. */
static bool ends_cell(const struct cutter *c, const char *at)
{
    return at == c->end || *at == c->delimiter || *at == '\n' ||
           (*at == '\r' && at + 1 < c->end && at[1] == '\n');
}

static mmofl_status cut_plain(struct cutter *c, mmofl_cell *cell, mmofl_error *err)
{
    for (; !ends_cell(c, c->at); c->at++) {
        if (*c->at == '\r')
            return refuse_at(c, c->at, MMOFL_E_SYNTAX,
                             "a carriage return without a line feed", err);
        if (*c->at == '"' && c->delimiter == ',')
            return refuse_at(c, c->at, MMOFL_E_SYNTAX,
                             "a quote inside a cell that does not start with one", err);
    }
    cell->size = (size_t)(c->at - cell->data);
    return MMOFL_OK;
}

/* A cell that starts with a quote; it may hold delimiters and line ends. */
static mmofl_status cut_quoted(struct cutter *c, mmofl_cell *cell, mmofl_error *err)
{
    char *to = ++c->at;
    cell->data = to;
    for (; c->at < c->end; c->at++) {
        if (*c->at == '"' && (++c->at == c->end || *c->at != '"')) {
            cell->size = (size_t)(to - cell->data);
            if (!ends_cell(c, c->at))
                return refuse_at(c, c->at, MMOFL_E_SYNTAX,
                                 "something behind a closing quote", err);
            return MMOFL_OK;
        }
        *to++ = *c->at;
        if (*c->at == '\n')
            next_line(c, c->at + 1);
    }
    return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s:%d:%d: a quote that never ends",
                      c->table->name, cell->line, cell->column);
}

/* The row is whole: the first one says how many cells all others have. */
static mmofl_status end_row(struct cutter *c, mmofl_error *err)
{
    mmofl_delimited *table = c->table;
    if (table->columns == 0)
        table->columns = c->in_row;
    if (c->in_row != table->columns)
        return mmofl_fail(
            err, MMOFL_E_COUNT, "%s:%d:%d: %d cells in the row, wanted %d", table->name,
            c->number, (int)(c->at - c->line) + 1, c->in_row, table->columns);
    c->in_row = 0;
    return MMOFL_OK;
}

static mmofl_status cut_cell(struct cutter *c, mmofl_error *err)
{
    mmofl_delimited *table = c->table;
    mmofl_cell *cell = &table->cell[table->n_cells];
    *cell = (mmofl_cell){c->at, 0, c->number, (int)(c->at - c->line) + 1};
    if (c->in_row == (table->columns ? table->columns : MAX_COLUMNS))
        return table->columns
                   ? refuse_at(c, c->at, MMOFL_E_COUNT,
                               "more cells in the row than names", err)
                   : refuse_at(c, c->at, MMOFL_E_LIMIT, "more than 65536 columns", err);
    bool quoted = c->delimiter == ',' && c->at < c->end && *c->at == '"';
    mmofl_status st = quoted ? cut_quoted(c, cell, err) : cut_plain(c, cell, err);
    if (st)
        return st;
    table->n_cells++;
    c->in_row++;
    return MMOFL_OK;
}

static mmofl_status cut(struct cutter *c, mmofl_error *err)
{
    for (;;) {
        mmofl_status st = cut_cell(c, err);
        if (!st && c->at < c->end && *c->at == c->delimiter) {
            c->at++;
            continue;
        }
        if (!st)
            st = end_row(c, err);
        if (st || c->at == c->end)
            return st;
        c->at += *c->at == '\r' ? 2 : 1;
        next_line(c, c->at);
    }
}

/* --- open ------------------------------------------------------------------------- */

/* Bytes, then place: equal names stand side by side, the first one first. */
static int compare_cells(const void *a, const void *b)
{
    const mmofl_cell *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->size < y->size ? x->size : y->size);
    if (order == 0)
        order = (x->size > y->size) - (x->size < y->size);
    return order ? order : (x->data > y->data) - (x->data < y->data);
}

/* A cell's start for a message: no control characters, no half of a letter. */
static const char *show(mmofl_cell cell, char text[SHOWN + 4])
{
    size_t n = cell.size < SHOWN ? cell.size : SHOWN;
    while (n > 0 && n < cell.size && (cell.data[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++)
        text[i] = (unsigned char)cell.data[i] < ' ' || cell.data[i] == 0x7f
                      ? '?'
                      : cell.data[i];
    memcpy(text + n, n < cell.size ? "..." : "", n < cell.size ? 4 : 1);
    return text;
}

static mmofl_status check_names(const mmofl_delimited *table, mmofl_error *err)
{
    size_t n = (size_t)table->columns;
    mmofl_cell *name = malloc(n * sizeof *name);
    char text[SHOWN + 4];
    mmofl_status st = MMOFL_OK;
    if (!name)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %zu names",
                          table->name, n);
    memcpy(name, table->cell, n * sizeof *name);
    qsort(name, n, sizeof *name, compare_cells);
    for (size_t i = 1; i < n && !st; i++)
        if (name[i - 1].size == name[i].size &&
            memcmp(name[i - 1].data, name[i].data, name[i].size) == 0) {
            st = mmofl_fail(err, MMOFL_E_DUPLICATE,
                            "%s:%d:%d: a second column named '%s'", table->name,
                            name[i].line, name[i].column, show(name[i], text));
        }
    free(name);
    return st;
}

/* Room for as many cells as the text can hold. */
static mmofl_status take_cells(struct cutter *c, mmofl_error *err)
{
    size_t most = 1, bytes;
    for (const char *p = c->at; p < c->end; p++)
        most += *p == c->delimiter || *p == '\n';
    if (mmofl_bytes_product(most, sizeof(mmofl_cell), &bytes))
        c->table->cell = malloc(bytes);
    if (!c->table->cell)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %zu cells",
                          c->table->name, most);
    return MMOFL_OK;
}

/* What a text must be before it is cut: some bytes, none of them zero. */
static mmofl_status check_bytes(struct cutter *c, mmofl_error *err)
{
    if (c->at == c->end)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: is empty", c->table->name);
    const char *zero = memchr(c->at, '\0', (size_t)(c->end - c->at));
    if (!zero)
        return MMOFL_OK;
    struct cutter there = *c;
    for (char *p = c->at; p < zero; p++)
        if (*p == '\n')
            next_line(&there, p + 1);
    return refuse_at(&there, zero, MMOFL_E_SYNTAX, "a zero byte", err);
}

/* The text without a byte order mark in front and without line ends behind. */
static struct cutter cutter_of(mmofl_delimited *table, size_t size, char delimiter)
{
    struct cutter c = {.table = table,
                       .at = table->text,
                       .end = table->text + size,
                       .line = table->text,
                       .number = 1,
                       .delimiter = delimiter};
    while (c.end > c.at && (c.end[-1] == '\n' || c.end[-1] == '\r'))
        c.end--;
    if (c.end - c.at >= 3 && memcmp(c.at, "\xef\xbb\xbf", 3) == 0)
        c.at += 3;
    return c;
}

static mmofl_status fill(mmofl_delimited *table, size_t size, char delimiter,
                         mmofl_error *err)
{
    if (size > INT_MAX)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: has %zu bytes, wanted at most %d",
                          table->name, size, INT_MAX);
    struct cutter c = cutter_of(table, size, delimiter);
    mmofl_status st = check_bytes(&c, err);
    if (!st)
        st = take_cells(&c, err);
    if (!st)
        st = cut(&c, err);
    if (!st)
        st = check_names(table, err);
    return st;
}

mmofl_status mmofl_delimited_open(mmofl_text text, char delimiter,
                                  mmofl_delimited **table, mmofl_error *err)
{
    assert(delimiter == ',' || delimiter == '\t');
    char *bytes = (char *)(uintptr_t)text.data; /* ours now */
    size_t name_bytes = strlen(text.name) + 1;
    mmofl_delimited *made = calloc(1, sizeof *made);
    char *name = malloc(name_bytes);
    if (!made || !name) {
        free(bytes);
        free(made);
        free(name);
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for a table", text.name);
    }
    memcpy(name, text.name, name_bytes);
    *made = (mmofl_delimited){.text = bytes, .name = name};
    mmofl_status st = fill(made, text.size, delimiter, err);
    if (st) {
        mmofl_delimited_close(made);
        return st;
    }
    *table = made;
    return MMOFL_OK;
}

void mmofl_delimited_close(mmofl_delimited *table)
{
    if (!table)
        return;
    free(table->text);
    free(table->name);
    free(table->cell);
    free(table);
}

/* --- reading ---------------------------------------------------------------------- */

size_t mmofl_delimited_rows(const mmofl_delimited *table)
{
    return table->n_cells / (size_t)table->columns - 1;
}

int mmofl_delimited_columns(const mmofl_delimited *table)
{
    return table->columns;
}

const char *mmofl_delimited_name(const mmofl_delimited *table)
{
    return table->name;
}

mmofl_cell mmofl_delimited_cell(const mmofl_delimited *table, size_t row, int column)
{
    assert(column >= 0 && column < table->columns);
    assert(row == SIZE_MAX || row < mmofl_delimited_rows(table));
    /* The header is row -1: SIZE_MAX + 1 is 0. */
    return table->cell[(row + 1) * (size_t)table->columns + (size_t)column];
}

void mmofl_delimited_place(const mmofl_delimited *table, mmofl_cell cell, char *text,
                           size_t size)
{
    snprintf(text, size, "%s:%d:%d", table->name, cell.line, cell.column);
}

mmofl_status mmofl_delimited_column(const mmofl_delimited *table, const char *name,
                                    int *column, mmofl_error *err)
{
    char list[LISTED] = "", text[SHOWN + 4];
    size_t n = 0, size = strlen(name);
    for (int i = 0; i < table->columns; i++) {
        const mmofl_cell *cell = &table->cell[i];
        if (cell->size == size && memcmp(cell->data, name, size) == 0) {
            *column = i;
            return MMOFL_OK;
        }
    }
    for (int i = 0; i < table->columns && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "",
                              show(table->cell[i], text));
    return mmofl_fail(err, MMOFL_E_MISSING, "%s:1: no column '%s'; there are %s%s",
                      table->name, name, list, n < sizeof list ? "" : " ...");
}

/* --- numbers ---------------------------------------------------------------------- */

static mmofl_status refuse_cell(const mmofl_delimited *table, mmofl_cell cell,
                                mmofl_status status, const char *what, mmofl_error *err)
{
    char text[SHOWN + 4];
    return mmofl_fail(err, status, "%s:%d:%d: '%s' %s", table->name, cell.line,
                      cell.column, show(cell, text), what);
}

/* The whole cell as a double, which may be infinite. */
static mmofl_status read_number(const mmofl_delimited *table, mmofl_cell cell,
                                double *value, mmofl_error *err)
{
    const char *end = cell.data + cell.size;
    if (mmofl_number_read(cell.data, end, value) == end)
        return MMOFL_OK;
    if (mmofl_number_read_word(cell.data, end, value) == end)
        return refuse_cell(table, cell, MMOFL_E_NONFINITE,
                           "is no finite number, which was wanted", err);
    return refuse_cell(table, cell, MMOFL_E_SYNTAX, "is not a number", err);
}

mmofl_status mmofl_delimited_float(const mmofl_delimited *table, size_t row, int column,
                                   float *value, mmofl_error *err)
{
    mmofl_cell cell = mmofl_delimited_cell(table, row, column);
    double number;
    mmofl_status st = read_number(table, cell, &number, err);
    if (st)
        return st;
    float rounded = (float)number;
    if (!isfinite(rounded))
        return refuse_cell(table, cell, MMOFL_E_NONFINITE,
                           "is beyond the range of float", err);
    *value = rounded;
    return MMOFL_OK;
}

/* A cell of digits only, exactly, also where a double has no odd numbers any more. */
static bool read_digits(mmofl_cell cell, int64_t *value)
{
    bool negative = cell.size > 0 && cell.data[0] == '-';
    int64_t sum = 0;
    for (size_t i = negative; i < cell.size; i++) {
        if (cell.data[i] < '0' || cell.data[i] > '9')
            return false;
        int digit = cell.data[i] - '0';
        if (sum < (INT64_MIN + digit) / 10)
            return false;
        sum = sum * 10 - digit; /* downwards: there is one more number there */
    }
    if (!negative && sum == INT64_MIN)
        return false;
    *value = negative ? sum : -sum;
    return cell.size > (size_t)negative;
}

mmofl_status mmofl_delimited_integer(const mmofl_delimited *table, size_t row,
                                     int column, int64_t min, int64_t max,
                                     int64_t *value, mmofl_error *err)
{
    mmofl_cell cell = mmofl_delimited_cell(table, row, column);
    bool exact = true;
    int64_t whole = 0;
    if (!read_digits(cell, &whole)) {
        double number;
        mmofl_status st = read_number(table, cell, &number, err);
        if (st)
            return st;
        if (isfinite(number) && number != floor(number))
            return refuse_cell(table, cell, MMOFL_E_TYPE, "is not whole", err);
        /* "3.0" and "1e3" are whole, too; beyond 2^53 a double would be a guess. */
        exact = fabs(number) <= 9007199254740992.0;
        if (exact)
            whole = (int64_t)number;
    }
    if (!exact || whole < min || whole > max) {
        char wanted[80];
        snprintf(wanted, sizeof wanted, "is out of range, wanted %lld to %lld",
                 (long long)min, (long long)max);
        return refuse_cell(table, cell, MMOFL_E_RANGE, wanted, err);
    }
    *value = whole;
    return MMOFL_OK;
}
