/* sweep.c - from `sweep` and `cells` to a list of cells, and from a cell to its
 * experiment.
 *
 * A cell's experiment is read from a fresh tree: the text is parsed again, the chosen
 * values are taken out of its own `sweep` and `cells` and put in their places.  So no
 * node is shared or copied, and a complaint names the line where the value stands. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config/document.h"
#include "config/setting.h"
#include "config/sweep.h"
#include "config/sweep_name.h"

/* The two blocks of a document. */
typedef struct grid {
    mmofl_yaml_node *sweep, *cells; /* NULL = not there */
    int n_cells;
} grid;

/* ---- the blocks ---- */

static mmofl_status check_sweep(const mmofl_yaml_node *sweep, mmofl_error *err)
{
    if (sweep->type != MMOFL_YAML_MAP || sweep->n == 0)
        return mmofl_yaml_fail(&sweep->place, MMOFL_E_TYPE, err,
                               "sweep: wanted a map from settings to lists of values, "
                               "such as train.lr: [0.5, 1]");
    for (const mmofl_yaml_node *axis = sweep->first; axis; axis = axis->next) {
        if (axis->type != MMOFL_YAML_LIST)
            return mmofl_yaml_fail(&axis->place, MMOFL_E_TYPE, err,
                                   "sweep: %.100s: %s; wanted a list of values",
                                   axis->key, mmofl_yaml_type_text(axis->type));
        if (axis->n == 0)
            return mmofl_yaml_fail(&axis->place, MMOFL_E_MISSING, err,
                                   "sweep: %.100s: an empty list; wanted at least one "
                                   "value",
                                   axis->key);
    }
    return MMOFL_OK;
}

static const char *row_name(const mmofl_yaml_node *row)
{
    const mmofl_yaml_node *name = mmofl_yaml_get(row, "name");
    return name && name->type == MMOFL_YAML_SCALAR ? name->text : "";
}

static mmofl_status check_row(const mmofl_yaml_node *row, const mmofl_yaml_node *sweep,
                              mmofl_error *err)
{
    if (row->type != MMOFL_YAML_MAP)
        return mmofl_yaml_fail(&row->place, MMOFL_E_TYPE, err,
                               "cells: %s; wanted {name: NAME, set: {setting: value}}",
                               mmofl_yaml_type_text(row->type));
    for (const mmofl_yaml_node *c = row->first; c; c = c->next)
        if (strcmp(c->key, "name") != 0 && strcmp(c->key, "set") != 0)
            return mmofl_yaml_fail(&c->key_place, MMOFL_E_UNKNOWN, err,
                                   "cells: unknown key '%.100s'; wanted name and set",
                                   c->key);
    if (!*row_name(row))
        return mmofl_yaml_fail(&row->place, MMOFL_E_MISSING, err,
                               "cells: a cell without a name");
    const mmofl_yaml_node *set = mmofl_yaml_get(row, "set");
    if (set && set->type != MMOFL_YAML_MAP && set->type != MMOFL_YAML_NULL)
        return mmofl_yaml_fail(&set->place, MMOFL_E_TYPE, err,
                               "cells: %.100s: set: %s; wanted a map of settings",
                               row_name(row), mmofl_yaml_type_text(set->type));
    for (const mmofl_yaml_node *c = set ? set->first : NULL; c; c = c->next)
        if (sweep && mmofl_yaml_get(sweep, c->key))
            return mmofl_yaml_fail(&c->key_place, MMOFL_E_DUPLICATE, err,
                                   "cells: %.100s sets %.100s, which sweep goes over",
                                   row_name(row), c->key);
    return MMOFL_OK;
}

static mmofl_status check_cells(const mmofl_yaml_node *cells,
                                const mmofl_yaml_node *sweep, mmofl_error *err)
{
    if (cells->type != MMOFL_YAML_LIST || cells->n == 0)
        return mmofl_yaml_fail(&cells->place, MMOFL_E_TYPE, err,
                               "cells: wanted a list of {name: NAME, set: {setting: "
                               "value}}");
    for (const mmofl_yaml_node *row = cells->first; row; row = row->next) {
        mmofl_status st = check_row(row, sweep, err);
        if (st)
            return st;
        for (const mmofl_yaml_node *before = cells->first; before != row;
             before = before->next)
            if (strcmp(row_name(before), row_name(row)) == 0)
                return mmofl_yaml_fail(&row->place, MMOFL_E_DUPLICATE, err,
                                       "cells: two are named %.100s", row_name(row));
    }
    return MMOFL_OK;
}

