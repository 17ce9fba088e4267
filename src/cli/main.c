/* main.c - the door: picks the subcommand. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/command.h"

static const mmofl_command *const commands[] = {
    &mmofl_command_run,     &mmofl_command_resume,  &mmofl_command_eval,
    &mmofl_command_data,    &mmofl_command_model,   &mmofl_command_config,
    &mmofl_command_bench,   &mmofl_command_info,    &mmofl_command_report,
    &mmofl_command_compare, &mmofl_command_methods, &mmofl_command_analyze,
    &mmofl_command_stream,  &mmofl_command_pki,     &mmofl_command_serve,
    &mmofl_command_status,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *to)
{
    fprintf(to, "Usage: mmofl COMMAND [ARGUMENT...]\n"
                "Multimodal online federated learning for the Internet of Things.\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-8s %s\n", commands[i]->name, commands[i]->help);
    fprintf(to, "\n`mmofl COMMAND --help` says more.  A first run:  mmofl run "
                "examples/demo.yaml\n");
}

static int refuse(const char *name)
{
    mmofl_nearest nearest = {.text = name};
    char hint[MMOFL_NEAREST_HINT];
    for (int i = 0; i < COMMANDS; i++)
        mmofl_nearest_offer(&nearest, commands[i]->name);
    mmofl_nearest_hint(&nearest, hint);
    fprintf(stderr, "mmofl: no command '%s'%s; `mmofl --help` lists them\n", name,
            hint);
    return EXIT_WRONG_USAGE;
}

static int run_command(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_WRONG_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
        strcmp(name, "help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("mmofl %s\n", MMOFL_VERSION);
        return EXIT_DONE;
    }
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) != 0)
            continue;
        char program[64];
        snprintf(program, sizeof program, "mmofl %s", name);
        argv[1] = program; /* argp names the program in its messages by it */
        return commands[i]->main(argc - 1, argv + 1);
    }
    return refuse(name);
}

/* Buffered output can fail as late as here: a full disk must not look like success.
 * (A `--help` of argp's own leaves by exit; what it prints is not missed.) */
static int close_stdout(int status)
{
    errno = 0;
    bool failed = ferror(stdout) != 0;
    if (fclose(stdout) == 0 && !failed)
        return status;
    fprintf(stderr, "mmofl: standard output: not written%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return status == EXIT_DONE ? EXIT_FAILED : status;
}

int main(int argc, char **argv)
{
    argp_err_exit_status = EXIT_WRONG_USAGE;
    return close_stdout(run_command(argc, argv));
}
