/* npy.c - a few bytes that say how long the header is, a Python dictionary as text, and
 * the values.
 *
 *   | 93 "NUMPY" | 1 0 | n: 2 bytes | dictionary, padded with blanks, line end | data |
 *   | 93 "NUMPY" | 2 0 | n: 4 bytes | ... n bytes ...                          | data |
 *
 * NumPy evaluates the dictionary as Python; we take only the one spelling that NumPy
 * itself writes (keys in alphabetical order, single quotes), so that there is nothing
 * to evaluate.  The header's last byte must be a line end: no scan can run past it. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "data/npy.h"

enum { MAGIC_BYTES = 6, VERSION_BYTES = 2 };
static const char magic[MAGIC_BYTES + 1] = "\x93NUMPY";

/* One row for each mmofl_npy_type, in its order. */
static const struct {
    const char *descr;
    size_t bytes;
} types[] = {{"|u1", 1}, {"<i4", 4}, {"<i8", 8}, {"<f4", 4}, {"<f8", 8}};

/* --- header ----------------------------------------------------------------------- */

/* A place in the dictionary. */
struct cursor {
    const char *name;
    const char *start; /* of the file */
    const char *at;    /* <= the header's line end */
};

static mmofl_status refuse(const struct cursor *c, const char *wanted, mmofl_error *err)
{
    return mmofl_fail(err, MMOFL_E_SYNTAX, "%s: byte %zu of the header: wanted %s",
                      c->name, (size_t)(c->at - c->start), wanted);
}

/* Step over a word that holds no line end; false when another one stands here. */
static bool skip(struct cursor *c, const char *word)
{
    const char *at = c->at;
    while (*word && *at == *word)
        at++, word++;
    if (*word)
        return false;
    c->at = at;
    return true;
}

static mmofl_status read_type(struct cursor *c, mmofl_npy_type *type, mmofl_error *err)
{
    if (!skip(c, "{'descr': "))
        return refuse(c, "{'descr': ", err);
    if (*c->at == '[')
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "%s: a structured array", c->name);
    if (!skip(c, "'"))
        return refuse(c, "a type in single quotes", err);
    size_t n = strcspn(c->at, "'\n");
    if (c->at[n] != '\'')
        return refuse(c, "a type in single quotes", err);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (n == strlen(types[i].descr) && memcmp(c->at, types[i].descr, n) == 0) {
            *type = (mmofl_npy_type)i;
            c->at += n + 1;
            return MMOFL_OK;
        }
    return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                      "%s: values of type '%.*s', wanted |u1, <i4, <i8, <f4 or <f8",
                      c->name, n < 20 ? (int)n : 20, c->at);
}

static mmofl_status read_order(struct cursor *c, mmofl_error *err)
{
    if (!skip(c, ", 'fortran_order': "))
        return refuse(c, ", 'fortran_order': ", err);
    if (skip(c, "True"))
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                          "%s: in Fortran order; numpy.ascontiguousarray makes it C",
                          c->name);
    return skip(c, "False") ? MMOFL_OK : refuse(c, "False", err);
}

static mmofl_status read_dim(struct cursor *c, mmofl_npy *npy, mmofl_error *err)
{
    uint64_t dim;
    mmofl_status st = mmofl_number_whole(&c->at, &dim);
    if (st == MMOFL_E_TYPE)
        return refuse(c, "a whole number", err);
    if (npy->n_dims == MMOFL_NPY_DIMS)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: more than %d dimensions", c->name,
                          MMOFL_NPY_DIMS);
    /* A zero must not hide the overflow of those beside it, hence "or 1". */
    size_t so_far = npy->count;
    if (st || dim > SIZE_MAX ||
        !mmofl_bytes_product(so_far, dim ? (size_t)dim : 1, &npy->count))
        return mmofl_fail(err, MMOFL_E_LIMIT,
                          "%s: a shape with more values than this machine can count",
                          c->name);
    npy->dim[npy->n_dims++] = (size_t)dim;
    return MMOFL_OK;
}

/* (), (5,) or (5, 3): only a tuple of one has a comma at its end. */
static mmofl_status read_shape(struct cursor *c, mmofl_npy *npy, mmofl_error *err)
{
    if (!skip(c, ", 'shape': ("))
        return refuse(c, ", 'shape': (", err);
    npy->count = 1;
    if (skip(c, ")"))
        return MMOFL_OK;
    do {
        mmofl_status st = read_dim(c, npy, err);
        if (st)
            return st;
    } while (skip(c, ", "));
    const char *end = npy->n_dims == 1 ? ",)" : ")";
    if (!skip(c, end))
        return refuse(c, end, err);
    for (int i = 0; i < npy->n_dims; i++)
        if (npy->dim[i] == 0)
            npy->count = 0;
    return MMOFL_OK;
}

/* The dictionary of n bytes, the last one a line end. */
static mmofl_status read_dictionary(struct cursor *c, size_t n, mmofl_npy *npy,
                                    mmofl_error *err)
{
    const char *last = c->at + n - 1;
    if (n == 0 || *last != '\n')
        return mmofl_fail(err, MMOFL_E_SYNTAX,
                          "%s: the header does not end in a line end", c->name);
    if (memchr(c->at, '\0', n))
        return mmofl_fail(err, MMOFL_E_SYNTAX, "%s: a zero byte in the header",
                          c->name);
    mmofl_status st = read_type(c, &npy->type, err);
    if (!st)
        st = read_order(c, err);
    if (!st)
        st = read_shape(c, npy, err);
    if (st)
        return st;
    if (!skip(c, ", }"))
        return refuse(c, ", }", err);
    while (c->at < last && *c->at == ' ')
        c->at++;
    return c->at == last ? MMOFL_OK : refuse(c, "nothing but blanks", err);
}

