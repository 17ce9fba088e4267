/* message_tensor.c - texts, digests and arrays of numbers inside messages.
 *
 * protobuf-c copies a tensor's bytes into a block of its own, aligned for floats.  On a
 * little-endian machine these bytes are the floats, so a model is read without another
 * copy, and written without one. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/yaml.h"
#include "fed/fixed_sum_loops.h"
#include "wire/message_parts.h"
#include "wire/name.h"

/* ---- texts and digests ----------------------------------------------------------- */

mmofl_status mmofl_read_text(mmofl_passage *p, const char *what, const char *in,
                             size_t least, size_t most, bool lines)
{
    size_t n = strlen(in);
    if (n > most)
        return mmofl_fail(p->err, MMOFL_E_LIMIT, "%s of %zu bytes, wanted at most %zu",
                          what, n, most);
    if (n < least)
        return mmofl_fail(p->err, MMOFL_E_MISSING, "no %s", what);
    if (!mmofl_wire_text_is_valid(in, most, lines))
        return mmofl_fail(p->err, MMOFL_E_SYNTAX, "%s is no clean UTF-8", what);
    return MMOFL_OK;
}

char *mmofl_write_text(mmofl_passage *p, const char *text, size_t most, bool lines)
{
    size_t size = strlen(text), n = 0;
    char *out = mmofl_wire_take(p->memory, (size < most ? size : most) + 1, 1);
    for (size_t at = 0; out && at < size;) {
        char one[8] = {0};
        unsigned code;
        int bytes = mmofl_yaml_character(text + at, size - at, &code);
        memcpy(one, text + at, bytes ? (size_t)bytes : 1);
        at += strlen(one);
        if (!mmofl_wire_text_is_valid(one, sizeof one, lines))
            memcpy(one, "?", 2);
        if (strlen(one) > most - n)
            break;
        memcpy(out + n, one, strlen(one));
        n += strlen(one);
    }
    return out;
}

mmofl_status mmofl_read_digest(mmofl_passage *p, const char *what,
                               const ProtobufCBinaryData *in, bool may_miss,
                               mmofl_digest *out)
{
    *out = (mmofl_digest){{0}};
    if (in->len == 0)
        return may_miss
                   ? MMOFL_OK
                   : mmofl_fail(p->err, MMOFL_E_MISSING, "no digest of the %s", what);
    if (in->len != sizeof out->bytes)
        return mmofl_fail(p->err, MMOFL_E_COUNT, "a digest of the %s with %zu bytes",
                          what, in->len);
    memcpy(out->bytes, in->data, sizeof out->bytes);
    if (mmofl_digest_is_none(out) && !may_miss)
        return mmofl_fail(p->err, MMOFL_E_MISSING, "a digest of the %s of zeros", what);
    return MMOFL_OK;
}

ProtobufCBinaryData mmofl_write_digest(const mmofl_digest *digest)
{
    bool none = mmofl_digest_is_none(digest);
    return mmofl_wire_bytes(none ? NULL : digest->bytes,
                            none ? 0 : sizeof digest->bytes);
}

mmofl_status mmofl_read_real(mmofl_passage *p, const char *what, double in, double min,
                             double max)
{
    if (!isfinite(in))
        return mmofl_fail(p->err, MMOFL_E_NONFINITE, "%s is %g", what, in);
    if (in < min || in > max)
        return mmofl_fail(p->err, MMOFL_E_RANGE, "%s is %g, wanted %g to %g", what, in,
                          min, max);
    return MMOFL_OK;
}

/* ---- reading --------------------------------------------------------------------- */

static size_t expected_count(mmofl_expected e)
{
    return e.dim[1] ? e.dim[0] * e.dim[1] : e.dim[0];
}

static mmofl_status check_tensor(mmofl_passage *p, const Mmofl__Wire__Tensor *in,
                                 mmofl_expected e)
{
    size_t dims = e.dim[1] ? 2 : 1;
    if (!in)
        return mmofl_fail(p->err, MMOFL_E_MISSING, "no %s", e.what);
    if (in->n_shape != dims || in->shape[0] != e.dim[0] ||
        (dims == 2 && in->shape[1] != e.dim[1]))
        return mmofl_fail(p->err, MMOFL_E_SHAPE,
                          "%s of another shape, wanted (%zu%s%.0zu)", e.what, e.dim[0],
                          dims == 2 ? ", " : "", e.dim[1]);
    if (in->dtype != MMOFL__WIRE__DTYPE__F32 && in->dtype != MMOFL__WIRE__DTYPE__U32 &&
        in->dtype != MMOFL__WIRE__DTYPE__F16 && in->dtype != MMOFL__WIRE__DTYPE__I8)
        return mmofl_fail(p->err, MMOFL_E_UNKNOWN, "%s of dtype %d", e.what,
                          (int)in->dtype);
    return MMOFL_OK;
}

