/* fuzz_experiment.c - any bytes as an experiment file, and as a setting of one.
 *
 * What is accepted must print as a text that is accepted and prints the same. */
#include <stdlib.h>
#include <string.h>

#include "config/experiment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(mmofl_experiment *e)
{
    char *first = mmofl_experiment_text(e);
    mmofl_experiment again;
    mmofl_error err = {0};
    if (!first || mmofl_experiment_parse(first, strlen(first), "again", NULL, NULL, 0,
                                         &again, &err))
        abort();
    char *second = mmofl_experiment_text(&again);
    if (!second || strcmp(first, second) != 0)
        abort();
    free(first);
    free(second);
    mmofl_experiment_free(&again);
    mmofl_experiment_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mmofl_experiment e;
    mmofl_error err = {0};
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (mmofl_experiment_parse(text, size, "fuzz", "/folder", NULL, 0, &e, &err) ==
        MMOFL_OK)
        check_text(&e);
    const char *setting = text;
    const char *base = "name: x\nmodel: {head: [relu, {linear: {out: 6}}]}\n";
    if (mmofl_experiment_parse(base, strlen(base), "base", NULL, &setting, 1, &e,
                               &err) == MMOFL_OK)
        check_text(&e);
    free(text);
    return 0;
}
