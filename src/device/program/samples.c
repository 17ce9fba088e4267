/* samples.c - from lines to samples. */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "device/program/program.h"

struct mmofl_samples {
    const mmofl_signals *signals;
    mmofl_windows_spec spec;
    mmofl_line_reader *reader;
    mmofl_windows *windows; /* made when the first reading comes */
    const mmofl_line *line; /* taken and not given yet */
};

mmofl_status mmofl_samples_new(const mmofl_signals *signals,
                               const mmofl_device_config *config, mmofl_samples **out)
{
    mmofl_samples *s = calloc(1, sizeof *s);
    if (!s)
        return MMOFL_E_MEMORY;
    s->signals = signals;
    s->spec = (mmofl_windows_spec){
        .step_s = config->step_s, .gap_s = config->gap_s, .late_s = config->late_s};
    mmofl_status st = mmofl_line_reader_new(signals, &s->reader);
    if (st)
        mmofl_samples_delete(s);
    else
        *out = s;
    return st;
}

void mmofl_samples_delete(mmofl_samples *s)
{
    if (!s)
        return;
    mmofl_windows_delete(s->windows);
    mmofl_line_reader_delete(s->reader);
    free(s);
}

mmofl_status mmofl_samples_take(mmofl_samples *s, const char *text, size_t size,
                                mmofl_error *err)
{
    const mmofl_line *line;
    mmofl_status st = mmofl_line_read(s->reader, text, size, &line, err);
    if (!st && line->kind == MMOFL_LINE_READING && !s->windows)
        st = mmofl_windows_new(s->signals, &s->spec, &s->windows, err);
    if (st)
        return st;
    if (line->kind == MMOFL_LINE_READING)
        mmofl_windows_add(s->windows, line);
    else
        s->line = line;
    return MMOFL_OK;
}

const mmofl_line *mmofl_samples_next(mmofl_samples *s)
{
    const mmofl_line *line = s->line;
    s->line = NULL;
    return line || !s->windows ? line : mmofl_windows_next(s->windows);
}

size_t mmofl_prediction_text(const mmofl_signals *signals, const char *id, int class,
                             const float *probability, char *text, size_t size)
{
    json_t *list = json_array();
    for (int c = 0; c < signals->n_classes; c++)
        json_array_append_new(list, json_real((double)probability[c]));
    json_t *root = json_pack("{s:s, s:s, s:o}", "id", id, "class",
                             signals->class_name[class], "probability", list);
    size_t n = json_dumpb(root, text, size, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(root);
    return n <= size ? n : 0;
}