static bool all_finite(const float *values, size_t n)
{
    static const int32_t infinity = 0x7f800000; /* its bits; those of NaN are above */
    return MMOFL_BEST(mmofl_fixed_sum_largest)(values, n) < infinity;
}

/* Decode into new memory. */
static mmofl_status decode(mmofl_passage *p, const mmofl_coded *coded, const char *what,
                           size_t n, float **out)
{
    float *values = MMOFL_WIRE_NEW(p->memory, n, float);
    if (!values)
        return mmofl_fail(p->err, MMOFL_E_MEMORY, "no memory for %s", what);
    mmofl_status st = mmofl_wire_decode(coded, n, values);
    if (st)
        return mmofl_fail(p->err, st, "%s: %s", what, mmofl_status_text(st));
    *out = values;
    return MMOFL_OK;
}

mmofl_status mmofl_read_float_bytes(mmofl_passage *p, const char *what,
                                    const ProtobufCBinaryData *in, size_t n,
                                    float **out)
{
    mmofl_coded coded = {MMOFL_WIRE_F32, in->data, in->len, NULL, 0};
    if (!MMOFL_BYTES_ARE_NATIVE)
        return decode(p, &coded, what, n, out);
    if (in->len / sizeof **out != n || in->len % sizeof **out != 0)
        return mmofl_fail(p->err, MMOFL_E_COUNT, "%s of %zu bytes, wanted %zu numbers",
                          what, in->len, n);
    float *values = (void *)in->data;
    if (!all_finite(values, n))
        return mmofl_fail(p->err, MMOFL_E_NONFINITE, "%s: NaN or infinity", what);
    *out = values;
    return MMOFL_OK;
}

mmofl_status mmofl_read_floats(mmofl_passage *p, const Mmofl__Wire__Tensor *in,
                               mmofl_expected e, float **out)
{
    mmofl_status st = check_tensor(p, in, e);
    if (st)
        return st;
    size_t n = expected_count(e);
    bool plain = in->dtype == MMOFL__WIRE__DTYPE__F32 && in->index.len == 0;
    if (plain)
        return mmofl_read_float_bytes(p, e.what, &in->data, n, out);
    if (e.exact)
        return mmofl_fail(p->err, MMOFL_E_TYPE, "%s must be dense float32", e.what);
    mmofl_coded coded = {(mmofl_wire_dtype)in->dtype, in->data.data, in->data.len,
                         in->index.len ? in->index.data : NULL, in->index.len};
    return decode(p, &coded, e.what, n, out);
}

mmofl_status mmofl_read_counts(mmofl_passage *p, const Mmofl__Wire__Tensor *in,
                               mmofl_expected e, uint32_t **out)
{
    mmofl_status st = check_tensor(p, in, e);
    if (st)
        return st;
    size_t n = expected_count(e);
    uint32_t *values = MMOFL_WIRE_NEW(p->memory, n, uint32_t);
    if (!values)
        return mmofl_fail(p->err, MMOFL_E_MEMORY, "no memory for %s", e.what);
    mmofl_coded coded = {(mmofl_wire_dtype)in->dtype, in->data.data, in->data.len,
                         in->index.len ? in->index.data : NULL, in->index.len};
    if ((st = mmofl_wire_decode_counts(&coded, n, values)))
        return mmofl_fail(p->err, st, "%s: %s", e.what, mmofl_status_text(st));
    *out = values;
    return MMOFL_OK;
}

/* ---- writing --------------------------------------------------------------------- */

