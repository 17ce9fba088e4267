/* number.h - decimal numbers in text, read fast and the same in every locale. */
#ifndef MMOFL_BASE_NUMBER_H
#define MMOFL_BASE_NUMBER_H

#include "mmofl/status.h"

/** Read the number that [text, end) starts with: sign, digits, point, digits, exponent,
 * of which only one digit is required; no blanks in front, no hexadecimal, inf or nan.
 * *value is the nearest double, exactly as strtod in the C locale would give it: too
 * large gives infinity, too small 0.
 * Returns where the number ends, or NULL when there is none (then *value is untouched).
 * Cost: some nanoseconds for up to 15 digits and an exponent within 22, else strtod's.
 */
const char *mmofl_number_read(const char *text, const char *end, double *value);

#endif
