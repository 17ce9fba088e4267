/* sample_line.c - jansson reads, this file checks.
 *
 * A float is the double that was read, rounded: nine digits bring every float back. */
#include <float.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "device/sample_line.h"

struct mmofl_line_reader {
    const mmofl_signals *signals;
    mmofl_arena arena;
    mmofl_line line;
};

mmofl_status mmofl_line_reader_new(const mmofl_signals *signals,
                                   mmofl_line_reader **out)
{
    mmofl_line_reader *r = calloc(1, sizeof *r);
    if (!r)
        return MMOFL_E_MEMORY;
    r->signals = signals;
    for (int m = 0; m < signals->n; m++) {
        r->line.values[m] = MMOFL_ARENA_NEW(&r->arena, signals->count[m], float);
        if (!r->line.values[m]) {
            mmofl_line_reader_delete(r);
            return MMOFL_E_MEMORY;
        }
    }
    *out = r;
    return MMOFL_OK;
}

void mmofl_line_reader_delete(mmofl_line_reader *reader)
{
    if (!reader)
        return;
    mmofl_arena_free(&reader->arena);
    free(reader);
}

/* ---- numbers ---- */

static mmofl_status read_number(const json_t *value, const mmofl_modality *modality,
                                float *out, mmofl_error *err)
{
    if (!json_is_number(value))
        return mmofl_fail(err, MMOFL_E_TYPE, "%s: wanted numbers only", modality->name);
    double x = json_number_value(value);
    if (!(fabs(x) <= (double)FLT_MAX))
        return mmofl_fail(err, MMOFL_E_RANGE, "%s: %g is too large", modality->name, x);
    if (modality->dtype == MMOFL_TOKENS &&
        !(json_is_integer(value) && x >= 0 && x < modality->vocabulary))
        return mmofl_fail(err, MMOFL_E_RANGE,
                          "%s: %g is no token; wanted whole numbers from 0 to %d",
                          modality->name, x, modality->vocabulary - 1);
    *out = (float)x;
    return MMOFL_OK;
}

/* The list's numbers, n of them. */
static mmofl_status read_list(const json_t *list, const mmofl_modality *modality,
                              size_t n, float *out, mmofl_error *err)
{
    if (!json_is_array(list))
        return mmofl_fail(err, MMOFL_E_TYPE, "%s: wanted a list of %zu numbers",
                          modality->name, n);
    if (json_array_size(list) != n)
        return mmofl_fail(err, MMOFL_E_COUNT, "%s: %zu numbers; wanted %zu",
                          modality->name, json_array_size(list), n);
    mmofl_status st = MMOFL_OK;
    for (size_t i = 0; i < n && !st; i++)
        st = read_number(json_array_get(list, i), modality, &out[i], err);
    return st;
}

/* ---- names ---- */

static mmofl_status find_modality(const mmofl_signals *s, const char *name, int *m,
                                  mmofl_error *err)
{
    *m = mmofl_signals_modality(s, name);
    if (*m >= 0)
        return MMOFL_OK;
    mmofl_nearest nearest = {.text = name};
    char hint[MMOFL_NEAREST_HINT];
    for (int i = 0; i < s->n; i++)
        mmofl_nearest_offer(&nearest, s->modality[i].name);
    mmofl_nearest_hint(&nearest, hint);
    return mmofl_fail(err, MMOFL_E_UNKNOWN, "no modality '%.60s'%s", name, hint);
}

/* A class by name or number; null: none yet. */
static mmofl_status read_label(mmofl_line_reader *r, const json_t *value,
                               mmofl_error *err)
{
    const mmofl_signals *s = r->signals;
    if (!value || json_is_null(value))
        return MMOFL_OK;
    if (json_is_string(value)) {
        r->line.label = mmofl_signals_class(s, json_string_value(value));
        if (r->line.label >= 0)
            return MMOFL_OK;
        return mmofl_fail(err, MMOFL_E_UNKNOWN, "label: no class '%.60s'",
                          json_string_value(value));
    }
    if (!json_is_integer(value))
        return mmofl_fail(err, MMOFL_E_TYPE,
                          "label: wanted a class by name or number, or null");
    json_int_t number = json_integer_value(value);
    if (number < 0 || number >= s->n_classes)
        return mmofl_fail(err, MMOFL_E_UNKNOWN,
                          "label: no class %" JSON_INTEGER_FORMAT "; wanted 0 to %d",
                          number, s->n_classes - 1);
    r->line.label = (int32_t)number;
    return MMOFL_OK;
}

/* A sample's id, a text or a whole number. */
static mmofl_status read_id(mmofl_line_reader *r, const json_t *value, mmofl_error *err)
{
    if (!value || json_is_null(value))
        return MMOFL_OK;
    if (json_is_integer(value)) {
        snprintf(r->line.id, sizeof r->line.id, "%" JSON_INTEGER_FORMAT,
                 json_integer_value(value));
        return MMOFL_OK;
    }
    if (!json_is_string(value))
        return mmofl_fail(err, MMOFL_E_TYPE, "id: wanted a text or a whole number");
    size_t n = json_string_length(value);
    if (n == 0 || n >= sizeof r->line.id || strlen(json_string_value(value)) != n)
        return mmofl_fail(err, MMOFL_E_RANGE, "id: wanted 1 to %zu bytes",
                          sizeof r->line.id - 1);
    memcpy(r->line.id, json_string_value(value), n + 1);
    return MMOFL_OK;
}