static mmofl_status count_cells(grid *g, mmofl_error *err)
{
    long long n = g->cells ? g->cells->n : g->sweep ? 1 : 0;
    for (const mmofl_yaml_node *axis = g->sweep ? g->sweep->first : NULL; axis;
         axis = axis->next) {
        n *= axis->n; /* each factor is below MMOFL_YAML_NODES */
        if (n > MMOFL_SWEEP_MOST_CELLS)
            break;
    }
    if (n > MMOFL_SWEEP_MOST_CELLS)
        return mmofl_yaml_fail(&(g->sweep ? g->sweep : g->cells)->place, MMOFL_E_LIMIT,
                               err, "more than %d cells", MMOFL_SWEEP_MOST_CELLS);
    g->n_cells = (int)n;
    return MMOFL_OK;
}

/* Take `key` out of a map. */
static mmofl_yaml_node *detach(mmofl_yaml_node *map, const char *key)
{
    for (mmofl_yaml_node **slot = &map->first; *slot; slot = &(*slot)->next) {
        mmofl_yaml_node *node = *slot;
        if (strcmp(node->key, key) != 0)
            continue;
        *slot = node->next;
        map->n--;
        return node;
    }
    return NULL;
}

void mmofl_sweep_drop(mmofl_yaml_node *root)
{
    if (root->type != MMOFL_YAML_MAP)
        return;
    (void)detach(root, "sweep");
    (void)detach(root, "cells");
}

static mmofl_status read_grid(const mmofl_yaml_node *root, grid *g, mmofl_error *err)
{
    *g = (grid){0};
    if (root->type != MMOFL_YAML_MAP)
        return MMOFL_OK; /* the schema has more to say about it */
    g->sweep = mmofl_yaml_get(root, "sweep");
    g->cells = mmofl_yaml_get(root, "cells");
    mmofl_status st = g->sweep ? check_sweep(g->sweep, err) : MMOFL_OK;
    if (!st && g->cells)
        st = check_cells(g->cells, g->sweep, err);
    return st ? st : count_cells(g, err);
}

static mmofl_yaml_node *child_at(const mmofl_yaml_node *list, int i)
{
    mmofl_yaml_node *child = list->first;
    while (i-- > 0)
        child = child->next;
    return child;
}

/* ---- what a cell sets ---- */

typedef struct change {
    const char *path;
    mmofl_yaml_node *value;
} change;

static const mmofl_yaml_node *row_of(const grid *g, int cell)
{
    if (!g->cells)
        return NULL;
    return child_at(g->cells, cell / (g->n_cells / g->cells->n));
}

/* The changes of a cell: those of its row, then one of each list of `sweep`.
 * changes NULL: only count them. */
static int list_changes(const grid *g, int cell, change *changes)
{
    int n = 0, below = g->cells ? g->n_cells / g->cells->n : g->n_cells;
    const mmofl_yaml_node *row = row_of(g, cell);
    const mmofl_yaml_node *set = row ? mmofl_yaml_get(row, "set") : NULL;
    for (mmofl_yaml_node *c = set ? set->first : NULL; c; c = c->next, n++)
        if (changes)
            changes[n] = (change){c->key, c};
    int rest = cell % below;
    for (mmofl_yaml_node *a = g->sweep ? g->sweep->first : NULL; a; a = a->next, n++) {
        below /= a->n;
        if (changes)
            changes[n] = (change){a->key, child_at(a, rest / below)};
        rest %= below;
    }
    return n;
}

/* ---- describing cells ---- */

static const char *value_text(mmofl_arena *arena, const mmofl_yaml_node *node)
{
    if (node->type == MMOFL_YAML_SCALAR && !strpbrk(node->text, "\r\n"))
        return mmofl_arena_text(arena, node->text);
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    mmofl_yaml_write_flow(stream, node);
    const char *own = fclose(stream) == 0 ? mmofl_arena_text(arena, text) : NULL;
    free(text);
    return own;
}

