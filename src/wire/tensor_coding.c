/* tensor_coding.c - numbers go through in blocks of 256: gathered, coded, and, where
 * the error is fed back, decoded again by the very code that the other side runs.
 *
 * The numbers that `top` keeps are found by their size as an integer: the bits of |v|
 * order as |v| does.  Three passes count them by their upper, middle and lower bits (a
 * radix select), so nothing is sorted or copied and the choice is the same everywhere.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/tensor_coding.h"

enum { BLOCK = MMOFL_WIRE_I8_BLOCK, MOST = 127 };

/* Scales and their numbers stay clear of the largest float, so that nothing overflows.
 */
#define LARGEST_SCALE 0x1p118F
#define LARGEST_I8 0x1p124F

/* ---- a block of up to 256 numbers ------------------------------------------------ */

static size_t number_bytes(mmofl_wire_dtype dtype)
{
    return dtype == MMOFL_WIRE_I8 ? 1 : dtype == MMOFL_WIRE_F16 ? 2 : 4;
}

size_t mmofl_wire_data_bytes(mmofl_wire_dtype dtype, size_t kept)
{
    size_t scales = dtype == MMOFL_WIRE_I8 ? (kept + BLOCK - 1) / BLOCK : 0;
    return kept * number_bytes(dtype) + 4 * scales;
}

/* s | q q q ...: the largest number becomes 127 or -127 steps. */
static void code_i8(const float *v, size_t n, uint8_t *data)
{
    float largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmaxf(largest, fabsf(v[i]));
    float scale = largest / MOST;
    mmofl_bytes_store_float(data, scale);
    for (size_t i = 0; i < n; i++) {
        /* A scale so small that it rounded may let the largest pass 127. */
        float q = scale > 0 ? rintf(v[i] / scale) : 0;
        q = fminf(fmaxf(q, -MOST), MOST);
        data[4 + i] = (uint8_t)(int8_t)q;
    }
}

static mmofl_status decode_i8(const uint8_t *data, size_t n, float *v)
{
    float scale = mmofl_bytes_load_float(data);
    if (!isfinite(scale))
        return MMOFL_E_NONFINITE;
    if (scale < 0 || scale > LARGEST_SCALE)
        return MMOFL_E_RANGE;
    for (size_t i = 0; i < n; i++) {
        int q = data[4 + i] < 128 ? data[4 + i] : data[4 + i] - 256;
        if (q < -MOST)
            return MMOFL_E_RANGE;
        v[i] = scale * (float)q;
    }
    return MMOFL_OK;
}

static void code_block(mmofl_wire_dtype dtype, const float *v, size_t n, uint8_t *data)
{
    if (dtype == MMOFL_WIRE_I8)
        code_i8(v, n, data);
    else if (dtype == MMOFL_WIRE_F16)
        for (size_t i = 0; i < n; i++)
            mmofl_bytes_store(data + 2 * i, mmofl_half_from_float(v[i]), 2);
    else
        for (size_t i = 0; i < n; i++)
            mmofl_bytes_store_float(data + 4 * i, v[i]);
}

static mmofl_status decode_block(mmofl_wire_dtype dtype, const uint8_t *data, size_t n,
                                 float *v)
{
    if (dtype == MMOFL_WIRE_I8)
        return decode_i8(data, n, v);
    bool finite = true;
    for (size_t i = 0; i < n; i++) {
        v[i] = dtype == MMOFL_WIRE_F16
                   ? mmofl_float_from_half((uint16_t)mmofl_bytes_load(data + 2 * i, 2))
                   : mmofl_bytes_load_float(data + 4 * i);
        finite &= isfinite(v[i]) != 0;
    }
    return finite ? MMOFL_OK : MMOFL_E_NONFINITE;
}

/* ---- what is kept ---------------------------------------------------------------- */

mmofl_status mmofl_wire_coding_check(mmofl_wire_coding coding)
{
    if (coding.dtype != MMOFL_WIRE_F32 && coding.dtype != MMOFL_WIRE_F16 &&
        coding.dtype != MMOFL_WIRE_I8)
        return MMOFL_E_TYPE;
    return coding.top >= 0 && coding.top < 1 ? MMOFL_OK : MMOFL_E_RANGE;
}

size_t mmofl_wire_coding_kept(mmofl_wire_coding coding, size_t n)
{
    if (coding.top == 0 || n == 0)
        return n;
    double kept = ceil(coding.top * (double)n);
    return kept < 1 ? 1 : kept < (double)n ? (size_t)kept : n;
}

/* The numbers to be coded: values, with what earlier rounds still owe. */
typedef struct source {
    const float *values;
    const float *residual; /* or NULL */
    size_t n;
} source;

static float source_value(const source *from, size_t i)
{
    return from->residual ? from->values[i] + from->residual[i] : from->values[i];
}

static uint32_t source_size(const source *from, size_t i)
{
    float value = source_value(from, i);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x7fffffff;
}

/* Which are the largest: all above `size`, and the first `equals` of those that equal
 * it.
 */
typedef struct choice {
    uint32_t size;
    size_t equals;
} choice;

static choice choose(const source *from, size_t kept)
{
    enum { DIGITS = 3, BUCKETS = 2048 };
    static const struct {
        unsigned shift, bits;
    } digit[DIGITS] = {{20, 11}, {10, 10}, {0, 10}};
    if (kept == from->n)
        return (choice){0, from->n};
    uint32_t size = 0; /* its upper bits, as far as they are known */
    for (int d = 0; d < DIGITS; d++) {
        size_t count[BUCKETS] = {0};
        unsigned shift = digit[d].shift, above = shift + digit[d].bits;
        for (size_t i = 0; i < from->n; i++) {
            uint32_t s = source_size(from, i);
            if ((uint64_t)s >> above == (uint64_t)size >> above)
                count[s >> shift & ((1u << digit[d].bits) - 1)]++;
        }
        uint32_t bucket = (1u << digit[d].bits) - 1;
        while (count[bucket] < kept)
            kept -= count[bucket--];
        size |= bucket << shift;
    }
    return (choice){size, kept};
}

