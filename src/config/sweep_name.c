/* sweep_name.c - "B71,method=qqr,lr=0.5": what a cell sets, as the name of a folder. */
#include <stdio.h>
#include <string.h>

#include "config/sweep_name.h"

enum { BASE_BYTES = MMOFL_SWEEP_NAME_BYTES - 8 }; /* room for "~5000" */

/* The last `steps` steps of a path. */
static const char *tail(const char *path, int steps)
{
    const char *at = path + strlen(path);
    while (at > path && (at[-1] != '.' || --steps > 0))
        at--;
    return at;
}

/* The shortest tail of path k that no other of the n paths ends with, too. */
static const char *short_path(const mmofl_sweep_setting *setting, int n, int k)
{
    for (int steps = 1;; steps++) {
        const char *mine = tail(setting[k].path, steps);
        bool alone = true;
        for (int i = 0; i < n; i++)
            alone =
                alone && (i == k || strcmp(tail(setting[i].path, steps), mine) != 0);
        if (alone || mine == setting[k].path)
            return mine;
    }
}

static void add(char name[BASE_BYTES], const char *text)
{
    size_t n = strlen(name);
    snprintf(name + n, BASE_BYTES - n, "%s", text);
}

/* Add what is fit for a file's name; what is not becomes one '-' between two parts. */
static void add_slug(char name[BASE_BYTES], const char *text)
{
    static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789._+-";
    bool begun = false;
    static const char kind[] = "{kind: ";
    if (strncmp(text, kind, sizeof kind - 1) == 0)
        text += sizeof kind - 1;
    while (*text) {
        size_t n = strspn(text, fit);
        char part[BASE_BYTES];
        snprintf(part, sizeof part, "%s%.*s", begun && n ? "-" : "", (int)n, text);
        add(name, part);
        begun = begun || n > 0;
        text += n;
        text += strcspn(text, fit);
    }
    if (!begun)
        add(name, "none");
}

static bool is_taken(const mmofl_sweep_cell *cell, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(cell[i].name, name) == 0)
            return true;
    return false;
}

bool mmofl_sweep_name_cells(mmofl_sweep_cell *cell, int n, int n_axes,
                            mmofl_arena *arena)
{
    for (int i = 0; i < n; i++) {
        char base[BASE_BYTES] = "", name[MMOFL_SWEEP_NAME_BYTES];
        const mmofl_sweep_setting *axes =
            cell[i].setting + (cell[i].n_settings - n_axes);
        if (*cell[i].row)
            add_slug(base, cell[i].row);
        if (base[0] == '.')
            base[0] = '_'; /* no hidden folder */
        for (int k = 0; k < n_axes; k++) {
            add(base, *base ? "," : "");
            add(base, short_path(axes, n_axes, k));
            add(base, "=");
            add_slug(base, axes[k].value);
        }
        snprintf(name, sizeof name, "%s", base);
        for (int k = 2; is_taken(cell, i, name); k++)
            snprintf(name, sizeof name, "%s~%d", base, k);
        if (!(cell[i].name = mmofl_arena_text(arena, name)))
            return false;
    }
    return true;
}
