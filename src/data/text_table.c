/* text_table.c - one cursor that goes from number to number and knows its line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "data/text_table.h"

struct cursor {
    const char *name, *line, *at, *end;
    size_t number; /* of the line, from 1 */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A cursor on the first line; blank lines at the end are cut off. */
static struct cursor cursor_at(mmofl_text text)
{
    const char *end = text.data + text.size;
    while (end > text.data && (is_blank(end[-1]) || end[-1] == '\n'))
        end--;
    return (struct cursor){text.name, text.data, text.data, end, 1};
}

#define PLACE "%s:%zu:%zu: "
#define PLACE_OF(c) (c)->name, (c)->number, (size_t)((c)->at - (c)->line) + 1

/* The bytes at the cursor are no number: say what they are. */
static mmofl_status refuse_word(const struct cursor *c, mmofl_error *err)
{
    double word;
    int n = 0;
    while (n < 20 && c->at + n < c->end && c->at[n] > ' ' && c->at[n] < 0x7f)
        n++;
    if (mmofl_number_read_word(c->at, c->end, &word))
        return mmofl_fail(err, MMOFL_E_NONFINITE,
                          PLACE "'%.*s', wanted a finite number", PLACE_OF(c), n,
                          c->at);
    return mmofl_fail(err, MMOFL_E_SYNTAX, PLACE "'%.*s' is not a number", PLACE_OF(c),
                      n, c->at);
}

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && is_blank(*c->at))
        c->at++;
}

static bool at_line_end(const struct cursor *c)
{
    return c->at == c->end || *c->at == '\n';
}

static void next_line(struct cursor *c)
{
    if (c->at < c->end)
        c->at++;
    c->line = c->at;
    c->number++;
}

/* A number has a blank or the line's end behind it; NULL: there was none. */
static bool ends_number(const struct cursor *c, const char *after)
{
    return after && (after == c->end || *after == '\n' || is_blank(*after));
}

static mmofl_status take_number(struct cursor *c, double *value, mmofl_error *err)
{
    const char *after = mmofl_number_read(c->at, c->end, value);
    if (!ends_number(c, after))
        return refuse_word(c, err);
    c->at = after;
    return MMOFL_OK;
}

/* The word NaN, where that is a value. */
static bool take_nan(struct cursor *c, float *out)
{
    double word;
    const char *after = mmofl_number_read_word(c->at, c->end, &word);
    if (!ends_number(c, after) || !isnan(word))
        return false;
    c->at = after;
    *out = NAN;
    return true;
}

static mmofl_status take_float(struct cursor *c, bool nan, float *out, mmofl_error *err)
{
    float value;
    if (nan && (*c->at | 0x20) == 'n' && take_nan(c, out))
        return MMOFL_OK;
    const char *after = mmofl_number_read_float(c->at, c->end, &value);
    if (!ends_number(c, after))
        return refuse_word(c, err);
    if (!isfinite(value))
        return mmofl_fail(err, MMOFL_E_NONFINITE, PLACE "beyond the range of float",
                          PLACE_OF(c));
    c->at = after;
    *out = value;
    return MMOFL_OK;
}

/* What to do with the numbers of a row. */
struct row {
    size_t columns;
    size_t stride;   /* number n goes to out[n * stride] ... */
    const int *slot; /* ... or, if not NULL, to out[slot[n]], and nowhere below 0 */
    bool nan;        /* NaN is a value */
};

static void put(const struct row *row, size_t n, float value, float *out)
{
    if (!row->slot)
        out[n * row->stride] = value;
    else if (row->slot[n] >= 0)
        out[row->slot[n]] = value;
}

/* Most numbers come in runs; one that ends a run is looked at by itself. */
static mmofl_status take_row(struct cursor *c, const struct row *row, float *out,
                             mmofl_error *err)
{
    enum { RUN = 64 };
    size_t n = 0;
    for (skip_blanks(c); !at_line_end(c); skip_blanks(c)) {
        float run[RUN];
        size_t left = row->columns - n;
        if (left == 0)
            return mmofl_fail(err, MMOFL_E_COUNT,
                              PLACE "more than %zu numbers in a row", PLACE_OF(c),
                              row->columns);
        size_t got = mmofl_number_run(&c->at, c->end, left < RUN ? left : RUN, run);
        if (got == 0) {
            mmofl_status st = take_float(c, row->nan, run, err);
            if (st)
                return st;
            got = 1;
        }
        for (size_t i = 0; i < got; i++)
            put(row, n++, run[i], out);
    }
    if (n < row->columns)
        return mmofl_fail(err, MMOFL_E_COUNT,
                          PLACE "%zu numbers in the row, wanted %zu", PLACE_OF(c), n,
                          row->columns);
    next_line(c);
    return MMOFL_OK;
}

