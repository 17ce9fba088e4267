/* results.c - folders to cells.
 *
 * A sweep's cells.csv names the run folders; a run's summary.json has the numbers and
 * its config.yaml the method.  What is told by a person's text is kept as it is: it is
 * escaped where it is written. */
#define _POSIX_C_SOURCE 200809L
#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/results.h"
#include "store/cell_table.h"
#include "store/sweep_folder.h"

enum { PATH_BYTES = 4096, FILE_BYTES = 64 * 1024 * 1024, LABEL_BYTES = 1024 };

static const mmofl_metric_info metrics[] = {
#define ROW(name, title, share, more) {#name, title, share, more},
    MMOFL_RESULT_METRIC_LIST(ROW)
#undef ROW
};

const mmofl_metric_info *mmofl_metric(mmofl_result_metric metric)
{
    return &metrics[metric];
}

/* What is being collected. */
typedef struct loading {
    mmofl_results *r;
    mmofl_result_cell *cell;
    int room;
    mmofl_error *err;
} loading;

static mmofl_status no_memory(loading *l)
{
    return mmofl_fail(l->err, MMOFL_E_MEMORY, "no memory for the results");
}

/* ---- texts of a folder ---- */

static mmofl_status read_text(loading *l, const char *folder, const char *file,
                              const char **text)
{
    char path[PATH_BYTES];
    unsigned char *data;
    size_t size;
    mmofl_status st = mmofl_file_join(path, sizeof path, folder, file, l->err);
    if (!st)
        st = mmofl_file_read(path, FILE_BYTES, &data, &size, l->err);
    if (st)
        return st;
    *text = mmofl_arena_text(&l->r->arena, (const char *)data);
    free(data);
    return *text ? MMOFL_OK : no_memory(l);
}

/* What stands behind "key: " at the beginning of a line of config.yaml; for a kind with
 * options, its name. */
static const char *config_value(loading *l, const char *config, const char *key)
{
    size_t n = strlen(key);
    for (const char *line = config; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, n) != 0 || line[n] != ':')
            continue;
        const char *from = line + n + 1 + strspn(line + n + 1, " \"");
        static const char kind[] = "{kind: ";
        size_t length = strcspn(from, "\"\n");
        if (strncmp(from, kind, sizeof kind - 1) == 0) {
            from += sizeof kind - 1;
            length = strcspn(from, ",}\n");
        }
        char text[256];
        snprintf(text, sizeof text, "%.*s", (int)(length < 250 ? length : 250), from);
        return mmofl_arena_text(&l->r->arena, text);
    }
    return "";
}

static mmofl_status read_summary(loading *l, mmofl_result_cell *cell, const char *text)
{
    json_error_t why;
    json_t *root = json_loads(text, 0, &why);
    const json_t *runs = json_object_get(root, "runs");
    size_t n = json_array_size(runs);
    if (n == 0) {
        json_decref(root);
        return mmofl_fail(l->err, MMOFL_E_SYNTAX,
                          "%s/summary.json: no list of runs in it", cell->folder);
    }
    uint64_t *seed = MMOFL_ARENA_NEW(&l->r->arena, n, uint64_t);
    cell->seed = seed;
    cell->n_seeds = (int)n;
    bool good = seed != NULL;
    for (int m = 0; good && m < MMOFL_RESULT_METRICS; m++) {
        double *value = MMOFL_ARENA_NEW(&l->r->arena, n, double);
        good = value != NULL;
        for (size_t i = 0; good && i < n; i++) {
            const json_t *run = json_array_get(runs, i);
            const json_t *x = json_object_get(run, metrics[m].name);
            int rounds = (int)json_integer_value(json_object_get(run, "rounds"));
            seed[i] = (uint64_t)json_integer_value(json_object_get(run, "seed"));
            cell->rounds = rounds > cell->rounds ? rounds : cell->rounds;
            value[i] = json_is_number(x) ? json_number_value(x) : (double)NAN;
        }
        cell->value[m] = value;
    }
    json_decref(root);
    return good ? MMOFL_OK : no_memory(l);
}

/* ---- cells ---- */

static bool grow(loading *l)
{
    if (l->r->n_cells < l->room)
        return true;
    int room = l->room ? 2 * l->room : 64;
    mmofl_result_cell *cell =
        MMOFL_ARENA_NEW(&l->r->arena, (size_t)room, mmofl_result_cell);
    if (!cell)
        return false;
    for (int i = 0; i < l->r->n_cells; i++)
        cell[i] = l->cell[i];
    l->cell = cell;
    l->room = room;
    return true;
}

