/* cmd_data.c - `mmofl data fetch | import | info | list`.
 *
 * The options of the data sets (--accelerometer body_acc) come from the sets' own
 * tables, so a new set brings its options along. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/nearest.h"
#include "cli/command.h"
#include "cli/data_info.h"
#include "data/source.h"

enum {
    PATH_BYTES = 4096,
    MAX_SETTINGS = 32,
    MAX_TABLE = 64,
    KEY_URL = 256,
    KEY_TO,
    KEY_PATH,
    KEY_JSON,
    KEY_SET_OPTION /* and the ones after it: by row of the option table */
};

/* --- the command line ------------------------------------------------------------- */

struct setting {
    const char *name, *value; /* name is not ended: n bytes */
    size_t n;
};

struct request {
    int n_arguments; /* wanted */
    const char *argument[2];
    const char *url, *to, *path;
    bool json;
    struct setting setting[MAX_SETTINGS];
    int n_settings;
    const struct argp_option *table; /* to find a set option's name by its key */
    const mmofl_data_source *source; /* NULL: argument[0] is a file */
    mmofl_data_spec spec;
};

struct verb {
    const char *name, *arguments, *help;
    int n_arguments;
    const struct argp_option *options; /* of its own */
    bool takes_set_options;
    int (*run)(const struct request *request);
};

/* Add the options of all sets, each name once, to a table of n rows. */
static int add_set_options(struct argp_option *table, int n)
{
    mmofl_kind_list sets = mmofl_data_source_kinds();
    int first = n;
    for (int s = 0; s < sets.n; s++)
        for (int i = 0; i < sets.kinds[s]->n_options && n < MAX_TABLE - 2; i++) {
            const mmofl_option *option = &sets.kinds[s]->options[i];
            bool known = false;
            for (int j = first; j < n; j++)
                known = known || strcmp(table[j].name, option->name) == 0;
            if (known)
                continue;
            table[n] = (struct argp_option){.name = option->name,
                                            .key = KEY_SET_OPTION + n,
                                            .arg = "VALUE",
                                            .doc = option->help,
                                            .group = 1};
            n++;
        }
    table[n++] = (struct argp_option){.name = "option",
                                      .key = 'o',
                                      .arg = "KEY=VALUE",
                                      .doc = "set any option of the data set",
                                      .group = 1};
    return n;
}

static void add_setting(struct request *request, struct setting setting,
                        const struct argp_state *state)
{
    if (request->n_settings == MAX_SETTINGS)
        argp_error(state, "more than %d options", MAX_SETTINGS);
    else
        request->setting[request->n_settings++] = setting;
}

static void add_pair(struct request *request, const char *pair,
                     const struct argp_state *state)
{
    const char *equals = strchr(pair, '=');
    if (!equals)
        argp_error(state, "'%s' is not KEY=VALUE", pair);
    else
        add_setting(request,
                    (struct setting){pair, equals + 1, (size_t)(equals - pair)}, state);
}

static void add_argument(struct request *request, char *text, struct argp_state *state)
{
    if ((int)state->arg_num >= request->n_arguments)
        argp_error(state, "'%s' is one argument too many", text);
    else
        request->argument[state->arg_num] = text;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct request *request = state->input;
    switch (key) {
    case KEY_URL:
        request->url = text;
        break;
    case KEY_TO:
        request->to = text;
        break;
    case KEY_PATH:
        request->path = text;
        break;
    case KEY_JSON:
        request->json = true;
        break;
    case 'o':
        add_pair(request, text, state);
        break;
    case ARGP_KEY_ARG:
        add_argument(request, text, state);
        break;
    case ARGP_KEY_END:
        if ((int)state->arg_num < request->n_arguments)
            argp_error(state, "an argument is missing");
        break;
    default:
        if (key < KEY_SET_OPTION || key >= KEY_SET_OPTION + MAX_TABLE)
            return ARGP_ERR_UNKNOWN;
        const char *name = request->table[key - KEY_SET_OPTION].name;
        add_setting(request, (struct setting){name, text, strlen(name)}, state);
    }
    return 0;
}

/* --- what was asked for ----------------------------------------------------------- */

static const mmofl_option *find_option(const mmofl_kind *kind,
                                       const struct setting *setting)
{
    for (int i = 0; i < kind->n_options; i++)
        if (strlen(kind->options[i].name) == setting->n &&
            memcmp(kind->options[i].name, setting->name, setting->n) == 0)
            return &kind->options[i];
    return NULL;
}

