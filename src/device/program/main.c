/* main.c - mmofl-device: the door, and what its commands share. */
#define _POSIX_C_SOURCE 200809L
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/program/program.h"

enum { MOST_SETTINGS = 32 };

/* ---- signals and log ---- */

static volatile sig_atomic_t asked_to_stop;

static void ask(int signal_number)
{
    (void)signal_number;
    asked_to_stop = 1;
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = ask, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

bool mmofl_device_stop_asked(void)
{
    return asked_to_stop != 0;
}

static void write_log(void *context, mmofl_log_level level, const char *line)
{
    (void)context;
    if (level != MMOFL_LOG_DEBUG || getenv("MMOFL_DEBUG"))
        fprintf(stderr, "mmofl-device: %s\n", line);
}

const mmofl_log_sink *mmofl_device_log(void)
{
    static const mmofl_log_sink sink = {write_log, NULL};
    return &sink;
}

/* ---- arguments ---- */

static const struct {
    const char *name;
    int (*main)(const mmofl_device_config *config);
} commands[] = {{"run", mmofl_device_run},
                {"predict", mmofl_device_predict},
                {"check", mmofl_device_check},
                {"status", mmofl_device_status}};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct argp_option table[] = {
    {"set", 's', "KEY=VALUE", 0, "Set a key of the file; may be repeated", 0}, {0}};

typedef struct request {
    int command; /* -1: none yet */
    const char *file;
    const char *setting[MOST_SETTINGS];
    int n_settings;
} request;

static error_t parse(int key, char *text, struct argp_state *state)
{
    request *r = state->input;
    switch (key) {
    case 's':
        if (r->n_settings == MOST_SETTINGS)
            argp_error(state, "more than %d --set", MOST_SETTINGS);
        else
            r->setting[r->n_settings++] = text;
        break;
    case ARGP_KEY_ARG:
        if (r->command < 0) {
            for (int i = 0; i < COMMANDS; i++)
                if (strcmp(commands[i].name, text) == 0)
                    r->command = i;
            if (r->command < 0)
                argp_error(state, "'%s': wanted run, predict, check or status", text);
        } else if (!r->file) {
            r->file = text;
        } else {
            argp_error(state, "'%s': nothing more is wanted", text);
        }
        break;
    case ARGP_KEY_END:
        if (r->command < 0)
            argp_error(state, "wanted run, predict, check or status");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void add_line(void *context, const char *line)
{
    fprintf(context, "%s\n", line);
}

/* The help's end has the keys of the file, from the table that reads them. */
static char *filter_help(int key, const char *text, void *input)
{
    (void)input;
    char *all = NULL;
    size_t size;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    FILE *to = open_memstream(&all, &size);
    if (!to)
        return (char *)text;
    fputs("Keys of DEVICE.yaml:\n", to);
    mmofl_device_config_describe(add_line, to);
    fputs("\nExample:\n"
          "  mmofl stream examples/demo.yaml --device 0 |\n"
          "    mmofl-device run -s federation=demo -s name=device-0 -s state=d0",
          to);
    return fclose(to) == 0 ? all : (char *)text;
}

static const struct argp argp = {
    table,
    parse,
    "run [DEVICE.yaml]\npredict [DEVICE.yaml]\ncheck [DEVICE.yaml]\nstatus "
    "[DEVICE.yaml]",
    "Learn with a federation on what this device's sensors tell.\v",
    NULL,
    filter_help,
    NULL};

int main(int argc, char **argv)
{
    request r = {.command = -1};
    argp_err_exit_status = EXIT_WRONG_USAGE;
    argp_program_version = "mmofl-device " MMOFL_VERSION;
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    watch_signals();
    mmofl_device_config config;
    mmofl_error err = {0};
    if (mmofl_device_config_load(r.file, r.setting, r.n_settings, &config, &err)) {
        fprintf(stderr, "mmofl-device: %s\n", err.text);
        return EXIT_WRONG_USAGE;
    }
    int status = commands[r.command].main(&config);
    mmofl_device_config_free(&config);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "mmofl-device: standard output: not written\n");
        status = status == EXIT_DONE ? EXIT_FAILED : status;
    }
    return status;
}
