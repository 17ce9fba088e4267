/* command.h - the subcommands of `mmofl`, one file each (cmd_NAME.c), one row in
 * main.c.
 *
 * Only code in src/cli prints and exits.  Data goes to stdout, talk to stderr; exit
 * status 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
#ifndef MMOFL_CLI_COMMAND_H
#define MMOFL_CLI_COMMAND_H

#include "base/log.h"
#include "base/ranks.h"
#include "mmofl/status.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USAGE = 2, EXIT_INTERRUPTED = 130 };

typedef struct mmofl_command {
    const char *name;                   /* "run" */
    const char *help;                   /* one line for `mmofl --help` */
    int (*main)(int argc, char **argv); /* argv[0] is "mmofl run", for argp */
} mmofl_command;

extern const mmofl_command mmofl_command_data;   /* cmd_data.c: fetch, import, info */
extern const mmofl_command mmofl_command_config; /* cmd_config.c: check, show, manual */
extern const mmofl_command mmofl_command_run, mmofl_command_resume, mmofl_command_eval;
extern const mmofl_command mmofl_command_model, mmofl_command_bench, mmofl_command_info;
extern const mmofl_command mmofl_command_report, mmofl_command_compare;
extern const mmofl_command mmofl_command_analyze;
extern const mmofl_command mmofl_command_serve;  /* cmd_serve.c: the coordinator */
extern const mmofl_command mmofl_command_status; /* cmd_status.c: asks it */
extern const mmofl_command mmofl_command_pki;    /* cmd_pki.c: init, add-device, ... */
extern const mmofl_command mmofl_command_stream; /* samples as a device gets them */

extern const mmofl_command mmofl_command_methods; /* cmd_methods.c */

/** The whole number from 1 to 1,000,000 that option `name` was given, or a usage error
 * (argp exits with 2 here: argp_err_exit_status is set in main). */
struct argp_state;
int mmofl_cli_read_count(const char *name, const char *text,
                         const struct argp_state *state);

/** The same of seconds: a number above 0 and up to 3600. */
double mmofl_cli_read_seconds(const char *name, const char *text,
                              const struct argp_state *state);

/** "mmofl: text" on stderr; returns the exit status that fits err. */
int mmofl_cli_complain(const mmofl_error *err);

/** The same of an error that all ranks have: the first one tells it. */
int mmofl_cli_complain_once(const mmofl_ranks *ranks, const mmofl_error *err);

/** Meet the other processes of an mpirun or srun (link/join.h), do the work with *ranks
 * set to them, and leave.  Returns what work does, or the exit status after a
 * complaint: they could not be met. */
int mmofl_cli_on_ranks(const mmofl_ranks **ranks, int (*work)(const void *request),
                       const void *request);

/** The text that the first rank has, for all (malloc; the caller frees).
 * @param[in] text  ignored elsewhere
 * @retval E_MEMORY  the same on all ranks */
MMOFL_CHECKED mmofl_status mmofl_cli_share_text(const mmofl_ranks *ranks,
                                                const char *text, char **copy,
                                                mmofl_error *err);

/** A log sink that writes "mmofl: line" to stderr (warnings and info; debug with
 * MMOFL_DEBUG set). */
const mmofl_log_sink *mmofl_cli_log(void);

#endif
