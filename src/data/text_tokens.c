/* text_tokens.c - bytes to code points, code points to words, words to ids.
 *
 * The text is decoded and normalised as a whole, because normalisation looks at
 * neighbours; then one scanner walks over its code points.  It matches addresses and
 * names in the normalised text, so that full-width letters do not hide them and the
 * ellipsis of a cut address has become three dots.
 *
 * The hash is FNV-1a with 64 bits over a word's UTF-8 bytes: a few lines in any
 * language, so others can make the same ids.  It is not meant to withstand somebody who
 * chooses words that collide; those only spoil their own text. */
#include <assert.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "data/text_tokens.h"

/* --- decoding --------------------------------------------------------------------- */

/* A block of UTF-8: borrowed, or in `own`. */
struct utf8 {
    const unsigned char *data;
    size_t size;
    unsigned char *own;
};

/* How many bytes from the start are well-formed UTF-8. */
static size_t valid_utf8(const unsigned char *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        utf8proc_int32_t point;
        utf8proc_ssize_t n =
            utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(size - at), &point);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    return at;
}

static mmofl_status convert_gb18030(const unsigned char *bytes, size_t size,
                                    struct utf8 *text, mmofl_error *err)
{
    /* One, two or four bytes are a character, which takes at most four in UTF-8. */
    size_t room = 2 * size + 4, left = size, free_bytes = room;
    unsigned char *own = malloc(room);
    if (!own)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu bytes", room);
    iconv_t converter = iconv_open("UTF-8", "GB18030");
    if (converter == (iconv_t)-1) {
        bool short_of_memory = errno == ENOMEM;
        free(own);
        if (short_of_memory)
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to convert GB18030");
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                          "byte %zu is not UTF-8, and this C library has no GB18030",
                          valid_utf8(bytes, size));
    }
    char *in = (char *)(uintptr_t)bytes, *out = (char *)own; /* in is only read */
    size_t got = iconv(converter, &in, &left, &out, &free_bytes);
    iconv_close(converter);
    if (got == (size_t)-1) {
        free(own);
        return mmofl_fail(err, MMOFL_E_SYNTAX,
                          "neither UTF-8 (byte %zu) nor GB18030 (byte %zu)",
                          valid_utf8(bytes, size), size - left);
    }
    *text = (struct utf8){own, room - free_bytes, own};
    return MMOFL_OK;
}

/* The text as UTF-8 without a byte-order mark; text->own is for free(). */
static mmofl_status decode(const unsigned char *bytes, size_t size, struct utf8 *text,
                           mmofl_error *err)
{
    static const unsigned char mark[] = {0xef, 0xbb, 0xbf};
    if (size > MMOFL_TEXT_BYTES)
        return mmofl_fail(err, MMOFL_E_LIMIT, "a text of %zu bytes, at most %d", size,
                          MMOFL_TEXT_BYTES);
    const unsigned char *zero = size ? memchr(bytes, 0, size) : NULL;
    if (zero)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "byte %td is zero: no text",
                          zero - bytes);
    *text = (struct utf8){bytes, size, NULL};
    if (valid_utf8(bytes, size) < size) {
        mmofl_status st = convert_gb18030(bytes, size, text, err);
        if (st)
            return st;
    }
    if (text->size >= sizeof mark && memcmp(text->data, mark, sizeof mark) == 0) {
        text->data += sizeof mark;
        text->size -= sizeof mark;
    }
    return MMOFL_OK;
}

/* --- normalisation ---------------------------------------------------------------- */

struct points {
    utf8proc_int32_t *at; /* malloc'ed */
    size_t n;
};

static mmofl_status normalise(struct utf8 text, struct points *points, mmofl_error *err)
{
    /* Without STABLE utf8proc may use later additions; IGNORE drops joiners, variation
     * selectors and soft hyphens, which nobody sees. */
    const utf8proc_option_t options =
        (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE |
                            UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    utf8proc_ssize_t size = (utf8proc_ssize_t)text.size;
    utf8proc_ssize_t n = utf8proc_decompose(text.data, size, NULL, 0, options);
    if (n < 0)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "%s", utf8proc_errmsg(n));
    /* One more than asked for, so that an empty text is no special case. */
    utf8proc_int32_t *at = malloc(((size_t)n + 1) * sizeof *at);
    if (!at)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %td characters", n);
    n = utf8proc_decompose(text.data, size, at, n, options);
    if (n >= 0)
        n = utf8proc_normalize_utf32(at, n, options);
    if (n < 0) {
        free(at);
        return mmofl_fail(err, MMOFL_E_SYNTAX, "%s", utf8proc_errmsg(n));
    }
    *points = (struct points){at, (size_t)n};
    return MMOFL_OK;
}

/* --- words ------------------------------------------------------------------------ */

