/* matlab.c - MAT-file level 5, the part of it that holds plain arrays.
 *
 *   | text, 116 bytes | 8 bytes | version 2 | "IM" 2 |  variable  | variable | ...
 *
 *   element:   | type 4 | size 4 | data, padded to 8 |  or, up to 4 bytes of data,
 *              | type 2 | size 2 | data, padded to 4 |
 *   variable:  an element of type 14 (matrix), whose data are the elements
 *              flags and class, dimensions, name, real values;
 *              or of type 15: such an element packed by zlib, not padded
 *
 * MATLAB stores doubles that are whole numbers as small integers, so the type of the
 * values is not that of the array.  A packed variable is unpacked twice: its first
 * bytes, which tell what it is, onto the stack, and then, when it is the one that is
 * wanted and no larger than allowed, all of it into exactly the bytes that it needs.
 *
 * Why not libmatio: its Mat_VarReadInfo, the call that would let us look before we
 * read, allocates what dimensions and cells claim; 264 bytes made it take 2 GB.  It
 * also wants a file name where we have bytes, and brings HDF5 along. */
#define ZLIB_CONST
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "data/matlab.h"

enum {
    HEADER_BYTES = 128,
    VERSION_AT = 124,
    ENDIAN_AT = 126,
    TAG_BYTES = 8,
    PEEK_BYTES = 512 /* flags, dimensions and name take less in any sane file */
};

enum { TYPE_INT32 = 5, TYPE_UINT32 = 6, TYPE_MATRIX = 14, TYPE_PACKED = 15 };
enum { CLASS_DOUBLE = 6, CLASS_SINGLE = 7, CLASS_OPAQUE = 17, FLAG_COMPLEX = 0x08 };

/* What is being looked for, and in what. */
struct wanted {
    const char *file, *variable;
    size_t most;
};

/* --- elements --------------------------------------------------------------------- */

struct element {
    uint32_t type;
    size_t size;
    const unsigned char *data; /* size bytes; NULL when they do not fit */
    size_t at;                 /* where they start */
    uint64_t end;              /* where the next element does, behind the padding */
};

/* The element at place, whose data may lie beyond the place's end; stepping over them
 * then turns the place bad, reading the tag alone does not. */
static struct element read_tag(mmofl_bytes *place)
{
    struct element e = {0};
    uint32_t size = 0, padding = 8;
    mmofl_bytes_u32(place, &e.type);
    if (e.type >> 16) {
        size = e.type >> 16;
        e.type &= 0xffff;
        padding = 4;
        place->bad = place->bad || size > 4;
    } else {
        mmofl_bytes_u32(place, &size);
    }
    e.size = size;
    e.at = place->at;
    e.end = e.at + ((uint64_t)size + padding - 1) / padding * padding;
    if (!place->bad && e.size <= place->size - place->at)
        e.data = place->from + place->at;
    return e;
}

/* As read_tag, and step behind the element. */
static struct element read_element(mmofl_bytes *place)
{
    struct element e = read_tag(place);
    if (place->bad || e.end > place->size) {
        place->bad = true;
        return (struct element){0};
    }
    place->at = (size_t)e.end;
    return e;
}

/* --- what a variable is ----------------------------------------------------------- */

/* The head of a variable, of which only the first bytes may be at hand. */
struct head {
    unsigned class, flags;
    struct element dims, name, values; /* values: the tag alone */
    uint64_t total;                    /* bytes of the variable, its tag counted */
};

/* Read the head of a matrix element from its first bytes. */
static mmofl_status read_head(const struct wanted *w, const unsigned char *bytes,
                              size_t size, struct head *head, mmofl_error *err)
{
    mmofl_bytes place = mmofl_bytes_reader(bytes, size);
    struct element matrix = read_tag(&place);
    struct head made = {.total = matrix.end};
    if (!place.bad && matrix.type != TYPE_MATRIX)
        return mmofl_fail(err, MMOFL_E_SYNTAX,
                          "%s: an element of type %u, wanted a variable (%d)", w->file,
                          (unsigned)matrix.type, TYPE_MATRIX);
    struct element flags = read_element(&place);
    if (flags.data && flags.type == TYPE_UINT32 && flags.size == 8) {
        made.class = flags.data[0];
        made.flags = flags.data[1];
    } else {
        place.bad = true;
    }
    /* An opaque one has no dimensions, and its name elsewhere. */
    if (!place.bad && made.class == CLASS_OPAQUE) {
        *head = made;
        return MMOFL_OK;
    }
    made.dims = read_element(&place);
    made.name = read_element(&place);
    made.values = read_tag(&place);
    if (place.bad || made.dims.type != TYPE_INT32 || made.dims.size % 4 != 0)
        return mmofl_fail(err, MMOFL_E_CORRUPT,
                          "%s: a variable whose flags, dimensions and name are damaged "
                          "or longer than %zu bytes",
                          w->file, size);
    *head = made;
    return MMOFL_OK;
}

static bool is_wanted(const struct wanted *w, const struct head *head)
{
    size_t n = strlen(w->variable);
    return head->name.data && head->name.size == n &&
           memcmp(head->name.data, w->variable, n) == 0;
}

