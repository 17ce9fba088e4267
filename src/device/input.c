/* input.c - the kind before the colon, and what it is to open behind it. */
#include <string.h>

#include "device/inputs/inputs.h"

static const mmofl_input_kind *const kinds[] = {
    &mmofl_input_stdin, &mmofl_input_fifo, &mmofl_input_unix,
    &mmofl_input_mqtt,  &mmofl_input_iio,
};

mmofl_status mmofl_input_open(const char *text, const mmofl_log_sink *log,
                              mmofl_input **input, mmofl_error *err)
{
    size_t n = strcspn(text, ":");
    const char *where = text[n] ? text + n + 1 : text + n;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i]->name) == n && memcmp(kinds[i]->name, text, n) == 0)
            return kinds[i]->open(where, log, input, err);
    return mmofl_fail(err, MMOFL_E_UNKNOWN,
                      "input '%.80s': wanted stdin, fifo:PATH, unix:PATH, "
                      "mqtt:HOST[:PORT]/FILTER or iio:FOLDER?...",
                      text);
}