/* Magic, version and length: *length receives how many bytes of dictionary follow. */
static mmofl_status read_prefix(mmofl_bytes *place, const char *name, size_t *length,
                                mmofl_error *err)
{
    unsigned char version[VERSION_BYTES], digits[4] = {0};
    size_t seen = place->size < MAGIC_BYTES ? place->size : MAGIC_BYTES;
    if (seen > 0 && memcmp(place->from, magic, seen) != 0)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "%s: not a .npy file", name);
    place->at = seen;
    mmofl_bytes_raw(place, version, sizeof version);
    if (!place->bad && ((version[0] != 1 && version[0] != 2) || version[1] != 0))
        return mmofl_fail(err, MMOFL_E_VERSION,
                          "%s: .npy format %d.%d, wanted 1.0 or 2.0", name, version[0],
                          version[1]);
    mmofl_bytes_raw(place, digits, version[0] == 2 ? 4 : 2);
    *length = 0;
    for (int i = 3; i >= 0; i--)
        *length = *length << 8 | digits[i];
    if (place->bad || *length > place->size - place->at)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: ends inside its header", name);
    return MMOFL_OK;
}

mmofl_status mmofl_npy_parse(const void *bytes, size_t size, const char *name,
                             mmofl_npy *npy, mmofl_error *err)
{
    mmofl_npy made = {0};
    mmofl_bytes place = mmofl_bytes_reader(bytes, size);
    size_t length = 0, wanted;
    mmofl_status st = read_prefix(&place, name, &length, err);
    if (st)
        return st;
    const char *start = bytes;
    struct cursor c = {name, start, start + place.at};
    if ((st = read_dictionary(&c, length, &made, err)))
        return st;
    if (!mmofl_bytes_product(made.count, types[made.type].bytes, &wanted))
        return mmofl_fail(err, MMOFL_E_LIMIT,
                          "%s: a shape with more bytes than this machine can count",
                          name);
    size_t there = size - place.at - length;
    if (there != wanted)
        return mmofl_fail(
            err, there < wanted ? MMOFL_E_TRUNCATED : MMOFL_E_CORRUPT,
            "%s: %zu bytes behind the header, its shape and type need %zu", name, there,
            wanted);
    made.data = place.from + place.at + length;
    *npy = made;
    return MMOFL_OK;
}

/* --- values ----------------------------------------------------------------------- */

static int64_t integer_at(const mmofl_npy *npy, size_t i)
{
    switch (npy->type) {
    case MMOFL_NPY_U8:
        return npy->data[i];
    case MMOFL_NPY_I32:
        return (int32_t)(uint32_t)mmofl_bytes_load(npy->data + 4 * i, 4);
    default:
        return (int64_t)mmofl_bytes_load(npy->data + 8 * i, 8);
    }
}

static double real_at(const mmofl_npy *npy, size_t i)
{
    uint32_t bits32;
    uint64_t bits64;
    float narrow;
    double wide;
    switch (npy->type) {
    case MMOFL_NPY_F32:
        bits32 = (uint32_t)mmofl_bytes_load(npy->data + 4 * i, 4);
        memcpy(&narrow, &bits32, sizeof narrow);
        return (double)narrow;
    case MMOFL_NPY_F64:
        bits64 = mmofl_bytes_load(npy->data + 8 * i, 8);
        memcpy(&wide, &bits64, sizeof wide);
        return wide;
    default:
        return (double)integer_at(npy, i);
    }
}

mmofl_status mmofl_npy_floats(const mmofl_npy *npy, const char *name, size_t first,
                              size_t n, float *out, mmofl_error *err)
{
    assert(first <= npy->count && n <= npy->count - first);
    for (size_t i = first; i < first + n; i++)
        if (!isfinite((float)real_at(npy, i)))
            return mmofl_fail(err, MMOFL_E_NONFINITE,
                              "%s: value %zu is %g, wanted a finite float", name, i,
                              real_at(npy, i));
    for (size_t i = 0; i < n; i++)
        out[i] = (float)real_at(npy, first + i);
    return MMOFL_OK;
}

bool mmofl_npy_all_nan(const mmofl_npy *npy, size_t first, size_t n)
{
    assert(first <= npy->count && n <= npy->count - first);
    for (size_t i = first; i < first + n; i++)
        if (!isnan(real_at(npy, i)))
            return false;
    return n > 0;
}

mmofl_status mmofl_npy_integers(const mmofl_npy *npy, const char *name, size_t first,
                                size_t n, int64_t min, int64_t max, int64_t *out,
                                mmofl_error *err)
{
    assert(first <= npy->count && n <= npy->count - first);
    if (npy->type == MMOFL_NPY_F32 || npy->type == MMOFL_NPY_F64)
        return mmofl_fail(err, MMOFL_E_TYPE, "%s: type %s, wanted whole numbers", name,
                          types[npy->type].descr);
    for (size_t i = first; i < first + n; i++)
        if (integer_at(npy, i) < min || integer_at(npy, i) > max)
            return mmofl_fail(
                err, MMOFL_E_RANGE, "%s: value %zu is %lld, wanted %lld to %lld", name,
                i, (long long)integer_at(npy, i), (long long)min, (long long)max);
    for (size_t i = 0; i < n; i++)
        out[i] = integer_at(npy, first + i);
    return MMOFL_OK;
}
