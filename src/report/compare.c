/* compare.c - settings by line, metrics by seed, rounds by their bits.
 *
 * A resolved config.yaml has every key in one order, so settings are compared line by
 * line: a line is named by the keys that it stands below. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/compare.h"
#include "report/curves.h"

enum { DEPTH = 16, PATH_BYTES = 256, NONE = -1 };

/* ---- settings ---- */

/* A line of a config, and the keys above it. */
typedef struct config_line {
    const char *text; /* behind its indentation; not ended */
    size_t n;
    char above[DEPTH][64];
    int depth;
    int elements[DEPTH]; /* of the list at each depth, so far */
} config_line;

static bool is_element(const config_line *line)
{
    return line->n >= 2 && memcmp(line->text, "- ", 2) == 0;
}

/* Take the line at *at and step behind it; false at the end. */
static bool next_line(const char **at, config_line *line)
{
    if (!**at)
        return false;
    size_t indent = strspn(*at, " "), n = strcspn(*at, "\n");
    line->text = *at + indent;
    line->n = n - indent;
    line->depth = (int)(indent / 2 < DEPTH - 1 ? indent / 2 : DEPTH - 1);
    char *name = line->above[line->depth];
    size_t key = strcspn(line->text, ":\n");
    if (is_element(line)) /* is named by its number, as in --set */
        snprintf(name, sizeof line->above[0], "%d", line->elements[line->depth]++);
    else
        snprintf(name, sizeof line->above[0], "%.*s", (int)(key < 63 ? key : 63),
                 line->text);
    for (int d = line->depth + 1; d < DEPTH; d++)
        line->elements[d] = 0;
    *at += n;
    *at += **at == '\n';
    return true;
}

static void path_of(const config_line *line, char *path)
{
    path[0] = '\0';
    for (int i = 0; i <= line->depth; i++) {
        size_t n = strlen(path);
        snprintf(path + n, PATH_BYTES - n, "%s%s", i ? "." : "", line->above[i]);
    }
}

/* The line of that path in the config; false when it has none. */
static bool find_line(const char *config, const char *path, config_line *line)
{
    char own[PATH_BYTES];
    *line = (config_line){0};
    while (next_line(&config, line)) {
        path_of(line, own);
        if (strcmp(own, path) == 0)
            return true;
    }
    return false;
}

static void write_value(FILE *to, const config_line *line)
{
    size_t key = is_element(line) ? 1 : strcspn(line->text, ":\n");
    if (key < line->n && line->text[key] == ':')
        key++;
    key += strspn(line->text + key, " ");
    if (key < line->n)
        fprintf(to, "%.*s", (int)(line->n - key), line->text + key);
    else
        fputs("set", to);
}

/* Lines of a that b lacks or has otherwise; only_missing: those that it lacks. */
static int write_settings(FILE *to, const char *a, const char *b, bool only_missing)
{
    int n = 0;
    config_line mine = {0}, other;
    while (next_line(&a, &mine)) {
        char path[PATH_BYTES];
        path_of(&mine, path);
        bool found = find_line(b, path, &other);
        bool same =
            found && mine.n == other.n && memcmp(mine.text, other.text, mine.n) == 0;
        if (same || (only_missing && found))
            continue;
        n++;
        fprintf(to, "  %s: ", path);
        if (only_missing)
            fputs("(none)", to);
        else
            write_value(to, &mine);
        fputs("  ->  ", to);
        if (only_missing)
            write_value(to, &mine);
        else if (found)
            write_value(to, &other);
        else
            fputs("(none)", to);
        putc('\n', to);
    }
    return n;
}

/* ---- rounds ---- */

/* The first round in which seed i of a and k of b differ, and in what. */
static int first_difference(const mmofl_curves *a, int i, const mmofl_curves *b, int k,
                            const char **name)
{
    int first = NONE;
    size_t rounds = a->n < b->n ? a->n : b->n;
    for (size_t s = 0; s < a->n_series; s++) {
        const mmofl_series *x = &a->series[s];
        const mmofl_series *y = mmofl_curves_find(b, x->name, x->modality, x->device);
        for (size_t t = 0; y && t < rounds && (first < 0 || (int)t < first); t++) {
            double u = x->value[(size_t)i * a->n + t],
                   v = y->value[(size_t)k * b->n + t];
            bool equal = (isnan(u) && isnan(v)) || !(u < v || u > v || isnan(u - v));
            if (!equal) {
                first = (int)t;
                *name = x->name;
            }
        }
    }
    return first;
}

/* Bytes are counted, not measured. */
static bool is_whole(double x)
{
    return !(x < floor(x)) && !(x > floor(x));
}

static void write_metrics(FILE *to, const mmofl_result_cell *a, int i,
                          const mmofl_result_cell *b, int k)
{
    for (int m = 0; m < MMOFL_RESULT_METRICS; m++) {
        double u = a->value[m][i], v = b->value[m][k];
        const mmofl_metric_info *info = mmofl_metric((mmofl_result_metric)m);
        double factor = info->is_share ? 100 : 1;
        if (isfinite(u) && isfinite(v)) {
            int digits = is_whole(u) && is_whole(v) && !info->is_share ? 0 : 4;
            fprintf(to, "    %-22s %14.*f  %14.*f  %+14.*f%s\n", info->name, digits,
                    factor * u, digits, factor * v, digits, factor * (v - u),
                    info->is_share ? " points" : "");
        }
    }
}

static mmofl_status write_seeds(FILE *to, const mmofl_result_cell *a,
                                const mmofl_result_cell *b, const mmofl_curves *x,
                                const mmofl_curves *y, bool *same, mmofl_error *err)
{
    int common = 0;
    *same = true;
    for (int i = 0; i < a->n_seeds; i++)
        for (int k = 0; k < b->n_seeds; k++) {
            if (a->seed[i] != b->seed[k])
                continue;
            const char *name = "";
            int round = first_difference(x, i, y, k, &name);
            fprintf(to, "\n  seed %" PRIu64 ": ", a->seed[i]);
            if (round == NONE && a->rounds == b->rounds)
                fputs("every round is the same\n", to);
            else if (round == NONE)
                fprintf(to, "the same as far as both go; %d and %d rounds\n", a->rounds,
                        b->rounds);
            else
                fprintf(to, "first different in round %d (%s)\n", round, name);
            write_metrics(to, a, i, b, k);
            *same = *same && round == NONE && a->rounds == b->rounds;
            common++;
        }
    if (common)
        return MMOFL_OK;
    return mmofl_fail(err, MMOFL_E_MISSING, "%s and %s have no seed in common",
                      a->folder, b->folder);
}

mmofl_status mmofl_compare_write(FILE *to, const mmofl_result_cell *a,
                                 const mmofl_result_cell *b, bool *same,
                                 mmofl_error *err)
{
    mmofl_curves x, y;
    mmofl_status st = mmofl_curves_load(a, &x, err);
    if (st)
        return st;
    st = mmofl_curves_load(b, &y, err);
    if (st) {
        mmofl_curves_free(&x);
        return st;
    }
    fputs("settings:\n", to);
    int n = write_settings(to, a->config, b->config, false);
    n += write_settings(to, b->config, a->config, true);
    if (n == 0)
        fputs("  all the same\n", to);
    fputs("\nresults:\n", to);
    st = write_seeds(to, a, b, &x, &y, same, err);
    mmofl_curves_free(&y);
    mmofl_curves_free(&x);
    return st;
}
