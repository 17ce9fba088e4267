/* option.c - text to field and back, by the option's own table row. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"

const mmofl_kind *mmofl_kind_find(mmofl_kind_list list, const char *name)
{
    for (int i = 0; i < list.n; i++)
        if (strcmp(list.kinds[i]->name, name) == 0)
            return list.kinds[i];
    return NULL;
}

/* Index of text among "a|b|c", or -1. */
static int choice_index(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (int i = 0; *choices; i++) {
        size_t len = strcspn(choices, "|");
        if (len == n && memcmp(choices, text, n) == 0)
            return i;
        choices += len + (choices[len] == '|');
    }
    return -1;
}

static void choice_text(const char *choices, int index, char *text, size_t size)
{
    while (index-- > 0 && strchr(choices, '|'))
        choices = strchr(choices, '|') + 1;
    snprintf(text, size, "%.*s", (int)strcspn(choices, "|"), choices);
}

void mmofl_option_wanted(const mmofl_option *o, char *text, size_t size)
{
    const char *what = o->type == MMOFL_OPTION_INT ? "an integer" : "a number";
    switch (o->type) {
    case MMOFL_OPTION_INT:
    case MMOFL_OPTION_REAL:
        if (o->min == MMOFL_POSITIVE && o->max >= MMOFL_NO_LIMIT)
            snprintf(text, size, "%s > 0", what);
        else if (o->min == MMOFL_POSITIVE)
            snprintf(text, size, "%s > 0 and <= %.10g", what, o->max);
        else if (o->max >= MMOFL_NO_LIMIT)
            snprintf(text, size, "%s >= %.10g", what, o->min);
        else
            snprintf(text, size, "%s from %.10g to %.10g", what, o->min, o->max);
        break;
    case MMOFL_OPTION_BOOL:
        snprintf(text, size, "true or false");
        break;
    case MMOFL_OPTION_CHOICE: {
        size_t used = (size_t)snprintf(text, size, "one of ");
        for (const char *c = o->choices; *c && used < size; c++)
            used +=
                (size_t)snprintf(text + used, size - used, *c == '|' ? ", " : "%c", *c);
        break;
    }
    case MMOFL_OPTION_TEXT:
        snprintf(text, size, "a text");
        break;
    }
}

static mmofl_status refuse(const mmofl_option *o, mmofl_status status, const char *text,
                           mmofl_error *err)
{
    char wanted[512];
    mmofl_option_wanted(o, wanted, sizeof wanted);
    return mmofl_fail(err, status, "'%.100s' is not %s", text, wanted);
}

static mmofl_status read_number(const mmofl_option *o, const char *text, double *value,
                                mmofl_error *err)
{
    /* Only digits and what numbers are made of: strtod alone would take "inf", "0x1p3"
     * and blanks; a comma is never a decimal point because programs stay in the C
     * locale. */
    if (!*text || strspn(text, "+-.0123456789eE") != strlen(text))
        return refuse(o, MMOFL_E_TYPE, text, err);
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    if (*end)
        return refuse(o, MMOFL_E_TYPE, text, err);
    if (!isfinite(*value) || *value < o->min || *value > o->max)
        return refuse(o, MMOFL_E_RANGE, text, err);
    return MMOFL_OK;
}

mmofl_status mmofl_option_set(const mmofl_option *o, void *into, const char *text,
                              mmofl_error *err)
{
    char *field = (char *)into + o->offset;
    switch (o->type) {
    case MMOFL_OPTION_INT: {
        double value;
        mmofl_status st = read_number(o, text, &value, err);
        if (st)
            return st;
        if (value != floor(value))
            return refuse(o, MMOFL_E_TYPE, text, err);
        if (value < INT_MIN || value > INT_MAX)
            return refuse(o, MMOFL_E_RANGE, text, err);
        *(int *)(void *)field = (int)value;
        return MMOFL_OK;
    }
    case MMOFL_OPTION_REAL: {
        double value;
        mmofl_status st = read_number(o, text, &value, err);
        if (st)
            return st;
        *(double *)(void *)field = value;
        return MMOFL_OK;
    }
    case MMOFL_OPTION_BOOL: {
        bool yes = strcmp(text, "true") == 0;
        if (!yes && strcmp(text, "false") != 0)
            return refuse(o, MMOFL_E_TYPE, text, err);
        *(bool *)(void *)field = yes;
        return MMOFL_OK;
    }
    case MMOFL_OPTION_CHOICE: {
        int index = choice_index(o->choices, text);
        if (index < 0)
            return refuse(o, MMOFL_E_UNKNOWN, text, err);
        *(int *)(void *)field = index;
        return MMOFL_OK;
    }
    case MMOFL_OPTION_TEXT:
        *(const char **)(void *)field = text;
        return MMOFL_OK;
    }
    return MMOFL_E_TYPE;
}

void mmofl_option_get(const mmofl_option *o, const void *from, char *text, size_t size)
{
    const char *field = (const char *)from + o->offset;
    switch (o->type) {
    case MMOFL_OPTION_INT:
        snprintf(text, size, "%d", *(const int *)(const void *)field);
        break;
    case MMOFL_OPTION_REAL: {
        double value = *(const double *)(const void *)field;
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(text, size, "%.*g", digits, value);
            if (strtod(text, NULL) == value)
                break;
        }
        break;
    }
    case MMOFL_OPTION_BOOL:
        snprintf(text, size, "%s",
                 *(const bool *)(const void *)field ? "true" : "false");
        break;
    case MMOFL_OPTION_CHOICE:
        choice_text(o->choices, *(const int *)(const void *)field, text, size);
        break;
    case MMOFL_OPTION_TEXT: {
        const char *value = *(const char *const *)(const void *)field;
        snprintf(text, size, "%s", value ? value : "");
        break;
    }
    }
}

void mmofl_options_default(const mmofl_option *options, int n, void *into)
{
    for (int i = 0; i < n; i++) {
        if (!options[i].fallback)
            continue;
        mmofl_status st =
            mmofl_option_set(&options[i], into, options[i].fallback, NULL);
        assert(st == MMOFL_OK && "a default must satisfy its own row");
        (void)st;
    }
}

mmofl_pick mmofl_pick_default(const mmofl_kind *kind)
{
    mmofl_pick pick = {.kind = kind};
    assert(kind->options_size <= MMOFL_KIND_OPTION_BYTES);
    mmofl_options_default(kind->options, kind->n_options, pick.options.bytes);
    return pick;
}