/* ---- coding ---------------------------------------------------------------------- */

typedef struct coder {
    mmofl_wire_dtype dtype;
    uint8_t *data, *index; /* where the next block goes */
    float *residual;
    size_t n; /* in the block */
    float v[BLOCK];
    size_t at[BLOCK];
} coder;

static void flush(coder *c)
{
    code_block(c->dtype, c->v, c->n, c->data);
    if (c->residual) {
        float decoded[BLOCK] = {0};
        mmofl_status st = decode_block(c->dtype, c->data, c->n, decoded);
        assert(!st);
        (void)st;
        for (size_t i = 0; i < c->n; i++)
            c->residual[c->at[i]] = c->v[i] - decoded[i];
    }
    c->data += mmofl_wire_data_bytes(c->dtype, c->n);
    if (c->index) {
        for (size_t i = 0; i < c->n; i++)
            mmofl_bytes_store(c->index + 4 * i, c->at[i], 4);
        c->index += 4 * c->n;
    }
    c->n = 0;
}

static mmofl_status check_values(mmofl_wire_dtype dtype, const source *from)
{
    /* From half a step beyond 65504 on a binary16 is infinite. */
    float most = dtype == MMOFL_WIRE_F16  ? 65520
                 : dtype == MMOFL_WIRE_I8 ? LARGEST_I8
                                          : INFINITY;
    bool finite = true, fits = true;
    for (size_t i = 0; i < from->n; i++) {
        float v = source_value(from, i);
        finite &= isfinite(v) != 0;
        fits &= fabsf(v) < most;
    }
    return !finite ? MMOFL_E_NONFINITE : fits ? MMOFL_OK : MMOFL_E_RANGE;
}

mmofl_status mmofl_wire_encode(mmofl_wire_coding coding, const float *values, size_t n,
                               float *residual, uint8_t *data, uint8_t *index)
{
    assert(!mmofl_wire_coding_check(coding) && n <= UINT32_MAX);
    source from = {values, residual, n};
    mmofl_status st = check_values(coding.dtype, &from);
    if (st)
        return st;
    choice chosen = choose(&from, mmofl_wire_coding_kept(coding, n));
    coder c = {.dtype = coding.dtype,
               .data = data,
               .index = coding.top > 0 ? index : NULL,
               .residual = residual};
    for (size_t i = 0; i < n; i++) {
        uint32_t size = source_size(&from, i);
        bool equal = size == chosen.size && chosen.equals > 0;
        chosen.equals -= equal;
        if (equal || size > chosen.size || coding.top == 0) {
            c.v[c.n] = source_value(&from, i);
            c.at[c.n] = i;
            if (++c.n == BLOCK)
                flush(&c);
        } else if (residual) {
            residual[i] = source_value(&from, i);
        }
    }
    if (c.n > 0)
        flush(&c);
    return MMOFL_OK;
}

/* ---- decoding -------------------------------------------------------------------- */

/* Indexes must rise and lie below n: then none can be met twice, and the time is
 * theirs. */
static mmofl_status check_index(const uint8_t *index, size_t kept, size_t n)
{
    size_t least = 0;
    for (size_t i = 0; i < kept; i++) {
        size_t at = (size_t)mmofl_bytes_load(index + 4 * i, 4);
        if (at < least || at >= n)
            return MMOFL_E_RANGE;
        least = at + 1;
    }
    return MMOFL_OK;
}

mmofl_status mmofl_wire_decode(const mmofl_coded *coded, size_t n, float *values)
{
    if (coded->dtype == MMOFL_WIRE_U32)
        return MMOFL_E_TYPE;
    size_t kept = coded->index ? coded->index_bytes / 4 : n;
    if (kept > n || (coded->index && coded->index_bytes % 4 != 0) ||
        coded->data_bytes != mmofl_wire_data_bytes(coded->dtype, kept))
        return MMOFL_E_COUNT;
    mmofl_status st = coded->index ? check_index(coded->index, kept, n) : MMOFL_OK;
    if (st)
        return st;
    if (coded->index)
        memset(values, 0, n * sizeof *values);
    const uint8_t *data = coded->data;
    for (size_t at = 0; at < kept; at += BLOCK) {
        float block[BLOCK];
        size_t some = kept - at < BLOCK ? kept - at : BLOCK;
        float *to = coded->index ? block : values + at;
        if ((st = decode_block(coded->dtype, data, some, to)))
            return st;
        if (coded->index)
            for (size_t i = 0; i < some; i++)
                values[mmofl_bytes_load(coded->index + 4 * (at + i), 4)] = block[i];
        data += mmofl_wire_data_bytes(coded->dtype, some);
    }
    return MMOFL_OK;
}

void mmofl_wire_encode_counts(const uint32_t *values, size_t n, uint8_t *data)
{
    for (size_t i = 0; i < n; i++)
        mmofl_bytes_store(data + 4 * i, values[i], 4);
}

mmofl_status mmofl_wire_decode_counts(const mmofl_coded *coded, size_t n,
                                      uint32_t *values)
{
    if (coded->dtype != MMOFL_WIRE_U32 || coded->index)
        return MMOFL_E_TYPE;
    if (n > SIZE_MAX / 4 || coded->data_bytes != 4 * n)
        return MMOFL_E_COUNT;
    for (size_t i = 0; i < n; i++)
        values[i] = (uint32_t)mmofl_bytes_load(coded->data + 4 * i, 4);
    return MMOFL_OK;
}