static bool is_taken(const loading *l, const mmofl_result_cell *cell)
{
    for (int i = 0; i < l->r->n_cells; i++)
        if (strcmp(l->cell[i].group, cell->group) == 0 &&
            strcmp(l->cell[i].method, cell->method) == 0)
            return true;
    return false;
}

/* Add a cell whose name, folder, method and group are known ("": take them from its
 * config). */
static mmofl_status add_cell(loading *l, mmofl_result_cell cell)
{
    char summary[PATH_BYTES];
    mmofl_status st =
        mmofl_file_join(summary, sizeof summary, cell.folder, "summary.json", l->err);
    if (st)
        return st;
    if (!mmofl_file_exists(summary))
        return mmofl_fail(l->err, MMOFL_E_NOT_FOUND,
                          "%s: not done yet, or no run (no summary.json); see "
                          "`mmofl resume`",
                          cell.folder);
    const char *text;
    st = read_text(l, cell.folder, "summary.json", &text);
    if (!st)
        st = read_summary(l, &cell, text);
    if (!st)
        st = read_text(l, cell.folder, "config.yaml", &cell.config);
    if (st)
        return st;
    const char *method = config_value(l, cell.config, "method");
    cell.method = *cell.method ? cell.method : method;
    cell.group = cell.group ? cell.group : config_value(l, cell.config, "name");
    if (!cell.method || !cell.group || !grow(l))
        return no_memory(l);
    char label[LABEL_BYTES];
    snprintf(label, sizeof label, "%s (%s)", cell.method, cell.name);
    if (is_taken(l, &cell) && !(cell.method = mmofl_arena_text(&l->r->arena, label)))
        return no_memory(l);
    l->cell[l->r->n_cells++] = cell;
    return MMOFL_OK;
}

static const char *base_name(const char *path)
{
    const char *at = path + strlen(path);
    while (at > path && at[-1] != '/')
        at--;
    return *at ? at : path;
}

static mmofl_status add_run(loading *l, const char *folder)
{
    mmofl_result_cell cell = {.folder = mmofl_arena_text(&l->r->arena, folder),
                              .name = mmofl_arena_text(&l->r->arena, base_name(folder)),
                              .method = ""};
    return cell.folder && cell.name ? add_cell(l, cell) : no_memory(l);
}

/* ---- a row of cells.csv ---- */

static bool is_method(const char *path)
{
    return strcmp(path, "method") == 0 || strncmp(path, "method.", 7) == 0;
}

