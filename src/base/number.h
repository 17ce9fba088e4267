/* number.h - decimal numbers in text, read fast and the same in every locale. */
#ifndef MMOFL_BASE_NUMBER_H
#define MMOFL_BASE_NUMBER_H

#include "mmofl/status.h"

/** Read the number that [text, end) starts with: sign, digits, point, digits, exponent,
 * of which only one digit is required; no blanks in front, no hexadecimal, inf or nan.
 * *value is the nearest double, exactly as strtod in the C locale would give it: too
 * large gives infinity, too small 0.
 * Returns where the number ends, or NULL when there is none (then *value is untouched).
 * Cost: 5 to 10 ns for up to 15 digits, some 40 ns for up to 19, each with an exponent
 * of usual size (number.c); else strtod's. */
const char *mmofl_number_read(const char *text, const char *end, double *value);

/** The same as the nearest float, exactly as strtof in the C locale would give it. */
const char *mmofl_number_read_float(const char *text, const char *end, float *value);

/** Read up to n finite floats that stand in [*at, end) between blanks (space, tab,
 * carriage return) or before a line end.  Stops in front of anything else: a line end,
 * no number, one beyond float, or one that `end` may have cut.  Returns how many were
 * read; *at moves behind the last one.  Cost: 8 to 20 ns each, as above. */
size_t mmofl_number_run(const char **at, const char *end, size_t n, float *out);

/** Read the word for no finite number that [text, end) starts with: "nan", "inf" or
 * "infinity" in any case, with or without a sign.  Returns where it ends, or NULL when
 * there is none (then *value is untouched).  Cost: none to speak of, allocates nothing.
 */
const char *mmofl_number_read_word(const char *text, const char *end, double *value);

/** Read the whole number that *text starts with: digits, no sign, no leading zero;
 * *text moves behind it.
 * @retval MMOFL_E_TYPE   no digit, or a zero before another digit
 * @retval MMOFL_E_RANGE  over 2^64-1
 * On failure both are as they were. */
MMOFL_CHECKED mmofl_status mmofl_number_whole(const char **text, uint64_t *value);

#endif