static bool describe_cell(const grid *g, int i, mmofl_arena *arena,
                          mmofl_sweep_cell *cell)
{
    const mmofl_yaml_node *row = row_of(g, i);
    int n = list_changes(g, i, NULL);
    change *changes = MMOFL_ARENA_NEW(arena, (size_t)n, change);
    mmofl_sweep_setting *setting =
        MMOFL_ARENA_NEW(arena, (size_t)n, mmofl_sweep_setting);
    const char *row_text = mmofl_arena_text(arena, row ? row_name(row) : "");
    if (!changes || !setting || !row_text)
        return false;
    list_changes(g, i, changes);
    for (int k = 0; k < n; k++) {
        setting[k].path = mmofl_arena_text(arena, changes[k].path);
        setting[k].value = value_text(arena, changes[k].value);
        if (!setting[k].path || !setting[k].value)
            return false;
    }
    *cell = (mmofl_sweep_cell){NULL, row_text, n, setting};
    return true;
}

static mmofl_status describe_cells(const grid *g, mmofl_sweep *s, mmofl_error *err)
{
    mmofl_sweep_cell *cell =
        MMOFL_ARENA_NEW(&s->arena, (size_t)g->n_cells, mmofl_sweep_cell);
    int n_axes = g->sweep ? g->sweep->n : 0;
    bool good = cell != NULL;
    for (int i = 0; good && i < g->n_cells; i++)
        good = describe_cell(g, i, &s->arena, &cell[i]);
    if (!good || !mmofl_sweep_name_cells(cell, g->n_cells, n_axes, &s->arena))
        return mmofl_fail(err, MMOFL_E_MEMORY, "%.200s: out of memory", s->source);
    s->cell = cell;
    s->n_cells = g->n_cells;
    return MMOFL_OK;
}

/* ---- reading ---- */

static mmofl_status read_tree(const mmofl_sweep *s, mmofl_arena *arena,
                              mmofl_yaml_node **root, grid *g, mmofl_error *err)
{
    mmofl_status st = mmofl_yaml_parse(s->text, s->size, s->source, arena, root, err);
    for (int i = 0; i < s->n_settings && !st; i++)
        st = mmofl_setting_apply(s->settings[i], arena, root, err);
    return st ? st : read_grid(*root, g, err);
}

/* Copies of what a later reading needs. */
static bool keep_source(mmofl_sweep *s, const char *text, size_t size, const char *name,
                        const char *folder, const char *const *settings, int n)
{
    char *own = mmofl_arena_take(&s->arena, size + 1, 1);
    const char **list = MMOFL_ARENA_NEW(&s->arena, (size_t)n, const char *);
    if (!own || !list)
        return false;
    memcpy(own, text, size);
    for (int i = 0; i < n; i++)
        if (!(list[i] = mmofl_arena_text(&s->arena, settings[i])))
            return false;
    s->text = own;
    s->size = size;
    s->settings = list;
    s->n_settings = n;
    s->source = mmofl_arena_text(&s->arena, name);
    s->folder = folder ? mmofl_arena_text(&s->arena, folder) : NULL;
    return s->source && (!folder || s->folder);
}

mmofl_status mmofl_sweep_parse(const char *text, size_t size, const char *name,
                               const char *folder, const char *const *settings,
                               int n_settings, mmofl_sweep *out, mmofl_error *err)
{
    mmofl_sweep s = {.arena = MMOFL_ARENA_INIT};
    mmofl_arena document = MMOFL_ARENA_INIT;
    mmofl_yaml_node *root;
    grid g;
    mmofl_status st = MMOFL_OK;
    if (!keep_source(&s, text, size, name, folder, settings, n_settings))
        st = mmofl_fail(err, MMOFL_E_MEMORY, "%.200s: out of memory", name);
    if (!st)
        st = read_tree(&s, &document, &root, &g, err);
    if (!st && g.n_cells > 0)
        st = describe_cells(&g, &s, err);
    mmofl_arena_free(&document);
    if (st)
        mmofl_arena_free(&s.arena);
    else
        *out = s;
    return st;
}

