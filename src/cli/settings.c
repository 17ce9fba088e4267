/* settings.c - collecting --set arguments. */
#include <argp.h>

#include "cli/settings.h"

void mmofl_settings_add(mmofl_settings *settings, const char *text,
                        const struct argp_state *state)
{
    if (settings->n == MMOFL_MAX_SETTINGS)
        argp_error(state, "more than %d settings", MMOFL_MAX_SETTINGS);
    else
        settings->text[settings->n++] = text;
}