static mmofl_status read_dims(const struct wanted *w, const struct head *head,
                              mmofl_matlab_array *array, mmofl_error *err)
{
    size_t n = head->dims.size / 4;
    if (n == 0 || n > MMOFL_MATLAB_DIMS)
        return mmofl_fail(err, MMOFL_E_LIMIT,
                          "%s: %s has %zu dimensions, wanted 1 to %d", w->file,
                          w->variable, n, MMOFL_MATLAB_DIMS);
    size_t most = 1; /* a zero must not hide the size of those beside it */
    array->count = 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t dim = mmofl_bytes_load(head->dims.data + 4 * i, 4);
        if (dim > INT32_MAX ||
            !mmofl_bytes_product(most, dim ? (size_t)dim : 1, &most) || most > w->most)
            return mmofl_fail(
                err, MMOFL_E_LIMIT,
                "%s: %s has more than %zu values, or a negative dimension", w->file,
                w->variable, w->most);
        array->dim[i] = (size_t)dim;
        array->count *= (size_t)dim;
    }
    array->n_dims = (int)n;
    return MMOFL_OK;
}

/* Bytes of one stored value; 0 for a type that is no number. */
static size_t value_bytes(uint32_t type)
{
    static const unsigned char bytes[] = {
        [1] = 1, [2] = 1, [3] = 2, [4] = 2, [5] = 4, [6] = 4, [7] = 4, [9] = 8};
    return type < sizeof bytes ? bytes[type] : 0;
}

/* Class, dimensions and sizes of the wanted variable, before its values are touched. */
static mmofl_status check_head(const struct wanted *w, const struct head *head,
                               mmofl_matlab_array *array, mmofl_error *err)
{
    if ((head->class != CLASS_DOUBLE && head->class != CLASS_SINGLE) ||
        (head->flags & FLAG_COMPLEX))
        return mmofl_fail(err, MMOFL_E_TYPE,
                          "%s: %s is no real array of class double or single", w->file,
                          w->variable);
    mmofl_status st = read_dims(w, head, array, err);
    if (st)
        return st;
    size_t bytes = value_bytes(head->values.type);
    if (bytes == 0 || head->values.size != array->count * bytes ||
        head->values.end != head->total)
        return mmofl_fail(err, MMOFL_E_CORRUPT,
                          "%s: %s has %zu values but %zu bytes of type %u for them, in "
                          "%llu bytes",
                          w->file, w->variable, array->count, head->values.size,
                          (unsigned)head->values.type, (unsigned long long)head->total);
    return MMOFL_OK;
}

/* --- values ----------------------------------------------------------------------- */

static double value_at(uint32_t type, const unsigned char *at)
{
    uint64_t bits = mmofl_bytes_load(at, value_bytes(type));
    uint32_t low = (uint32_t)bits;
    float narrow;
    double wide;
    switch (type) {
    case 1:
        return (int8_t)bits;
    case 3:
        return (int16_t)bits;
    case TYPE_INT32:
        return (int32_t)bits;
    case 7:
        memcpy(&narrow, &low, sizeof narrow);
        return (double)narrow;
    case 9:
        memcpy(&wide, &bits, sizeof wide);
        return wide;
    default:
        return low; /* the unsigned ones */
    }
}

static mmofl_status read_values(const struct wanted *w, const struct head *head,
                                const unsigned char *matrix, mmofl_matlab_array *array,
                                mmofl_error *err)
{
    size_t bytes = value_bytes(head->values.type);
    double *values = malloc((array->count ? array->count : 1) * sizeof *values);
    if (!values)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %zu values", w->file,
                          array->count);
    const unsigned char *at = matrix + head->values.at;
    for (size_t i = 0; i < array->count; i++) {
        values[i] = value_at(head->values.type, at + i * bytes);
        if (!isfinite(values[i])) {
            free(values);
            return mmofl_fail(err, MMOFL_E_NONFINITE,
                              "%s: value %zu of %s is NaN or infinite", w->file, i,
                              w->variable);
        }
    }
    array->values = values;
    return MMOFL_OK;
}

/* --- packed variables ------------------------------------------------------------- */

/* Unpack the first `room` bytes; *got receives how many there are, *whole whether that
 * is all. */
static mmofl_status unpack(const struct wanted *w, const struct element *packed,
                           unsigned char *out, size_t room, size_t *got, bool *whole,
                           mmofl_error *err)
{
    z_stream z = {.next_in = packed->data,
                  .avail_in = (uInt)packed->size,
                  .next_out = out,
                  .avail_out = (uInt)room};
    if (inflateInit(&z) != Z_OK)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory to unpack", w->file);
    int code = inflate(&z, Z_FINISH);
    *got = room - z.avail_out;
    *whole = code == Z_STREAM_END && z.avail_in == 0;
    inflateEnd(&z);
    if (code == Z_MEM_ERROR)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory to unpack", w->file);
    if (code != Z_STREAM_END && code != Z_OK && code != Z_BUF_ERROR)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: packed data are damaged", w->file);
    return MMOFL_OK;
}

