/* archive_text.c - find, read, and name: what every importer does with every file. */
#include <stdlib.h>

#include "data/archive_text.h"

mmofl_status mmofl_archive_text_at(const mmofl_archive *archive, size_t index,
                                   mmofl_text *text, mmofl_error *err)
{
    unsigned char *data;
    size_t size;
    mmofl_status st = mmofl_archive_read(archive, index, &data, &size, err);
    if (!st)
        *text = (mmofl_text){(const char *)data, size,
                             mmofl_archive_entry_at(archive, index)->path};
    return st;
}

mmofl_status mmofl_archive_text(const mmofl_archive *archive, const char *tail,
                                mmofl_text *text, mmofl_error *err)
{
    size_t index;
    mmofl_status st = mmofl_archive_find(archive, tail, &index, err);
    return st ? st : mmofl_archive_text_at(archive, index, text, err);
}

mmofl_status mmofl_archive_text_end(const mmofl_archive *archive, mmofl_text *text,
                                    mmofl_status st, mmofl_error *err)
{
    free((char *)(uintptr_t)text->data);
    *text = (mmofl_text){0};
    return mmofl_archive_within(archive, st, err);
}

mmofl_status mmofl_archive_within(const mmofl_archive *archive, mmofl_status st,
                                  mmofl_error *err)
{
    if (st)
        mmofl_fail_within(err, "%s", mmofl_archive_name(archive));
    return st;
}
