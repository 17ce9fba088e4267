/* stop.c - a flag is all that a signal handler may touch; SA_RESETHAND brings back the
 * default action for the second signal. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stddef.h>

#include "cli/stop.h"

static volatile sig_atomic_t asked, reload;

static void ask(int signal_number)
{
    (void)signal_number;
    asked = 1;
}

void mmofl_stop_watch(void)
{
    struct sigaction action = {.sa_handler = ask, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is then an error like a full disk */
}

bool mmofl_stop_asked(void)
{
    return asked != 0;
}

static void ask_to_reload(int signal_number)
{
    (void)signal_number;
    reload = 1;
}

void mmofl_reload_watch(void)
{
    struct sigaction action = {.sa_handler = ask_to_reload, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGHUP, &action, NULL);
}

bool mmofl_reload_asked(void)
{
    bool was_asked = reload != 0;
    reload = 0;
    return was_asked;
}