static mmofl_status apply_settings(struct request *request, mmofl_error *err)
{
    const mmofl_kind *kind = request->spec.set.kind;
    for (int i = 0; i < request->n_settings; i++) {
        const struct setting *setting = &request->setting[i];
        const mmofl_option *option = find_option(kind, setting);
        if (!option)
            return mmofl_fail(err, MMOFL_E_UNKNOWN, "%s has no option %.*s", kind->name,
                              (int)setting->n, setting->name);
        if (mmofl_option_set(option, request->spec.set.options.bytes, setting->value,
                             err))
            return mmofl_fail_within(err, "%s", option->name);
    }
    return MMOFL_OK;
}

static mmofl_status unknown_set(const char *name, mmofl_error *err)
{
    char known[512] = "";
    mmofl_kind_list sets = mmofl_data_source_kinds();
    size_t n = 0;
    mmofl_nearest nearest = {.text = name};
    for (int i = 0; i < sets.n && n < sizeof known; i++) {
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
                              sets.kinds[i]->name);
        mmofl_nearest_offer(&nearest, sets.kinds[i]->name);
    }
    char hint[MMOFL_NEAREST_HINT];
    mmofl_nearest_hint(&nearest, hint);
    return mmofl_fail(err, MMOFL_E_UNKNOWN, "'%.100s' is no data set: there is %s%s",
                      name, known, hint);
}

/* Find the set that the first argument names, with its options. */
static mmofl_status resolve(struct request *request, bool file_allowed,
                            mmofl_error *err)
{
    const char *name = request->argument[0];
    const mmofl_kind *kind = mmofl_kind_find(mmofl_data_source_kinds(), name);
    if (!kind && file_allowed && mmofl_file_exists(name))
        return MMOFL_OK;
    if (!kind)
        return unknown_set(name, err);
    request->source = (const mmofl_data_source *)kind; /* a source starts with it */
    request->spec = (mmofl_data_spec){.set = mmofl_pick_default(kind),
                                      .path = request->path ? request->path : "",
                                      .test_stride = 1,
                                      .standardize = MMOFL_STANDARDIZE_CHANNEL};
    return apply_settings(request, err);
}

/* --- list ------------------------------------------------------------------------- */

static int run_list(const struct request *request)
{
    (void)request;
    mmofl_kind_list sets = mmofl_data_source_kinds();
    printf("%-16s %-10s %s\n", "set", "comes from", "what it is");
    for (int s = 0; s < sets.n; s++) {
        const mmofl_data_source *source = (const mmofl_data_source *)sets.kinds[s];
        const char *from = source->generated  ? "generator"
                           : source->download ? "fetch"
                                              : "import";
        printf("%-16s %-10s %s\n", source->kind.name, from, source->kind.help);
        for (int i = 0; i < source->kind.n_options; i++) {
            const mmofl_option *option = &source->kind.options[i];
            char wanted[256];
            mmofl_option_wanted(option, wanted, sizeof wanted);
            printf("%-16s %-10s   %s: %s (%s; default %s)\n", "", "", option->name,
                   option->help, wanted, option->fallback ? option->fallback : "none");
        }
    }
    return EXIT_DONE;
}

/* --- info ------------------------------------------------------------------------- */

static int run_info(const struct request *request)
{
    mmofl_error err = {0};
    mmofl_dataset *set;
    mmofl_status st = request->source
                          ? mmofl_data_load(&request->spec, mmofl_cli_log(), &set, &err)
                          : mmofl_dataset_open(request->argument[0], &set, &err);
    if (st)
        return mmofl_cli_complain(&err);
    st = mmofl_cli_data_info(set, request->json, stdout, &err);
    mmofl_dataset_close(set);
    return st ? mmofl_cli_complain(&err) : EXIT_DONE;
}

/* --- import ----------------------------------------------------------------------- */

static int import_from(const mmofl_data_spec *spec)
{
    mmofl_error err = {0};
    char cache[PATH_BYTES];
    if (mmofl_data_import(spec, mmofl_cli_log(), cache, &err))
        return mmofl_cli_complain(&err);
    printf("%s\n", cache);
    return EXIT_DONE;
}

static int run_import(const struct request *request)
{
    mmofl_data_spec spec = request->spec;
    spec.path = request->argument[1];
    return import_from(&spec);
}

/* --- fetch ------------------------------------------------------------------------ */

/* Several lines a second on a terminal, one in ten seconds elsewhere. */
struct meter {
    bool terminal;
    double last_s; /* when it was last shown */
};

static void show_progress(void *context, double done, double total)
{
    struct meter *meter = context;
    double now = mmofl_clock_seconds();
    if (now - meter->last_s < (meter->terminal ? 0.2 : 10))
        return;
    meter->last_s = now;
    fprintf(stderr, "%s%5.1f", meter->terminal ? "\r" : "mmofl: ", done / 1e6);
    if (total > 0)
        fprintf(stderr, " of %.1f", total / 1e6);
    fprintf(stderr, " MB%s", meter->terminal ? "" : "\n");
}

