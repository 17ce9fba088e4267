/* number.c - decimals, exactly rounded.
 *
 * A decimal is digits * 10^exponent.  Up to 19 digits fit 64 bits; then
 *
 * - where the digits fit 2^53 and |exponent| <= 22, both are exact doubles, and their
 * one product or quotient is the correctly rounded result (W. D. Clinger, "How to read
 *   floating point numbers accurately", PLDI 1990): nearly all that sensors write;
 * - where |exponent| <= 27, 5^|exponent| fits 64 bits too, and one product or quotient
 *   of 128 bits is rounded once: what programs write that print doubles in full;
 * - the rest goes to strtod in the C locale; POSIX's uselocale makes that true for this
 *   thread even in a program that has set a locale with a decimal comma. */
#define _POSIX_C_SOURCE 200809L
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#ifdef __GNUC__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

enum {
    MAX_DIGITS = 19,
    MAX_EXACT_POWER = 22,
    MAX_LONG_POWER = 27,
    MAX_EXPONENT = 100000
};

struct decimal {
    bool negative;
    uint64_t digits; /* all of them while there are at most MAX_DIGITS */
    ptrdiff_t n;     /* of them; leading zeros do not count beyond MAX_DIGITS */
    int exponent;    /* of ten */
};

/* ---- digits ---- */

/* Digits one by one: what whole parts and exponents, which are short, are read with.
 * More than 19 of them wrap around. */
