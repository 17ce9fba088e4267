/* subjects.c - a list of numbers in a text option. */
#include <string.h>

#include "base/number.h"
#include "data/subjects.h"

mmofl_status mmofl_subjects_read(const char *option, const char *text, int first,
                                 int last, bool *named, mmofl_error *err)
{
    for (const char *at = text; *(at += strspn(at, " ,"));) {
        const char *start = at;
        uint64_t number;
        mmofl_status st = mmofl_number_whole(&at, &number);
        if (st == MMOFL_E_TYPE || (!st && *at && !strchr(" ,", *at)))
            return mmofl_fail(err, MMOFL_E_SYNTAX,
                              "%s: '%.40s', wanted numbers such as '%d %d'", option,
                              start, first, last);
        if (st || number < (uint64_t)first || number > (uint64_t)last)
            return mmofl_fail(err, MMOFL_E_RANGE, "%s: '%.40s', wanted %d to %d",
                              option, start, first, last);
        if (named[number - (uint64_t)first])
            return mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: %d is there twice", option,
                              (int)number);
        named[number - (uint64_t)first] = true;
    }
    return MMOFL_OK;
}
