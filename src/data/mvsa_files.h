/* mvsa_files.h - photographs and texts as the authors give them: data/ID.jpg and
 * data/ID.txt, read on all cores. */
#ifndef MMOFL_DATA_MVSA_FILES_H
#define MMOFL_DATA_MVSA_FILES_H

#include "data/archive.h"

/** What to read, and where to: N samples, a photograph as (side, side, 3) floats, a
 * text as L token ids. */
typedef struct mmofl_mvsa_wanted {
    size_t n;
    const int32_t *id; /* (N) */
    int side;
    float *images; /* (N, side, side, 3); NULL: not wanted */
    int vocabulary, length;
    int32_t *tokens; /* (N, L); NULL: not wanted */
    int *words;      /* (N) tokens that a text has, also those beyond L */
} mmofl_mvsa_wanted;

/** Fill what is wanted.  The result, be it an error, is the same at any thread count.
 * @retval MMOFL_E_MISSING    a sample's file is not there; err names it
 * @retval MMOFL_E_DUPLICATE  two files of one name, such as of two sets in one archive
 * @retval MMOFL_E_LIMIT      a text file beyond MMOFL_TEXT_BYTES, which is not read
 * and whatever mmofl_archive_read, mmofl_image_square and mmofl_text_tokens refuse */
MMOFL_CHECKED mmofl_status mmofl_mvsa_files_read(const mmofl_archive *archive,
                                                 const mmofl_mvsa_wanted *wanted,
                                                 mmofl_error *err);

#endif