static const char *last_step(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* "{kind: qqr, alpha: 0.5}" as "qqr, alpha: 0.5"; others as they are. */
static void add_value(char *label, const char *value)
{
    static const char kind[] = "{kind: ";
    size_t n = strlen(label), size = strlen(value);
    if (strncmp(value, kind, sizeof kind - 1) == 0 && value[size - 1] == '}')
        snprintf(label + n, LABEL_BYTES - n, "%.*s", (int)(size - sizeof kind),
                 value + sizeof kind - 1);
    else
        snprintf(label + n, LABEL_BYTES - n, "%s", value);
}

static void add_part(char *label, const char *between, const char *part)
{
    size_t n = strlen(label);
    snprintf(label + n, LABEL_BYTES - n, "%s%s", n ? between : "", part);
}

/* Is this path set to different values in different rows?  Others tell nothing about a
 * cell that its row's name does not. */
static bool tells_apart(const mmofl_cell_table *t, const mmofl_cell_row *row, int path)
{
    if (!*row->row)
        return true;
    for (int i = 0; i < t->n_rows; i++)
        if (strcmp(t->row[i].row, row->row) == 0 &&
            strcmp(t->row[i].value[path], row->value[path]) != 0)
            return true;
    return false;
}

static mmofl_status add_row(loading *l, const char *folder, const mmofl_cell_table *t,
                            const mmofl_cell_row *row)
{
    mmofl_arena *arena = &l->r->arena;
    char method[LABEL_BYTES] = "", group[LABEL_BYTES] = "", path[PATH_BYTES];
    mmofl_result_setting *setting =
        MMOFL_ARENA_NEW(arena, (size_t)t->n_paths, mmofl_result_setting);
    mmofl_status st = mmofl_file_join(path, sizeof path, folder, row->folder, l->err);
    if (st || !setting)
        return st ? st : no_memory(l);
    mmofl_result_cell cell = {.setting = setting};
    add_part(group, "", row->row);
    for (int k = 0; k < t->n_paths; k++) {
        if (!*row->value[k])
            continue;
        if (is_method(t->path[k])) {
            add_part(method, ", ",
                     strcmp(t->path[k], "method") == 0 ? "" : //
                         last_step(t->path[k]));
            if (strcmp(t->path[k], "method") != 0)
                add_part(method, " ", "");
            add_value(method, row->value[k]);
            continue;
        }
        setting[cell.n_settings++] =
            (mmofl_result_setting){mmofl_arena_text(arena, t->path[k]),
                                   mmofl_arena_text(arena, row->value[k])};
        if (!tells_apart(t, row, k))
            continue;
        add_part(group, ", ", last_step(t->path[k]));
        add_part(group, " ", "");
        add_value(group, row->value[k]);
    }
    cell.name = mmofl_arena_text(arena, row->name);
    cell.folder = mmofl_arena_text(arena, path);
    cell.method = mmofl_arena_text(arena, method);
    cell.group = *group ? mmofl_arena_text(arena, group) : NULL;
    if (!cell.name || !cell.folder || !cell.method || (*group && !cell.group))
        return no_memory(l);
    return add_cell(l, cell);
}

static mmofl_status add_sweep(loading *l, const char *folder)
{
    char path[PATH_BYTES];
    mmofl_cell_table table;
    mmofl_status st = mmofl_file_join(path, sizeof path, folder, "cells.csv", l->err);
    if (!st)
        st = mmofl_cell_table_read(path, &table, l->err);
    if (st)
        return st;
    for (int i = 0; !st && i < table.n_rows; i++)
        st = add_row(l, folder, &table, &table.row[i]);
    mmofl_cell_table_free(&table);
    return st;
}

/* ---- all of it ---- */

static int find(const char *const *list, int n, const char *text)
{
    for (int i = 0; i < n; i++)
        if (strcmp(list[i], text) == 0)
            return i;
    return -1;
}

static bool list_axes(loading *l)
{
    mmofl_results *r = l->r;
    assert(l->cell);
    const char **method = MMOFL_ARENA_NEW(&r->arena, (size_t)r->n_cells, const char *);
    const char **group = MMOFL_ARENA_NEW(&r->arena, (size_t)r->n_cells, const char *);
    for (int i = 0; method && group && i < r->n_cells; i++) {
        if (find(method, r->n_methods, l->cell[i].method) < 0)
            method[r->n_methods++] = l->cell[i].method;
        if (find(group, r->n_groups, l->cell[i].group) < 0)
            group[r->n_groups++] = l->cell[i].group;
    }
    r->method = method;
    r->group = group;
    r->cell = l->cell;
    return method && group;
}

mmofl_status mmofl_results_load(const char *const *folder, int n,
                                mmofl_results *results, mmofl_error *err)
{
    mmofl_results r = {.arena = MMOFL_ARENA_INIT};
    loading l = {.r = &r, .err = err};
    mmofl_status st = MMOFL_OK;
    for (int i = 0; !st && i < n; i++)
        st = mmofl_sweep_folder_is(folder[i]) ? add_sweep(&l, folder[i])
                                              : add_run(&l, folder[i]);
    if (!st && !l.cell)
        st =
            mmofl_fail(err, MMOFL_E_NOT_FOUND, "%s: a sweep without a cell", folder[0]);
    if (!st && !list_axes(&l))
        st = no_memory(&l);
    if (!st) {
        r.title = config_value(&l, r.cell[0].config, "name");
        *results = r;
    } else {
        mmofl_arena_free(&r.arena);
    }
    return st;
}

void mmofl_results_free(mmofl_results *results)
{
    if (!results)
        return;
    mmofl_arena_free(&results->arena);
    *results = (mmofl_results){.arena = MMOFL_ARENA_INIT};
}

const mmofl_result_cell *mmofl_results_find(const mmofl_results *r, const char *group,
                                            const char *method)
{
    for (int i = 0; i < r->n_cells; i++)
        if (strcmp(r->cell[i].group, group) == 0 &&
            strcmp(r->cell[i].method, method) == 0)
            return &r->cell[i];
    return NULL;
}

bool mmofl_results_have(const mmofl_results *r, mmofl_result_metric metric)
{
    for (int i = 0; i < r->n_cells; i++)
        for (int s = 0; s < r->cell[i].n_seeds; s++)
            if (isfinite(r->cell[i].value[metric][s]))
                return true;
    return false;
}

size_t mmofl_results_pair(const mmofl_result_cell *x, const mmofl_result_cell *y,
                          mmofl_result_metric metric, double *a, double *b)
{
    size_t n = 0;
    for (int i = 0; i < x->n_seeds; i++)
        for (int k = 0; k < y->n_seeds; k++)
            if (x->seed[i] == y->seed[k] && isfinite(x->value[metric][i]) &&
                isfinite(y->value[metric][k])) {
                a[n] = x->value[metric][i];
                b[n++] = y->value[metric][k];
            }
    return n;
}