enum sort {
    SEPARATOR,
    LETTER, /* or digit: one of a run */
    MARK,   /* goes with what stands before it */
    ALONE   /* a token of its own */
};

/* Characters that are words by themselves: Han, kana, hangul. */
static bool is_syllable(utf8proc_int32_t c)
{
    static const struct {
        utf8proc_int32_t first, last;
    } blocks[] = {{0x1100, 0x11ff},  {0x2e80, 0x2fdf}, {0x3005, 0x3007},
                  {0x3040, 0x30ff},  {0x3130, 0x318f}, {0x31f0, 0x31ff},
                  {0x3400, 0x4dbf},  {0x4e00, 0x9fff}, {0xa960, 0xa97f},
                  {0xac00, 0xd7ff},  {0xf900, 0xfaff}, {0x1aff0, 0x1b16f},
                  {0x20000, 0x3ffff}};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (c >= blocks[i].first && c <= blocks[i].last)
            return true;
    return false;
}

static enum sort sort_of(utf8proc_int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return is_syllable(c) ? ALONE : LETTER;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return MARK;
    case UTF8PROC_CATEGORY_SO:
        return ALONE;
    default:
        return SEPARATOR;
    }
}

static bool is_graphic_ascii(utf8proc_int32_t c)
{
    return c > 0x20 && c < 0x7f;
}

static bool is_name_part(utf8proc_int32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* How many of the word's letters stand at `at`. */
static size_t common(const struct points *text, size_t at, const char *word)
{
    size_t n = 0;
    while (word[n] && at + n < text->n && text->at[at + n] == word[n])
        n++;
    return n;
}

static bool stands(const struct points *text, size_t at, const char *word)
{
    return common(text, at, word) == strlen(word);
}

/* Behind the web address that starts at `at`; `at` itself when none does.  "http://"
 * starts one anywhere, for people glue addresses to words; "www." and an address that
 * was cut within "https://" ("ht...") only where a word starts. */
static size_t skip_address(const struct points *text, size_t at, bool word_starts)
{
    bool found = stands(text, at, "http://") || stands(text, at, "https://");
    if (!found && word_starts) {
        size_t n = common(text, at, "http://"), s = common(text, at, "https://");
        n = s > n ? s : n;
        found = stands(text, at, "www.") || (n > 0 && stands(text, at + n, "..."));
    }
    while (found && at < text->n && is_graphic_ascii(text->at[at]))
        at++;
    return at;
}

static size_t skip_name(const struct points *text, size_t at)
{
    if (text->at[at] != '@')
        return at;
    for (at++; at < text->n && is_name_part(text->at[at]); at++)
        ;
    return at;
}

/* Behind the token that starts at `at`, which is no separator. */
static size_t token_end(const struct points *text, size_t at)
{
    bool alone = sort_of(text->at[at]) == ALONE;
    for (at++; at < text->n; at++) {
        enum sort sort = sort_of(text->at[at]);
        if (sort != MARK && (alone || sort != LETTER))
            break;
        if (skip_address(text, at, false) > at)
            break;
    }
    return at;
}

/* The next token from *at on: its start, and *at behind it; text->n when there is none.
 */
static size_t next_token(const struct points *text, size_t *at)
{
    while (*at < text->n) {
        size_t start = *at, after = skip_address(text, start, true);
        if (after == start)
            after = skip_name(text, start);
        if (after == start && sort_of(text->at[start]) != SEPARATOR) {
            *at = token_end(text, start);
            return start;
        }
        *at = after > start ? after : start + 1;
    }
    return text->n;
}

static int32_t token_id(const utf8proc_int32_t *points, size_t n, int vocabulary)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++) {
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t size = utf8proc_encode_char(points[i], bytes);
        for (utf8proc_ssize_t b = 0; b < size; b++)
            hash = (hash ^ bytes[b]) * UINT64_C(0x100000001b3);
    }
    return (int32_t)(1 + hash % (uint64_t)(vocabulary - 1));
}

mmofl_status mmofl_text_tokens(const void *bytes, size_t size, const char *name,
                               int vocabulary, int length, int32_t *ids, int *used,
                               int *whole, mmofl_error *err)
{
    assert(vocabulary >= 2 && length >= 0);
    struct utf8 text = {0};
    struct points points = {0};
    mmofl_error local = {0};
    mmofl_status st = decode(bytes, size, &text, &local);
    if (!st)
        st = normalise(text, &points, &local);
    free(text.own);
    if (st)
        return mmofl_fail(err, st, "%s: %s", name, local.text);

    int n = 0;
    for (size_t at = 0, start; (start = next_token(&points, &at)) < points.n; n++)
        if (n < length)
            ids[n] = token_id(points.at + start, at - start, vocabulary);
    free(points.at);
    for (int i = n; i < length; i++)
        ids[i] = 0;
    if (used)
        *used = n < length ? n : length;
    if (whole)
        *whole = n;
    return MMOFL_OK;
}