mmofl_status mmofl_sweep_load(const char *path, const char *const *settings,
                              int n_settings, mmofl_sweep *out, mmofl_error *err)
{
    unsigned char *data;
    size_t size;
    char *folder = NULL;
    mmofl_status st = mmofl_file_read(path, MMOFL_YAML_BYTES, &data, &size, err);
    if (st)
        return st;
    st = mmofl_experiment_folder(path, &folder, err);
    if (!st)
        st = mmofl_sweep_parse((const char *)data, size, path, folder, settings,
                               n_settings, out, err);
    free(folder);
    free(data);
    return st;
}

static mmofl_status read_cell(const mmofl_sweep *s, int i, mmofl_arena *document,
                              mmofl_experiment *out, mmofl_error *err)
{
    mmofl_yaml_node *root;
    grid g;
    mmofl_status st = read_tree(s, document, &root, &g, err);
    if (st)
        return st;
    int n = list_changes(&g, i, NULL);
    change *changes = MMOFL_ARENA_NEW(document, (size_t)n, change);
    if (!changes)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%.200s: out of memory", s->source);
    list_changes(&g, i, changes);
    mmofl_sweep_drop(root);
    for (int k = 0; k < n && !st; k++)
        st = mmofl_setting_put(changes[k].path, changes[k].value, document, root, err);
    return st ? st : mmofl_experiment_from_document(root, s->folder, out, err);
}

mmofl_status mmofl_sweep_experiment(const mmofl_sweep *sweep, int i,
                                    mmofl_experiment *out, mmofl_error *err)
{
    mmofl_arena document = MMOFL_ARENA_INIT;
    mmofl_error why = {0};
    mmofl_status st = read_cell(sweep, i, &document, out, &why);
    mmofl_arena_free(&document);
    if (st)
        return mmofl_fail(err, st, "cell %s: %s", sweep->cell[i].name, why.text);
    return MMOFL_OK;
}

/* ---- writing ---- */

/* Make the paths in one value absolute: a text, or a list of them. */
static mmofl_status place_value(const mmofl_sweep *s, mmofl_yaml_node *node,
                                mmofl_arena *arena, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (mmofl_yaml_node *c = node->first; c && !st; c = c->next)
        st = place_value(s, c, arena, err);
    if (st || node->type != MMOFL_YAML_SCALAR || !*node->text)
        return st;
    char path[4096];
    st = mmofl_experiment_place_path(&node->place, s->folder, node->text, path,
                                     sizeof path, err);
    if (!st && !(node->text = mmofl_arena_text(arena, path)))
        st = mmofl_fail(err, MMOFL_E_MEMORY, "%.200s: out of memory", s->source);
    return st;
}

/* Wherever the data's path is set: `data: {path: ...}` and `data.path: ...`. */
static mmofl_status place_paths(const mmofl_sweep *s, mmofl_yaml_node *node,
                                mmofl_arena *arena, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    for (mmofl_yaml_node *c = node->first; c && !st; c = c->next) {
        mmofl_yaml_node *path = NULL;
        if (c->key && strcmp(c->key, "data.path") == 0)
            path = c;
        else if (c->key && strcmp(c->key, "data") == 0 && c->type == MMOFL_YAML_MAP)
            path = mmofl_yaml_get(c, "path");
        st = path ? place_value(s, path, arena, err) : place_paths(s, c, arena, err);
    }
    return st;
}

mmofl_status mmofl_sweep_text(const mmofl_sweep *sweep, char **text, mmofl_error *err)
{
    mmofl_arena document = MMOFL_ARENA_INIT;
    mmofl_yaml_node *root;
    grid g;
    char *written = NULL;
    size_t size;
    mmofl_status st = read_tree(sweep, &document, &root, &g, err);
    if (!st)
        st = place_paths(sweep, root, &document, err);
    FILE *stream = st ? NULL : open_memstream(&written, &size);
    if (stream)
        mmofl_yaml_write(stream, root);
    mmofl_arena_free(&document);
    if (!st && (!stream || fclose(stream) != 0)) {
        free(written);
        return mmofl_fail(err, MMOFL_E_MEMORY, "%.200s: out of memory", sweep->source);
    }
    if (!st)
        *text = written;
    return st;
}

void mmofl_sweep_free(mmofl_sweep *sweep)
{
    if (!sweep)
        return;
    mmofl_arena_free(&sweep->arena);
    *sweep = (mmofl_sweep){.arena = MMOFL_ARENA_INIT};
}
