/* cmd_methods.c - `mmofl methods`: what an experiment may name under method and
 * aggregation, from the tables that read the experiment file. */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "fed/aggregation.h"
#include "learn/method.h"

enum { KEY_JSON = 0x100 };

static const struct argp_option table[] = {{"json", KEY_JSON, NULL, 0, "Print JSON", 0},
                                           {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    switch (key) {
    case KEY_JSON:
        *(bool *)state->input = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s': no argument is wanted", text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    table,
    parse,
    NULL,
    "List the methods and aggregation rules with source, options and defaults.\v"
    "Any rule goes with any method, but where a run says why not.  In an "
    "experiment file:  method: {kind: qqr, alpha: 0.5}",
    NULL,
    NULL,
    NULL};

/* The lists, each by its key in an experiment file. */
typedef struct section {
    const char *key, *title;
    mmofl_kind_list kinds;
} section;

static void print_kind(const mmofl_kind *kind)
{
    printf("\n  %-10s %s\n  %-10s [%s]\n", kind->name, kind->help, "", kind->source);
    for (int o = 0; o < kind->n_options; o++) {
        const mmofl_option *option = &kind->options[o];
        char wanted[128], value[64];
        mmofl_option_wanted(option, wanted, sizeof wanted);
        snprintf(value, sizeof value, "%s: %s", option->name,
                 option->fallback ? option->fallback : "(required)");
        printf("      %-23s %s; %s\n", value, option->help, wanted);
    }
}

static json_t *kind_json(const mmofl_kind *kind)
{
    json_t *root = json_object(), *options = json_array();
    json_object_set_new(root, "name", json_string(kind->name));
    json_object_set_new(root, "help", json_string(kind->help));
    json_object_set_new(root, "source", json_string(kind->source));
    for (int o = 0; o < kind->n_options; o++) {
        const mmofl_option *option = &kind->options[o];
        json_t *entry = json_object();
        char wanted[128];
        mmofl_option_wanted(option, wanted, sizeof wanted);
        json_object_set_new(entry, "name", json_string(option->name));
        json_object_set_new(entry, "default",
                            option->fallback ? json_string(option->fallback)
                                             : json_null());
        json_object_set_new(entry, "value", json_string(wanted));
        json_object_set_new(entry, "help", json_string(option->help));
        json_array_append_new(options, entry);
    }
    json_object_set_new(root, "options", options);
    return root;
}

static int print_json(const section *sections, int n)
{
    json_t *root = json_object();
    for (int s = 0; s < n; s++) {
        json_t *list = json_array();
        for (int k = 0; k < sections[s].kinds.n; k++)
            json_array_append_new(list, kind_json(sections[s].kinds.kinds[k]));
        json_object_set_new(root, sections[s].key, list);
    }
    char *text = json_dumps(root, JSON_INDENT(1));
    json_decref(root);
    if (!text) {
        mmofl_error err = {.status = MMOFL_E_MEMORY};
        return mmofl_cli_complain(&err);
    }
    puts(text);
    free(text);
    return EXIT_DONE;
}

static int methods_main(int argc, char **argv)
{
    bool json = false;
    argp_parse(&argp, argc, argv, 0, NULL, &json);
    const section sections[] = {
        {"method", "what a device does about missing and noisy modalities",
         mmofl_method_kinds()},
        {"aggregation", "how the coordinator makes one model of many",
         mmofl_aggregation_kinds()}};
    const int n = sizeof sections / sizeof *sections;
    if (json)
        return print_json(sections, n);
    for (int s = 0; s < n; s++) {
        printf("%s%s: %s\n", s ? "\n" : "", sections[s].key, sections[s].title);
        for (int k = 0; k < sections[s].kinds.n; k++)
            print_kind(sections[s].kinds.kinds[k]);
    }
    return EXIT_DONE;
}

const mmofl_command mmofl_command_methods = {
    "methods", "list methods and aggregation rules with their options", methods_main};
