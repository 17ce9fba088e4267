/* cell_table.c - writing and reading cells.csv.
 *
 * The reader cuts the text in place: a field's closing quote or comma becomes its end.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/cell_table.h"

enum {
    FILE_BYTES = 16 * 1024 * 1024,
    MOST_COLUMNS = 1000,
    MOST_LINES = 100000,
    OWN_COLUMNS = 3
};

static const char *const own_columns[OWN_COLUMNS] = {"cell", "folder", "row"};

/* ---- writing ---- */

void mmofl_cell_table_write_field(FILE *to, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, to);
        return;
    }
    putc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', to);
        putc(*text, to);
    }
    putc('"', to);
}

static void write_rest(FILE *to, const char *const *text, int n)
{
    for (int i = 0; i < n; i++) {
        putc(',', to);
        mmofl_cell_table_write_field(to, text[i]);
    }
    putc('\n', to);
}

char *mmofl_cell_table_text(const mmofl_cell_table *table)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return NULL;
    fputs("cell,folder,row", to);
    write_rest(to, table->path, table->n_paths);
    for (int i = 0; i < table->n_rows; i++) {
        const mmofl_cell_row *row = &table->row[i];
        mmofl_cell_table_write_field(to, row->name);
        const char *own[] = {row->folder, row->row};
        for (int k = 0; k < 2; k++) {
            putc(',', to);
            mmofl_cell_table_write_field(to, own[k]);
        }
        write_rest(to, row->value, table->n_paths);
    }
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

/* ---- reading ---- */

typedef struct reading {
    const char *path; /* of the file, for messages */
    char *at;
    int line;
    mmofl_error *err;
} reading;

/* The field at r->at, cut out; *is_last when its line ends there. */
static mmofl_status read_field(reading *r, const char **field, bool *is_last)
{
    char *to = r->at;
    *field = to;
    if (*r->at == '"') {
        for (r->at++; *r->at != '"' || r->at[1] == '"'; r->at++) {
            if (!*r->at)
                return mmofl_fail(r->err, MMOFL_E_SYNTAX,
                                  "%s:%d: a quote is not closed", r->path, r->line);
            r->at += *r->at == '"'; /* of two quotes one stays */
            *to++ = *r->at;
        }
        r->at++;
    } else {
        size_t n = strcspn(r->at, ",\"\r\n");
        to += n;
        r->at += n;
    }
    r->at += *r->at == '\r';
    char end = *r->at;
    if (end && end != ',' && end != '\n')
        return mmofl_fail(r->err, MMOFL_E_SYNTAX, "%s:%d: a quote inside a field",
                          r->path, r->line);
    *to = '\0';
    *is_last = end != ',';
    r->at += end != '\0';
    return MMOFL_OK;
}

/* A line's fields; at most `most` of them. */
static mmofl_status read_line(reading *r, const char **field, int most, int *n)
{
    mmofl_status st = MMOFL_OK;
    r->line++;
    *n = 0;
    for (bool is_last = false; !st && !is_last; ++*n) {
        if (*n == most)
            return mmofl_fail(r->err, MMOFL_E_COUNT, "%s:%d: over %d fields", r->path,
                              r->line, most);
        st = read_field(r, &field[*n], &is_last);
    }
    return st;
}

static mmofl_status read_header(reading *r, mmofl_cell_table *t)
{
    const char **field = MMOFL_ARENA_NEW(&t->arena, MOST_COLUMNS, const char *);
    if (!field)
        return mmofl_fail(r->err, MMOFL_E_MEMORY, "%s: no memory", r->path);
    int n;
    mmofl_status st = read_line(r, field, MOST_COLUMNS, &n);
    if (st)
        return st == MMOFL_E_COUNT
                   ? mmofl_fail(r->err, MMOFL_E_LIMIT, "%s: over %d columns", r->path,
                                MOST_COLUMNS)
                   : st;
    for (int i = 0; i < OWN_COLUMNS; i++)
        if (i >= n || strcmp(field[i], own_columns[i]) != 0)
            return mmofl_fail(r->err, MMOFL_E_SYNTAX,
                              "%s:1: wanted the columns cell,folder,row,...", r->path);
    t->n_paths = n - OWN_COLUMNS;
    t->path = field + OWN_COLUMNS;
    return MMOFL_OK;
}

static bool is_inside(const char *folder)
{
    if (!*folder || *folder == '/')
        return false;
    for (const char *step = folder; step; step = strchr(step, '/')) {
        step += *step == '/';
        if (strncmp(step, "..", 2) == 0 && (step[2] == '/' || !step[2]))
            return false;
    }
    return true;
}

static mmofl_status read_row(reading *r, mmofl_cell_table *t, mmofl_cell_row *row)
{
    int wanted = t->n_paths + OWN_COLUMNS, n;
    const char **field = MMOFL_ARENA_NEW(&t->arena, (size_t)wanted, const char *);
    if (!field)
        return mmofl_fail(r->err, MMOFL_E_MEMORY, "%s: no memory", r->path);
    mmofl_status st = read_line(r, field, wanted, &n);
    if (st)
        return st;
    if (n != wanted)
        return mmofl_fail(r->err, MMOFL_E_COUNT, "%s:%d: %d fields, wanted %d", r->path,
                          r->line, n, wanted);
    if (!is_inside(field[1]))
        return mmofl_fail(r->err, MMOFL_E_UNSAFE_PATH,
                          "%s:%d: folder \"%.200s\" is not inside the sweep's", r->path,
                          r->line, field[1]);
    *row = (mmofl_cell_row){field[0], field[1], field[2], field + OWN_COLUMNS};
    return MMOFL_OK;
}

static int count_lines(const char *text)
{
    int n = 0;
    for (; *text && n <= MOST_LINES; n++) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return n;
}

static mmofl_status read_table(reading *r, mmofl_cell_table *t)
{
    int most = count_lines(r->at);
    if (most > MOST_LINES)
        return mmofl_fail(r->err, MMOFL_E_LIMIT, "%s: over %d lines", r->path,
                          MOST_LINES);
    mmofl_status st = read_header(r, t);
    if (st)
        return st;
    mmofl_cell_row *row = MMOFL_ARENA_NEW(&t->arena, (size_t)most, mmofl_cell_row);
    if (!row)
        return mmofl_fail(r->err, MMOFL_E_MEMORY, "%s: no memory", r->path);
    t->row = row;
    while (!st && *r->at) {
        st = read_row(r, t, &row[t->n_rows]);
        t->n_rows++;
    }
    return st;
}

mmofl_status mmofl_cell_table_read(const char *path, mmofl_cell_table *table,
                                   mmofl_error *err)
{
    mmofl_cell_table t = {.arena = MMOFL_ARENA_INIT};
    unsigned char *data;
    size_t size;
    mmofl_status st = mmofl_file_read(path, FILE_BYTES, &data, &size, err);
    if (st)
        return st;
    /* The fields stay where they are, so the text moves to the arena. */
    char *text = mmofl_arena_text(&t.arena, (const char *)data);
    free(data);
    reading r = {path, text, 0, err};
    st = text ? read_table(&r, &t) : mmofl_fail(err, MMOFL_E_MEMORY, "%s", path);
    if (st)
        mmofl_arena_free(&t.arena);
    else
        *table = t;
    return st;
}

void mmofl_cell_table_free(mmofl_cell_table *table)
{
    if (!table)
        return;
    mmofl_arena_free(&table->arena);
    *table = (mmofl_cell_table){.arena = MMOFL_ARENA_INIT};
}