INLINE const char *scan_few(const char *at, const char *end, uint64_t *digits)
{
    uint64_t value = *digits;
    for (unsigned digit; at < end && (digit = (unsigned)(unsigned char)*at - '0') <= 9;
         at++)
        value = value * 10 + digit;
    *digits = value;
    return at;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Digits by the eight.  A digit xor '0' is at most 9; adding 0x76 to more than that
 * sets the top bit of its byte, and carries only reach bytes behind it.  The n digits
 * before the first such byte are moved to the end, with zeros in front, and added up in
 * pairs, fours and all. */
INLINE const char *scan_many(const char *at, const char *end, uint64_t *digits)
{
    static const uint64_t power[] = {1,      10,      100,      1000,     10000,
                                     100000, 1000000, 10000000, 100000000};
    while (end - at >= 8) {
        uint64_t v;
        memcpy(&v, at, sizeof v);
        v ^= UINT64_C(0x3030303030303030);
        uint64_t others =
            (v | (v + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
        unsigned n = others ? (unsigned)__builtin_ctzll(others) / 8 : 8;
        if (n == 0)
            return at;
        v <<= 64 - 8 * n;
        v = v * 10 + (v >> 8);
        v = ((v & UINT64_C(0xff000000ff)) * UINT64_C(0xf424000000064) +
             (v >> 16 & UINT64_C(0xff000000ff)) * UINT64_C(0x271000000001)) >>
            32;
        *digits = *digits * power[n] + v;
        at += n;
        if (n < 8)
            return at;
    }
    return scan_few(at, end, digits);
}
#else
INLINE const char *scan_many(const char *at, const char *end, uint64_t *digits)
{
    return scan_few(at, end, digits);
}
#endif

/* Of n digits that start at `at`, with a point among them, those that count. */
static ptrdiff_t without_leading_zeros(const char *at, ptrdiff_t n)
{
    for (; n > 0 && (*at == '0' || *at == '.'); at++)
        n -= *at == '0';
    return n;
}

/* "e-004" at `at`, or nothing: an e without digits is not part of the number. */
INLINE const char *scan_exponent(const char *at, const char *end, int *exponent)
{
    if (at == end || (*at | 0x20) != 'e')
        return at;
    const char *first = at + 1;
    char sign = first < end ? *first : '0';
    first += sign == '-' || sign == '+';
    uint64_t by = 0;
    const char *stop = scan_few(first, end, &by);
    if (stop == first)
        return at;
    if (stop - first > 5 && without_leading_zeros(first, stop - first) > 5)
        by = MAX_EXPONENT;
    *exponent += sign == '-' ? -(int)by : (int)by;
    return stop;
}

INLINE const char *scan(const char *text, const char *end, struct decimal *d)
{
    char sign = text < end ? *text : '0';
    const char *first = text + (sign == '-' || sign == '+');
    const char *at = scan_few(first, end, &d->digits);
    d->negative = sign == '-';
    d->n = at - first;
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = scan_many(fraction, end, &d->digits);
        d->n += at - fraction;
        d->exponent = at - fraction < MAX_EXPONENT ? -(int)(at - fraction) : 0;
    }
    if (d->n == 0)
        return NULL;
    if (d->n > MAX_DIGITS)
        d->n = d->n < MAX_EXPONENT ? without_leading_zeros(first, d->n) : d->n;
    return scan_exponent(at, end, &d->exponent);
}

/* ---- values ---- */

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 long_integer;

/* digits * 10^exponent in 128 bits.  A quotient of more than 64 bits has its rest, if
 * there is one, in its lowest bit, far below the place where it is rounded. */
static bool scale_exactly(const struct decimal *d, double *value)
{
    int power = abs(d->exponent);
    if (power > MAX_LONG_POWER || d->digits == 0)
        return false;
    long_integer five = 1, x = d->digits;
    for (int i = 0; i < power; i++)
        five *= 5;
    if (d->exponent >= 0) {
        *value = ldexp((double)(x * five), power);
        return true;
    }
    int shift = 64 + __builtin_clzll(d->digits);
    x <<= shift;
    long_integer quotient = x / five;
    *value = ldexp((double)(quotient | (x != quotient * five)), -power - shift);
    return true;
}
#else
static bool scale_exactly(const struct decimal *d, double *value)
{
    (void)d, (void)value;
    return false;
}
#endif

/* The value of d without its sign, correctly rounded; false where that takes strtod. */
INLINE bool scale(const struct decimal *d, double *value)
{
    static const double power[MAX_EXACT_POWER + 1] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int exponent = d->exponent;
    if (d->n > MAX_DIGITS)
        return false;
    if (d->digits > UINT64_C(1) << 53 || exponent < -MAX_EXACT_POWER ||
        exponent > MAX_EXACT_POWER)
        return scale_exactly(d, value);
    double x = (double)(int64_t)d->digits;
    *value = exponent < 0 ? x / power[-exponent] : x * power[exponent];
    return true;
}

/* [text, end), which has been found to be a number, as double and as float. */
struct both {
    double as_double;
    float as_float;
};

static struct both read_slowly(const char *text, const char *end)
{
    char small[128], *copy = small;
    size_t n = (size_t)(end - text);
    if (n >= sizeof small && !(copy = malloc(n + 1)))
        copy = small, n = sizeof small - 1; /* still 127 digits' worth of it */
    memcpy(copy, text, n);
    copy[n] = '\0';
    locale_t c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    locale_t before = c_locale ? uselocale(c_locale) : (locale_t)0;
    struct both value = {strtod(copy, NULL), strtof(copy, NULL)};
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
    double x;
    const char *stop = scan(text, end, &d);
    if (!stop)
        return NULL;
    if (scale(&d, &x))
        *value = d.negative ? -x : x;
    else
        *value = read_slowly(text, stop).as_double;
    return stop;
}

/* A correctly rounded double x >= 0 as the float that the decimal itself is nearest to;
 * false where that cannot be told from x.  Rounding once more is right but where x lies
 * halfway between two floats, because the decimal may lie to either side of it. */
INLINE bool to_float(double x, bool negative, float *value)
{
    const uint64_t smallest =
        UINT64_C(0x3810000000000000); /* normal float, as double */
    uint64_t bits;
    uint32_t with_sign;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x1fffffff) == 0x10000000 || (bits < smallest && bits != 0))
        return false;
    float rounded = (float)x;
    memcpy(&with_sign, &rounded, sizeof with_sign);
    with_sign |= (uint32_t)negative << 31; /* no branch: signs are hard to predict */
    memcpy(value, &with_sign, sizeof with_sign);
    return true;
}

INLINE const char *read_float(const char *text, const char *end, float *value)
{
    struct decimal d = {0};
    double x;
    const char *stop = scan(text, end, &d);
    if (stop && !(scale(&d, &x) && to_float(x, d.negative, value)))
        *value = read_slowly(text, stop).as_float;
    return stop;
}

const char *mmofl_number_read_float(const char *text, const char *end, float *value)
{
    return read_float(text, end, value);
}

/* ---- rows ---- */

INLINE bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

size_t mmofl_number_run(const char **at, const char *end, size_t n, float *out)
{
    const char *text = *at;
    size_t i = 0;
    for (; i < n; i++) {
        while (text < end && is_blank(*text))
            text++;
        float value;
        const char *after = read_float(text, end, &value);
        if (!after || after == end || (!is_blank(*after) && *after != '\n') ||
            !isfinite(value))
            break;
        out[i] = value;
        text = *at = after;
    }
    return i;
}

/* ---- words ---- */

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

/* ---- whole numbers ---- */

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
