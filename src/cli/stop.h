/* stop.h - Ctrl-C and SIGTERM ask the program to stop after the current round, SIGHUP
 * to read files again. */
#ifndef MMOFL_CLI_STOP_H
#define MMOFL_CLI_STOP_H

#include <stdbool.h>

/** From now on the first signal only asks; the second one ends the process at once. */
void mmofl_stop_watch(void);

/** Has a signal asked to stop? */
bool mmofl_stop_asked(void);

/** From now on SIGHUP only asks to read files again. */
void mmofl_reload_watch(void);

/** Has it, since this was last called? */
bool mmofl_reload_asked(void);

#endif