Mmofl__Wire__Tensor *mmofl_write_tensor(mmofl_passage *p, mmofl_expected shape,
                                        Mmofl__Wire__Dtype dtype)
{
    Mmofl__Wire__Tensor *t = MMOFL_WIRE_NEW(p->memory, 1, Mmofl__Wire__Tensor);
    uint64_t *dim = MMOFL_WIRE_NEW(p->memory, 2, uint64_t);
    if (!t || !dim)
        return NULL;
    mmofl__wire__tensor__init(t);
    dim[0] = shape.dim[0];
    dim[1] = shape.dim[1];
    t->n_shape = shape.dim[1] ? 2 : 1;
    t->shape = dim;
    t->dtype = dtype;
    return t;
}

ProtobufCBinaryData mmofl_write_float_bytes(mmofl_passage *p, const float *values,
                                            size_t n)
{
    if (MMOFL_BYTES_ARE_NATIVE || n == 0)
        return mmofl_wire_bytes(values, n * sizeof *values);
    uint8_t *bytes = MMOFL_WIRE_NEW(p->memory, 4 * n, uint8_t);
    for (size_t i = 0; bytes && i < n; i++)
        mmofl_bytes_store_float(bytes + 4 * i, values[i]);
    return mmofl_wire_bytes(bytes, 4 * n);
}

Mmofl__Wire__Tensor *mmofl_write_floats(mmofl_passage *p, const float *values,
                                        mmofl_expected shape)
{
    Mmofl__Wire__Tensor *t = mmofl_write_tensor(p, shape, MMOFL__WIRE__DTYPE__F32);
    if (t)
        t->data = mmofl_write_float_bytes(p, values, expected_count(shape));
    return t && t->data.data ? t : NULL;
}

Mmofl__Wire__Tensor *mmofl_write_counts(mmofl_passage *p, const uint32_t *values,
                                        mmofl_expected shape)
{
    Mmofl__Wire__Tensor *t = mmofl_write_tensor(p, shape, MMOFL__WIRE__DTYPE__U32);
    size_t n = expected_count(shape);
    uint8_t *bytes = t ? MMOFL_WIRE_NEW(p->memory, 4 * n, uint8_t) : NULL;
    if (!bytes)
        return NULL;
    mmofl_wire_encode_counts(values, n, bytes);
    t->data = mmofl_wire_bytes(bytes, 4 * n);
    return t;
}

/* ---- what Task and Update share -------------------------------------------------- */

static mmofl_expected prototype_values(const mmofl_wire_limits *limits)
{
    return (mmofl_expected){"prototypes", {limits->classes, limits->features}, true};
}

static mmofl_expected prototype_counts(const mmofl_wire_limits *limits)
{
    return (mmofl_expected){
        "counts of prototypes", {limits->encoders, limits->classes}, true};
}

mmofl_status mmofl_read_prototypes(mmofl_passage *p, const Mmofl__Wire__Prototypes *in,
                                   float **value, uint32_t **count)
{
    if (!p->limits->prototypes)
        return in ? mmofl_fail(p->err, MMOFL_E_SHAPE,
                               "prototypes, which the method does not have")
                  : MMOFL_OK;
    if (!in)
        return mmofl_fail(p->err, MMOFL_E_MISSING, "no prototypes");
    mmofl_status st =
        mmofl_read_floats(p, in->value, prototype_values(p->limits), value);
    return st ? st
              : mmofl_read_counts(p, in->count, prototype_counts(p->limits), count);
}

Mmofl__Wire__Prototypes *mmofl_write_prototypes(mmofl_passage *p, const float *value,
                                                const uint32_t *count)
{
    Mmofl__Wire__Prototypes *out =
        MMOFL_WIRE_NEW(p->memory, 1, Mmofl__Wire__Prototypes);
    if (!out)
        return NULL;
    mmofl__wire__prototypes__init(out);
    out->value = mmofl_write_floats(p, value, prototype_values(p->limits));
    out->count = mmofl_write_counts(p, count, prototype_counts(p->limits));
    return out->value && out->count ? out : NULL;
}

mmofl_status mmofl_read_rule(mmofl_passage *p, const Mmofl__Wire__Tensor *in,
                             bool wanted, float **out)
{
    *out = NULL;
    if (!wanted)
        return in ? mmofl_fail(p->err, MMOFL_E_SHAPE,
                               "numbers of a rule, which the aggregation does not have")
                  : MMOFL_OK;
    mmofl_expected rule = {"numbers of the rule", {p->limits->parameters, 0}, true};
    return mmofl_read_floats(p, in, rule, out);
}