static int run_fetch(const struct request *request)
{
    mmofl_error err = {0};
    char folder[PATH_BYTES], file[PATH_BYTES];
    struct meter meter = {.terminal = isatty(STDERR_FILENO) == 1,
                          .last_s = mmofl_clock_seconds()};
    if (!request->to && mmofl_file_cache_folder(folder, sizeof folder, &err))
        return mmofl_cli_complain(&err);
    mmofl_status st = mmofl_data_fetch(request->source, request->url,
                                       request->to ? request->to : folder,
                                       show_progress, &meter, file, &err);
    if (meter.terminal)
        fprintf(stderr, "\r%30s\r", "");
    if (st)
        return mmofl_cli_complain(&err);
    fprintf(stderr, "mmofl: %s is complete, its SHA-256 is right\n", file);
    mmofl_data_spec spec = request->spec;
    spec.path = file;
    return import_from(&spec);
}

/* --- verbs ------------------------------------------------------------------------ */

static const struct argp_option no_options[] = {{0}};

static const struct argp_option fetch_options[] = {
    {.name = "url", .key = KEY_URL, .arg = "URL", .doc = "fetch from a mirror"},
    {.name = "to",
     .key = KEY_TO,
     .arg = "DIR",
     .doc = "keep the archive in DIR (default: the cache folder)"},
    {0}};

static const struct argp_option info_options[] = {
    {.name = "path",
     .key = KEY_PATH,
     .arg = "PATH",
     .doc = "archive or folder to read (default: what was imported)"},
    {.name = "json", .key = KEY_JSON, .doc = "write JSON"},
    {0}};

static const struct verb verbs[] = {
    {"fetch", "SET",
     "Download a data set from its official address, check it, and import it.\v"
     "An interrupted download goes on where it stopped.  Example:\n\n"
     "  mmofl data fetch uci-har\n",
     1, fetch_options, true, run_fetch},
    {"import", "SET PATH",
     "Import a data set from an archive or an unpacked folder.\v"
     "Experiments then find it without a path.  Prints the cache file.  Examples:\n\n"
     "  mmofl data import uci-har 'UCI HAR Dataset.zip'\n"
     "  mmofl data import uci-har ~/data/ --accelerometer body_acc\n",
     2, no_options, true, run_import},
    {"info", "SET|FILE",
     "Describe a data set: modalities, value ranges, classes, owners.\v"
     "FILE is a data cache file.  Examples:\n\n"
     "  mmofl data info uci-har\n"
     "  mmofl data info uci-har --path 'UCI HAR Dataset.zip' --json\n",
     1, info_options, true, run_info},
    {"list", "", "List the data sets and their options.", 0, no_options, false,
     run_list}};

enum { N_VERBS = sizeof verbs / sizeof *verbs };

static int run_verb(const struct verb *verb, int argc, char **argv)
{
    struct argp_option table[MAX_TABLE] = {{0}};
    int n = 0;
    for (; verb->options[n].name; n++)
        table[n] = verb->options[n];
    if (verb->takes_set_options)
        add_set_options(table, n);
    const struct argp argp = {.options = table,
                              .parser = parse_option,
                              .args_doc = verb->arguments,
                              .doc = verb->help};
    struct request request = {.n_arguments = verb->n_arguments, .table = table};
    mmofl_error err = {0};
    argp_err_exit_status = EXIT_WRONG_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &request))
        return EXIT_WRONG_USAGE;
    if (verb->n_arguments > 0 &&
        resolve(&request, strcmp(verb->name, "info") == 0, &err)) {
        mmofl_cli_complain(&err);
        return EXIT_WRONG_USAGE;
    }
    return verb->run(&request);
}

static void print_help(FILE *out)
{
    fprintf(out, "Usage: mmofl data VERB ...\nData sets: get them, look at them.\n\n");
    for (int i = 0; i < N_VERBS; i++)
        fprintf(out, "  %-8s %-10s %.*s\n", verbs[i].name, verbs[i].arguments,
                (int)strcspn(verbs[i].help, "\v"), verbs[i].help);
    fprintf(out, "\nmmofl data VERB --help tells more.\n");
}

static int data_main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-?") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    for (int i = 0; i < N_VERBS; i++)
        if (strcmp(verbs[i].name, name) == 0) {
            char title[64]; /* what argp calls the program */
            snprintf(title, sizeof title, "mmofl data %s", name);
            argv[1] = title;
            return run_verb(&verbs[i], argc - 1, argv + 1);
        }
    if (*name)
        fprintf(stderr, "mmofl: data: unknown verb '%s'\n", name);
    print_help(stderr);
    return EXIT_WRONG_USAGE;
}

const mmofl_command mmofl_command_data = {
    .name = "data", .help = "fetch, import and describe data sets", .main = data_main};
