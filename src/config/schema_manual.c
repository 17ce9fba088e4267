/* schema_manual.c - docs/config.md, written from the tables so that it cannot be wrong
 * about them. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "config/schema.h"
#include "nn/layer.h"

static const char introduction[] =
    "<!-- Written by `mmofl config manual` from the tables that also check the file; "
    "do "
    "not edit. -->\n"
    "# The experiment file\n\n"
    "An experiment is one YAML file (UTF-8, YAML 1.2).  Only `name` is required: every "
    "other key has a default, and\n`mmofl config show FILE` prints the file with all "
    "of "
    "them filled in.  `mmofl config check FILE` says what is wrong\nwith a file, and "
    "where.  Examples stand in `examples/`.\n\n"
    "The file is read strictly.  Unknown keys, keys given twice, values of the wrong "
    "type or out of range are refused.\nNumbers are decimal (`20`, `0.98`, `1e-3`): no "
    "NaN, infinity, hexadecimal, octal or leading zeros, and no quotes.\nTruth values "
    "are `true` and `false`, not yes or no.  Anchors and aliases (`&imu`, `*imu`) may "
    "be "
    "used; tags may not.\nLimits: %d bytes, %d values (aliases counted as what they "
    "stand for), %d levels.\n\n"
    "`--set train.lr=0.5` on the command line replaces one value, given as its path.  "
    "The value is YAML\n(`--set 'seeds=[1, 2]'`), missing maps on the way are made, "
    "and "
    "a number names an element of a list that the file\nwrites out, counted from 0 "
    "(`--set model.head.2.linear.out=6`).  Later settings win.\n";

static const char kinds_introduction[] =
    "\nWhere a *kind* is chosen, write its name when its defaults will do, or a map "
    "with "
    "its options:\n\n"
    "```yaml\n"
    "partition: owner\n"
    "partition: {kind: dirichlet, alpha: 0.3}\n"
    "partition: {alpha: 0.3}        # no kind: the default one, changed\n"
    "train: {lr: 0.1}               # a number alone: constant\n"
    "model: {head: [relu, {linear: {out: 6}}]}\n"
    "```\n\n"
    "Whole numbers in lists may be written `7`, `1..5` or `[1, 2, 10..12]`.\n";

/* A default longer than this stands below its table. */
enum { LONGEST_IN_TABLE = 60 };

static bool is_long(const char *text)
{
    return strlen(text) > LONGEST_IN_TABLE || strchr(text, '\n');
}

static void write_type(FILE *to, const mmofl_schema_key *key)
{
    char wanted[512];
    switch (key->shape) {
    case MMOFL_SCHEMA_VALUE:
        mmofl_option_wanted(&key->option, wanted, sizeof wanted);
        fputs(wanted, to);
        break;
    case MMOFL_SCHEMA_SECTION:
        fprintf(to, "[section](#%s)%s", key->option.name,
                key->bare ? ", true or false" : "");
        break;
    case MMOFL_SCHEMA_PICK:
        fprintf(to, "[kind](#kinds-of-%s)%s", key->option.name,
                key->bare ? " or a number" : "");
        break;
    case MMOFL_SCHEMA_SEEDS:
        fprintf(to, "up to %d different whole numbers from 0", MMOFL_SCHEMA_MOST_SEEDS);
        break;
    case MMOFL_SCHEMA_ROUNDS:
        fprintf(to, "up to %d whole numbers from 1, ascending",
                MMOFL_SCHEMA_MOST_ROUNDS);
        break;
    case MMOFL_SCHEMA_CHAIN:
        fputs("list of [layers](#kinds-of-layer)", to);
        break;
    case MMOFL_SCHEMA_ENCODERS:
        fprintf(to, "map of up to %d modalities to lists of [layers](#kinds-of-layer)",
                MMOFL_MAX_MODALITIES);
        break;
    case MMOFL_SCHEMA_DEVICES:
        fputs("whole numbers from 0", to);
        break;
    case MMOFL_SCHEMA_MAP:
        fprintf(to, "map from modality to [%s](#%s)", key->element, key->element);
        break;
    case MMOFL_SCHEMA_LIST:
        fprintf(to, "list of [%s](#%s)", key->element, key->element);
        break;
    }
}

/* A text default of nothing is shown as "". */
static void write_default(FILE *to, const mmofl_option *option)
{
    if (!option->fallback)
        fputs("*required*", to);
    else if (is_long(option->fallback))
        fputs("see below", to);
    else
        fprintf(to, "`%s`", *option->fallback ? option->fallback : "\"\"");
}

