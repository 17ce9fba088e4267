/* number.c - Clinger's fast path, with strtod for the rest.
 *
 * A decimal is digits * 10^exponent.  When the digits fit 2^53 and |exponent| <= 22,
 * both are exact doubles, so their one product or quotient is the correctly rounded
 * result (W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990).
 * That holds for nearly everything that sensors write.  Everything else goes to strtod
 * in the C locale; POSIX's uselocale makes that true for this thread even in a program
 * that has set a locale with a decimal comma. */
#define _POSIX_C_SOURCE 200809L
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

enum { MAX_EXACT_DIGITS = 15, MAX_EXACT_POWER = 22, MAX_EXPONENT = 100000 };

static const double power_of_ten[MAX_EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct decimal {
    bool negative;
    uint64_t digits; /* all digits while there are at most MAX_EXACT_DIGITS */
    int n_digits;    /* without leading zeros */
    int exponent;    /* of ten */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Take a run of digits into d; returns where it ends. */
static const char *scan_digits(const char *at, const char *end, struct decimal *d)
{
    for (; at < end && is_digit(*at); at++) {
        if (d->n_digits < MAX_EXACT_DIGITS)
            d->digits = d->digits * 10 + (uint64_t)(*at - '0');
        if (d->digits && d->n_digits <= MAX_EXACT_DIGITS)
            d->n_digits++;
    }
    return at;
}

/* "e-004" at `at`, or nothing: an e without digits is not part of the number. */
static const char *scan_exponent(const char *at, const char *end, int *exponent)
{
    const char *p = at;
    if (p == end || (*p != 'e' && *p != 'E'))
        return at;
    bool negative = ++p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || !is_digit(*p))
        return at;
    int value = 0;
    for (; p < end && is_digit(*p); p++)
        if (value < MAX_EXPONENT)
            value = value * 10 + (*p - '0');
    *exponent += negative ? -value : value;
    return p;
}

static const char *scan(const char *text, const char *end, struct decimal *d)
{
    const char *at = text;
    if (at < end && (*at == '-' || *at == '+'))
        d->negative = *at++ == '-';
    const char *whole = at;
    at = scan_digits(at, end, d);
    size_t n = (size_t)(at - whole);
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = scan_digits(at, end, d);
        n += (size_t)(at - fraction);
        if (at - fraction < MAX_EXPONENT)
            d->exponent = -(int)(at - fraction);
        else
            d->n_digits = MAX_EXACT_DIGITS + 1; /* absurdly long: not the fast path */
    }
    return n ? scan_exponent(at, end, &d->exponent) : NULL;
}

/* strtod of [text, end), which has been found to be a number. */
static double read_slowly(const char *text, const char *end)
{
    char small[128], *copy = small;
    size_t n = (size_t)(end - text);
    if (n >= sizeof small && !(copy = malloc(n + 1)))
        copy = small, n = sizeof small - 1; /* still 127 digits' worth of it */
    memcpy(copy, text, n);
    copy[n] = '\0';
    locale_t c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    locale_t before = c_locale ? uselocale(c_locale) : (locale_t)0;
    double value = strtod(copy, NULL);
    if (c_locale) {
        uselocale(before);
        freelocale(c_locale);
    }
    if (copy != small)
        free(copy);
    return value;
}

const char *mmofl_number_read(const char *text, const char *end, double *value)
{
    struct decimal d = {0};
    const char *stop = scan(text, end, &d);
    if (!stop)
        return NULL;
    if (d.n_digits > MAX_EXACT_DIGITS || d.exponent > MAX_EXACT_POWER ||
        d.exponent < -MAX_EXACT_POWER) {
        *value = read_slowly(text, stop);
        return stop;
    }
    double x = (double)d.digits;
    x = d.exponent < 0 ? x / power_of_ten[-d.exponent] : x * power_of_ten[d.exponent];
    *value = d.negative ? -x : x;
    return stop;
}

/* Does [text, end) start with `word`, which is in lower case? */
static bool starts_with(const char *text, const char *end, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(end - text) < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((text[i] | 0x20) != word[i]) /* ASCII lower case */
            return false;
    return true;
}

const char *mmofl_number_read_word(const char *text, const char *end, double *value)
{
    const char *at = text;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (starts_with(at, end, "nan")) {
        *value = (double)NAN;
        return at + 3;
    }
    if (!starts_with(at, end, "inf"))
        return NULL;
    *value = negative ? -HUGE_VAL : HUGE_VAL;
    return at + (starts_with(at, end, "infinity") ? 8 : 3);
}

mmofl_status mmofl_number_whole(const char **text, uint64_t *value)
{
    const char *c = *text;
    uint64_t sum = 0;
    if (c[0] == '0' && c[1] >= '0' && c[1] <= '9')
        return MMOFL_E_TYPE;
    for (; *c >= '0' && *c <= '9'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return MMOFL_E_RANGE;
        sum = 10 * sum + digit;
    }
    if (c == *text)
        return MMOFL_E_TYPE;
    *text = c;
    *value = sum;
    return MMOFL_OK;
}
