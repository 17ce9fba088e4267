/* fields.c - protobuf's wire format: a key, then a varint, 4 or 8 bytes, or a length
 * and so many bytes (https://protobuf.dev/programming-guides/encoding). */
#include "wire/fields.h"
#include "base/bytes.h"

enum { VARINT_BYTES = 10, FIXED32 = 5 };

mmofl_fields mmofl_fields_of(const void *message, size_t size)
{
    const uint8_t *bytes = message;
    return (mmofl_fields){bytes, size ? bytes + size : bytes, false};
}

static bool read_varint(mmofl_fields *f, uint64_t *value)
{
    uint64_t bits = 0;
    for (int i = 0; i < VARINT_BYTES && f->at < f->end; i++) {
        uint8_t byte = *f->at++;
        bits |= (uint64_t)(byte & 0x7f) << (7 * i); /* of the tenth one bit is left */
        if (byte < 0x80) {
            *value = bits;
            return true;
        }
    }
    return false;
}

static bool read_fixed(mmofl_fields *f, size_t n, uint64_t *value)
{
    if ((size_t)(f->end - f->at) < n)
        return false;
    *value = mmofl_bytes_load(f->at, n);
    f->at += n;
    return true;
}

static bool read_bytes(mmofl_fields *f, mmofl_field *field)
{
    uint64_t size;
    if (!read_varint(f, &size) || size > (uint64_t)(f->end - f->at))
        return false;
    field->data = f->at;
    field->size = (size_t)size;
    f->at += size;
    return true;
}

static bool read_field(mmofl_fields *f, mmofl_field *field)
{
    if (!read_varint(f, &field->key) || field->key >> 3 == 0)
        return false;
    switch (field->key & 7) {
    case MMOFL_FIELD_VARINT:
        return read_varint(f, &field->value);
    case MMOFL_FIELD_FIXED64:
        return read_fixed(f, 8, &field->value);
    case FIXED32:
        return read_fixed(f, 4, &field->value);
    case MMOFL_FIELD_BYTES:
        return read_bytes(f, field);
    default: /* groups, which nobody writes any more */
        return false;
    }
}

bool mmofl_fields_next(mmofl_fields *f, mmofl_field *field)
{
    *field = (mmofl_field){0};
    if (f->bad || f->at == f->end)
        return false;
    f->bad = !read_field(f, field);
    return !f->bad;
}
