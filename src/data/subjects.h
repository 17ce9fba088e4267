/* subjects.h - people by their number in a data set, as an option names them:
 * train_subjects: "1 3 5 7". */
#ifndef MMOFL_DATA_SUBJECTS_H
#define MMOFL_DATA_SUBJECTS_H

#include "mmofl/status.h"

/** Read numbers from first to last with blanks or commas between them: named[i] becomes
 * true when first + i is there (last - first + 1 of them, all false before).  option
 * ("utd-mhad: train_subjects") is used in errors.  No number at all is fine.
 * @retval MMOFL_E_SYNTAX     something else than numbers
 * @retval MMOFL_E_RANGE      not from first to last
 * @retval MMOFL_E_DUPLICATE  a number twice
 * When it fails, named is undefined. */
MMOFL_CHECKED mmofl_status mmofl_subjects_read(const char *option, const char *text,
                                               int first, int last, bool *named,
                                               mmofl_error *err);

#endif
