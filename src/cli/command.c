/* command.c - how every subcommand complains and logs. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/option.h"
#include "cli/command.h"
#include "link/join.h"

static int exit_status(const mmofl_error *err)
{
    return err->status == MMOFL_E_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_FAILED;
}

int mmofl_cli_complain(const mmofl_error *err)
{
    fflush(stdout);
    fprintf(stderr, "mmofl: %s\n",
            *err->text ? err->text : mmofl_status_text(err->status));
    return exit_status(err);
}

int mmofl_cli_complain_once(const mmofl_ranks *ranks, const mmofl_error *err)
{
    return mmofl_ranks_is_first(ranks) ? mmofl_cli_complain(err) : exit_status(err);
}

int mmofl_cli_on_ranks(const mmofl_ranks **ranks, int (*work)(const void *request),
                       const void *request)
{
    mmofl_error err = {0};
    mmofl_ranks *met;
    if (mmofl_ranks_join(&met, &err)) /* on all, and one will do to tell */
        return mmofl_ranks_launch_number() == 0 ? mmofl_cli_complain(&err)
                                                : EXIT_FAILED;
    *ranks = mmofl_ranks_or_alone(met);
    int status = work(request);
    mmofl_ranks_leave(met);
    return status;
}

mmofl_status mmofl_cli_share_text(const mmofl_ranks *ranks, const char *text,
                                  char **copy, mmofl_error *err)
{
    size_t size = mmofl_ranks_is_first(ranks) ? strlen(text) + 1 : 0;
    mmofl_ranks_broadcast(ranks, 0, &size, sizeof size);
    char *made = calloc(size, 1);
    mmofl_status st = made ? MMOFL_OK : mmofl_fail(err, MMOFL_E_MEMORY, "no memory");
    st = mmofl_ranks_agree(ranks, st, err);
    if (st) {
        free(made);
        return st;
    }
    if (mmofl_ranks_is_first(ranks))
        memcpy(made, text, size);
    mmofl_ranks_broadcast(ranks, 0, made, size);
    *copy = made;
    return MMOFL_OK;
}

static void write_line(void *context, mmofl_log_level level, const char *line)
{
    (void)context;
    if (level == MMOFL_LOG_DEBUG && !getenv("MMOFL_DEBUG"))
        return;
    fprintf(stderr, "mmofl: %s%s\n", level == MMOFL_LOG_WARNING ? "warning: " : "",
            line);
}

const mmofl_log_sink *mmofl_cli_log(void)
{
    static const mmofl_log_sink sink = {.write = write_line};
    return &sink;
}

int mmofl_cli_read_count(const char *name, const char *text,
                         const struct argp_state *state)
{
    static const mmofl_option whole = {"", MMOFL_OPTION_INT, 0, 1, 1e6, NULL, NULL, ""};
    int value = 0;
    mmofl_error err = {0};
    if (mmofl_option_set(&whole, &value, text, &err))
        argp_error(state, "%s: %s", name, err.text);
    return value;
}

double mmofl_cli_read_seconds(const char *name, const char *text,
                              const struct argp_state *state)
{
    double value = 0;
    const char *end = text + strlen(text);
    if (mmofl_number_read(text, end, &value) != end || !(value > 0 && value <= 3600))
        argp_error(state, "%s: '%s' is not a number > 0 and <= 3600", name, text);
    return value;
}
