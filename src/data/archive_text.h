/* archive_text.h - a file of an archive as named text, and errors that say which
 * archive it was.
 *
 *     mmofl_text text;
 *     st = mmofl_archive_text(archive, "train/y_train.txt", &text, err);
 *     if (st)
 *         return st;
 *     st = parse(text, ..., err);                   "y_train.txt:3:1: ..."
 *     return mmofl_archive_text_end(archive, &text, st, err);
 *                                                   "har.zip: y_train.txt:3:1: ..."
 *
 * A parser that takes the bytes over (mmofl_delimited_open) frees them itself; then
 * mmofl_archive_within alone completes its errors. */
#ifndef MMOFL_DATA_ARCHIVE_TEXT_H
#define MMOFL_DATA_ARCHIVE_TEXT_H

#include "data/archive.h"
#include "data/text_table.h"

/** Read the entry whose path is `tail` or ends in "/tail".  text->data is malloc'ed, a
 * zero byte follows its last one; text->name is the entry's path and lives as long as
 * the archive.
 * @retval MMOFL_E_MISSING, MMOFL_E_DUPLICATE  as mmofl_archive_find
 * @retval MMOFL_E_CORRUPT, MMOFL_E_MEMORY, MMOFL_E_IO, MMOFL_E_NOT_FOUND  as
 *         mmofl_archive_read; all errors name the archive */
MMOFL_CHECKED mmofl_status mmofl_archive_text(const mmofl_archive *archive,
                                              const char *tail, mmofl_text *text,
                                              mmofl_error *err);

/** The same by index. */
MMOFL_CHECKED mmofl_status mmofl_archive_text_at(const mmofl_archive *archive,
                                                 size_t index, mmofl_text *text,
                                                 mmofl_error *err);

/** Free the text, and return st as mmofl_archive_within does. */
MMOFL_CHECKED mmofl_status mmofl_archive_text_end(const mmofl_archive *archive,
                                                  mmofl_text *text, mmofl_status st,
                                                  mmofl_error *err);

/** Return st; when it is an error, err (which tells it) first gets the archive's name
 * in front. */
MMOFL_CHECKED mmofl_status mmofl_archive_within(const mmofl_archive *archive,
                                                mmofl_status st, mmofl_error *err);

#endif
