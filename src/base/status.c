/* status.c - status names and texts from the one list in status.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mmofl/status.h"

static const struct {
    const char *name, *text;
} statuses[] = {
#define ROW(name, text) {#name, text},
    MMOFL_STATUS_LIST(ROW)
#undef ROW
};

const char *mmofl_status_name(mmofl_status status)
{
    return (unsigned)status < MMOFL_STATUS_COUNT ? statuses[status].name : "?";
}

const char *mmofl_status_text(mmofl_status status)
{
    return (unsigned)status < MMOFL_STATUS_COUNT ? statuses[status].text : "?";
}

mmofl_status mmofl_fail(mmofl_error *err, mmofl_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        err->status = status;
    }
    return status;
}

/* text += ": " + more, cut where the text ends. */
static void append(mmofl_error *err, const char *more)
{
    strncat(err->text, ": ", sizeof err->text - strlen(err->text) - 1);
    strncat(err->text, more, sizeof err->text - strlen(err->text) - 1);
}

mmofl_status mmofl_fail_within(mmofl_error *err, const char *format, ...)
{
    if (!err)
        return MMOFL_E_STATE;
    char old[MMOFL_ERROR_TEXT];
    memcpy(old, err->text, sizeof old);
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    append(err, old);
    return err->status;
}

static mmofl_status status_of_errno(int errnum)
{
    switch (errnum) {
    case ENOENT:
        return MMOFL_E_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
        return MMOFL_E_NO_SPACE;
    case ENOMEM:
        return MMOFL_E_MEMORY;
    case EEXIST:
        return MMOFL_E_EXISTS;
    default:
        return MMOFL_E_IO;
    }
}

mmofl_status mmofl_fail_errno(mmofl_error *err, int errnum, const char *format, ...)
{
    mmofl_status status = status_of_errno(errnum);
    if (err) {
        va_list args;
        va_start(args, format);
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        err->status = status;
        append(err, strerror(errnum));
    }
    return status;
}