/* ---- the three kinds of lines ---- */

static mmofl_status read_sample(mmofl_line_reader *r, const json_t *values,
                                mmofl_error *err)
{
    const mmofl_signals *s = r->signals;
    const char *name;
    json_t *list;
    if (!json_is_object(values))
        return mmofl_fail(err, MMOFL_E_TYPE,
                          "values: wanted an object from modality to numbers");
    json_object_foreach((json_t *)values, name, list)
    {
        int m = 0;
        mmofl_status st = find_modality(s, name, &m, err);
        if (!st && json_is_null(list))
            continue; /* missing */
        if (!st)
            st = read_list(list, &s->modality[m], s->count[m], r->line.values[m], err);
        if (st)
            return st;
        r->line.mask |= UINT32_C(1) << m;
    }
    r->line.kind = MMOFL_LINE_SAMPLE;
    return r->line.mask ? MMOFL_OK
                        : mmofl_fail(err, MMOFL_E_MISSING,
                                     "values: a sample without any modality");
}

static mmofl_status read_reading(mmofl_line_reader *r, const json_t *root,
                                 mmofl_error *err)
{
    const mmofl_signals *s = r->signals;
    const json_t *name = json_object_get(root, "modality"),
                 *time = json_object_get(root, "t");
    if (!json_is_string(name))
        return mmofl_fail(err, MMOFL_E_TYPE, "modality: wanted a name");
    if (!time)
        return mmofl_fail(err, MMOFL_E_MISSING, "a reading wants its time as t, in s");
    if (!json_is_number(time) || !isfinite(json_number_value(time)))
        return mmofl_fail(err, MMOFL_E_TYPE, "t: wanted seconds");
    r->line.time_s = json_number_value(time);
    r->line.kind = MMOFL_LINE_READING;
    mmofl_status st = find_modality(s, json_string_value(name), &r->line.modality, err);
    int m = r->line.modality;
    return st ? st
              : read_list(json_object_get(root, "value"), &s->modality[m],
                          mmofl_signals_channels(s, m), r->line.values[m], err);
}

static mmofl_status check_keys(const json_t *root, mmofl_error *err)
{
    static const char *const keys[] = {"id",       "label", "values", "standardized",
                                       "modality", "t",     "value"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)root, key, value)
    {
        mmofl_nearest nearest = {.text = key};
        char hint[MMOFL_NEAREST_HINT];
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            mmofl_nearest_offer(&nearest, keys[i]);
        if (nearest.name && strcmp(nearest.name, key) == 0)
            continue;
        mmofl_nearest_hint(&nearest, hint);
        return mmofl_fail(err, MMOFL_E_UNKNOWN, "unknown key '%.60s'%s", key, hint);
    }
    return MMOFL_OK;
}

static mmofl_status read_object(mmofl_line_reader *r, const json_t *root,
                                mmofl_error *err)
{
    const json_t *values = json_object_get(root, "values"),
                 *standardized = json_object_get(root, "standardized");
    mmofl_status st = check_keys(root, err);
    if (!st)
        st = read_id(r, json_object_get(root, "id"), err);
    if (!st)
        st = read_label(r, json_object_get(root, "label"), err);
    if (st)
        return st;
    if (standardized && !json_is_boolean(standardized))
        return mmofl_fail(err, MMOFL_E_TYPE, "standardized: wanted true or false");
    r->line.standardized = json_is_true(standardized);
    if (values)
        return read_sample(r, values, err);
    if (json_object_get(root, "modality"))
        return read_reading(r, root, err);
    if (!*r->line.id || r->line.label == MMOFL_NO_LABEL)
        return mmofl_fail(err, MMOFL_E_MISSING,
                          "wanted values, or the id and the label of a sample");
    r->line.kind = MMOFL_LINE_LABEL;
    return MMOFL_OK;
}

mmofl_status mmofl_line_read(mmofl_line_reader *r, const char *text, size_t size,
                             const mmofl_line **line, mmofl_error *err)
{
    json_error_t why;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    mmofl_line *l = &r->line;
    l->id[0] = '\0';
    l->label = MMOFL_NO_LABEL;
    l->mask = 0;
    l->standardized = false;
    mmofl_status st;
    if (!root)
        st = mmofl_fail(err, MMOFL_E_SYNTAX, "column %d: %s", why.column, why.text);
    else if (!json_is_object(root))
        st = mmofl_fail(err, MMOFL_E_SYNTAX, "wanted an object in braces");
    else
        st = read_object(r, root, err);
    json_decref(root);
    if (!st)
        *line = l;
    return st;
}
