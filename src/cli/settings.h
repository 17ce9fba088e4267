/* settings.h - the --set KEY=VALUE arguments of a command line, in order. */
#ifndef MMOFL_CLI_SETTINGS_H
#define MMOFL_CLI_SETTINGS_H

enum { MMOFL_MAX_SETTINGS = 64 };

typedef struct mmofl_settings {
    const char *text[MMOFL_MAX_SETTINGS]; /* borrowed from argv */
    int n;
} mmofl_settings;

struct argp_state;

/** Add one; a usage error when there are too many. */
void mmofl_settings_add(mmofl_settings *settings, const char *text,
                        const struct argp_state *state);

/** The row of an argp table for it; its key is 's'. */
#define MMOFL_SETTINGS_OPTION                                                          \
    {                                                                                  \
        "set", 's', "KEY=VALUE", 0,                                                    \
            "Change a setting, e.g. --set train.batch=32; may be repeated", 0          \
    }

#endif