static void write_long_defaults(FILE *to, const mmofl_schema_section *section)
{
    for (int i = 0; i < section->n; i++) {
        const mmofl_option *option = &section->keys[i].option;
        if (!option->fallback || !is_long(option->fallback))
            continue;
        fprintf(to, "\nDefault of `%s`", option->name);
        if (section->keys[i].fits) {
            fputs(" for the data sets ", to);
            for (const char *c = section->keys[i].fits; *c; c++)
                fprintf(to, *c == '|' ? " and " : "%c", *c);
            fputs("; required for others", to);
        }
        size_t n = strlen(option->fallback);
        fprintf(to, ":\n\n```yaml\n%s%s```\n", option->fallback,
                n && option->fallback[n - 1] == '\n' ? "" : "\n");
    }
}

/* What was written already: several keys may share a section or the kinds they choose
 * from. */
enum { MOST_TOLD = 64 };
typedef struct told {
    const mmofl_schema_section *section[MOST_TOLD];
    mmofl_kind_list (*kinds[MOST_TOLD])(void);
    int n_sections, n_kinds;
} told;

/* Is it new?  Then it is from now on told. */
static bool tell_section(told *t, const mmofl_schema_section *section)
{
    for (int i = 0; i < t->n_sections; i++)
        if (t->section[i] == section)
            return false;
    assert(t->n_sections < MOST_TOLD);
    t->section[t->n_sections++] = section;
    return true;
}

static bool tell_kinds(told *t, mmofl_kind_list (*kinds)(void))
{
    for (int i = 0; i < t->n_kinds; i++)
        if (t->kinds[i] == kinds)
            return false;
    assert(t->n_kinds < MOST_TOLD);
    t->kinds[t->n_kinds++] = kinds;
    return true;
}

static void write_section(FILE *to, told *t, const char *name,
                          const mmofl_schema_section *section, const char *help)
{
    if (name)
        fprintf(to, "\n## %s\n\n%c%s.\n", name, toupper((unsigned char)*help),
                help + 1);
    else
        fputs("\n## Top level\n", to);
    fputs("\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n", to);
    for (int i = 0; i < section->n; i++) {
        const mmofl_schema_key *key = &section->keys[i];
        fprintf(to, "| `%s` | ", key->option.name);
        write_type(to, key);
        fputs(" | ", to);
        if (key->shape != MMOFL_SCHEMA_SECTION)
            write_default(to, &key->option);
        fprintf(to, " | %s |\n", key->option.help);
    }
    write_long_defaults(to, section);
    for (int i = 0; i < section->n; i++) {
        const mmofl_schema_key *key = &section->keys[i];
        if (key->section && tell_section(t, key->section))
            write_section(to, t, key->element ? key->element : key->option.name,
                          key->section, key->option.help);
    }
}

static void write_kind(FILE *to, const mmofl_kind *kind)
{
    fprintf(to, "\n### `%s`\n\n%s.\nSource: %s.\n", kind->name, kind->help,
            kind->source);
    if (kind->n_options == 0)
        return;
    fputs("\n| option | value | default | meaning |\n| --- | --- | --- | --- |\n", to);
    for (int i = 0; i < kind->n_options; i++) {
        const mmofl_option *option = &kind->options[i];
        char wanted[512];
        mmofl_option_wanted(option, wanted, sizeof wanted);
        fprintf(to, "| `%s` | %s | ", option->name, wanted);
        write_default(to, option);
        fprintf(to, " | %s |\n", option->help);
    }
}

static void write_kinds(FILE *to, const char *what, mmofl_kind_list kinds)
{
    fprintf(to, "\n## Kinds of %s\n", what);
    for (int i = 0; i < kinds.n; i++)
        write_kind(to, kinds.kinds[i]);
}

static void write_all_kinds(FILE *to, told *t, const mmofl_schema_section *section)
{
    for (int i = 0; i < section->n; i++) {
        const mmofl_schema_key *key = &section->keys[i];
        if (key->shape == MMOFL_SCHEMA_PICK && tell_kinds(t, key->kinds))
            write_kinds(to, key->option.name, key->kinds());
        else if (key->section)
            write_all_kinds(to, t, key->section);
    }
}

static void write_manual(FILE *to)
{
    fprintf(to, introduction, MMOFL_YAML_BYTES, MMOFL_YAML_NODES, MMOFL_YAML_DEPTH);
    fputs(kinds_introduction, to);
    told t = {.n_sections = 0};
    write_section(to, &t, NULL, mmofl_schema(), NULL);
    write_kinds(to, "layer", mmofl_layer_kinds());
    write_all_kinds(to, &t, mmofl_schema());
}

char *mmofl_experiment_manual(void)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    write_manual(stream);
    return mmofl_schema_close_text(stream, &text);
}