static mmofl_status refuse_empty(mmofl_text text, mmofl_error *err)
{
    return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: has no numbers", text.name);
}

mmofl_status mmofl_text_read_floats(mmofl_text text, size_t rows, size_t columns,
                                    size_t stride, float *out, mmofl_error *err)
{
    struct cursor c = cursor_at(text);
    if (c.at == c.end)
        return refuse_empty(text, err);
    const struct row plan = {.columns = columns, .stride = stride};
    size_t row = 0;
    for (; c.at < c.end; row++) {
        if (row == rows)
            return mmofl_fail(err, MMOFL_E_COUNT, PLACE "more than %zu rows",
                              PLACE_OF(&c), rows);
        mmofl_status st = take_row(&c, &plan, out + row * columns * stride, err);
        if (st)
            return st;
    }
    if (row < rows)
        return mmofl_fail(err, MMOFL_E_COUNT, "%s: %zu rows, wanted %zu", text.name,
                          row, rows);
    return MMOFL_OK;
}

/* A bound on the rows, a last one that is cut short counted: a whole row is a line and
 * has two bytes for each number, so a text of nothing but line ends asks for little. */
static size_t most_rows(const struct cursor *c, size_t columns)
{
    size_t lines = 1, bytes = (size_t)(c->end - c->at) + 1;
    for (const char *p = c->at; (p = memchr(p, '\n', (size_t)(c->end - p))); p++)
        lines++;
    return lines < bytes / (2 * columns) + 1 ? lines : bytes / (2 * columns) + 1;
}

mmofl_status mmofl_text_read_rows(mmofl_text text, const mmofl_text_columns *columns,
                                  float **values, size_t *rows, mmofl_error *err)
{
    struct cursor c = cursor_at(text);
    if (c.at == c.end)
        return refuse_empty(text, err);
    const struct row plan = {
        .columns = (size_t)columns->n, .slot = columns->slot, .nan = columns->nan};
    size_t most = most_rows(&c, plan.columns), kept = (size_t)columns->kept;
    size_t row_bytes = kept * sizeof(float), bytes, n = 0;
    float *made = mmofl_bytes_product(most, row_bytes, &bytes) ? malloc(bytes) : NULL;
    if (!made)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %zu rows", text.name,
                          most);
    for (; c.at < c.end; n++) {
        mmofl_status st = take_row(&c, &plan, made + n * kept, err);
        if (st) {
            free(made);
            return st;
        }
    }
    *values = made;
    *rows = n;
    return MMOFL_OK;
}

void mmofl_text_place(mmofl_text text, size_t row, int column, char *place, size_t size)
{
    struct cursor c = cursor_at(text);
    while (row-- > 0) {
        while (!at_line_end(&c))
            c.at++;
        next_line(&c);
    }
    for (skip_blanks(&c); column-- > 0; skip_blanks(&c))
        while (!at_line_end(&c) && !is_blank(*c.at))
            c.at++;
    snprintf(place, size, "%s:%zu:%zu", c.name, c.number, (size_t)(c.at - c.line) + 1);
}

static mmofl_status take_integer(struct cursor *c, int32_t min, int32_t max,
                                 int32_t *out, mmofl_error *err)
{
    skip_blanks(c);
    struct cursor start = *c;
    double value;
    mmofl_status st = take_number(c, &value, err);
    if (st)
        return st;
    if (isfinite(value) && value != floor(value))
        return mmofl_fail(err, MMOFL_E_TYPE, PLACE "%g is not whole", PLACE_OF(&start),
                          value);
    if (value < min || value > max)
        return mmofl_fail(err, MMOFL_E_RANGE, PLACE "%.10g, wanted %d to %d",
                          PLACE_OF(&start), value, (int)min, (int)max);
    skip_blanks(c);
    if (!at_line_end(c))
        return mmofl_fail(err, MMOFL_E_COUNT, PLACE "more than one number in a row",
                          PLACE_OF(c));
    next_line(c);
    *out = (int32_t)value;
    return MMOFL_OK;
}

mmofl_status mmofl_text_read_integers(mmofl_text text, int32_t min, int32_t max,
                                      int32_t **values, size_t *n, mmofl_error *err)
{
    struct cursor c = cursor_at(text);
    if (c.at == c.end)
        return refuse_empty(text, err);
    size_t lines = 1, bytes;
    for (const char *p = c.at; p < c.end; p++)
        lines += *p == '\n';
    int32_t *made =
        mmofl_bytes_product(lines, sizeof *made, &bytes) ? malloc(bytes) : NULL;
    if (!made)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %zu numbers",
                          text.name, lines);
    for (size_t i = 0; i < lines; i++) {
        mmofl_status st = take_integer(&c, min, max, &made[i], err);
        if (st) {
            free(made);
            return st;
        }
    }
    *values = made;
    *n = lines;
    return MMOFL_OK;
}