static mmofl_status unpack_values(const struct wanted *w, const struct element *packed,
                                  const struct head *head, mmofl_matlab_array *array,
                                  mmofl_error *err)
{
    size_t total = (size_t)head->total, got = 0; /* check_head has bounded it */
    bool whole = false;
    unsigned char *matrix = malloc(total);
    if (!matrix)
        return mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for %zu bytes", w->file,
                          total);
    mmofl_status st = unpack(w, packed, matrix, total, &got, &whole, err);
    if (!st && (got != total || !whole))
        st = mmofl_fail(err, MMOFL_E_CORRUPT,
                        "%s: %s does not unpack to the %zu bytes it declares", w->file,
                        w->variable, total);
    if (!st)
        st = read_values(w, head, matrix, array, err);
    free(matrix);
    return st;
}

/* --- the file --------------------------------------------------------------------- */

static mmofl_status check_file_header(const struct wanted *w,
                                      const unsigned char *bytes, size_t size,
                                      mmofl_error *err)
{
    static const unsigned char hdf5[] = "\x89HDF\r\n\x1a\n";
    if (size >= sizeof hdf5 - 1 && memcmp(bytes, hdf5, sizeof hdf5 - 1) == 0)
        return mmofl_fail(
            err, MMOFL_E_UNSUPPORTED,
            "%s: an HDF5 file; MATLAB's save -v7 writes what is read here", w->file);
    if (size < HEADER_BYTES)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: %zu bytes, a header has %d",
                          w->file, size, HEADER_BYTES);
    const unsigned char *endian = bytes + ENDIAN_AT, *version = bytes + VERSION_AT;
    if (memcmp(endian, "MI", 2) == 0)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "%s: big endian", w->file);
    if (memcmp(endian, "IM", 2) != 0)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "%s: not a MATLAB 5 file", w->file);
    if (version[0] != 0 || version[1] != 1)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                          "%s: MATLAB format %d.%d; save -v7 writes what is read here",
                          w->file, version[1], version[0]);
    return MMOFL_OK;
}

/* Look at one variable of the file, which starts at `start`; when it is the one that is
 * wanted, read it. */
static mmofl_status read_variable(const struct wanted *w, const unsigned char *start,
                                  const struct element *e, mmofl_matlab_array *array,
                                  mmofl_error *err)
{
    unsigned char peek[PEEK_BYTES];
    const unsigned char *matrix = start;
    size_t at_hand = (size_t)e->end;
    bool whole;
    struct head head = {0};
    mmofl_status st = MMOFL_OK;
    if (e->type == TYPE_PACKED) {
        matrix = peek;
        st = unpack(w, e, peek, sizeof peek, &at_hand, &whole, err);
    }
    if (!st)
        st = read_head(w, matrix, at_hand, &head, err);
    if (st || !is_wanted(w, &head))
        return st;
    if (array->values)
        return mmofl_fail(err, MMOFL_E_DUPLICATE, "%s: two variables are named %s",
                          w->file, w->variable);
    if ((st = check_head(w, &head, array, err)))
        return st;
    return e->type == TYPE_PACKED ? unpack_values(w, e, &head, array, err)
                                  : read_values(w, &head, matrix, array, err);
}

static mmofl_status read_variables(const struct wanted *w, mmofl_bytes *place,
                                   mmofl_matlab_array *array, mmofl_error *err)
{
    while (place->at < place->size) {
        const unsigned char *start = place->from + place->at;
        struct element e = read_tag(place);
        if (!place->bad && e.type != TYPE_MATRIX && e.type != TYPE_PACKED)
            return mmofl_fail(err, MMOFL_E_SYNTAX,
                              "%s: an element of type %u, wanted a variable (%d or %d)",
                              w->file, (unsigned)e.type, TYPE_MATRIX, TYPE_PACKED);
        if (e.type == TYPE_PACKED)
            e.end = (uint64_t)e.at + e.size;
        if (place->bad || e.end > place->size)
            return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: ends inside a variable",
                              w->file);
        place->at = (size_t)e.end;
        e.end -= (size_t)(start - place->from);
        mmofl_status st = read_variable(w, start, &e, array, err);
        if (st)
            return st;
    }
    return array->values ? MMOFL_OK
                         : mmofl_fail(err, MMOFL_E_MISSING, "%s: holds no variable %s",
                                      w->file, w->variable);
}

mmofl_status mmofl_matlab_read(const void *bytes, size_t size, const char *name,
                               const char *variable, size_t most,
                               mmofl_matlab_array *array, mmofl_error *err)
{
    const struct wanted w = {name, variable, most};
    mmofl_matlab_array made = {0};
    mmofl_bytes place = mmofl_bytes_reader(bytes, size);
    assert(most <= MMOFL_MATLAB_MOST);
    mmofl_status st = check_file_header(&w, bytes, size, err);
    if (st)
        return st;
    place.at = HEADER_BYTES;
    if ((st = read_variables(&w, &place, &made, err))) {
        free(made.values);
        return st;
    }
    *array = made;
    return MMOFL_OK;
}
