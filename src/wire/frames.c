/* frames.c - frames written and read; every bit of one stands under its check. */
#include <assert.h>
#include <string.h>

#include <wire/mmofl.pb-c.h>

#include "base/bytes.h"
#include "wire/fields.h"
#include "wire/frames.h"
#include "wire/memory.h"

enum { HEAD_BYTES = 4 + MMOFL_OBJECT_ID_BYTES + 8 + 4 + 4 + 1 };

uint32_t mmofl_frame_chunk_bytes(size_t max_payload)
{
    if (max_payload < MMOFL_FRAME_LEAST_PAYLOAD)
        return 0;
    size_t bytes = max_payload - MMOFL_FRAME_OVERHEAD;
    return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

uint32_t mmofl_frame_chunks(uint64_t object_bytes, uint32_t chunk_bytes)
{
    uint64_t chunks = object_bytes / chunk_bytes + (object_bytes % chunk_bytes != 0);
    return chunks < UINT32_MAX ? (uint32_t)chunks : UINT32_MAX;
}

/* Bytes that chunk number `chunk` has. */
static uint64_t chunk_size(uint64_t object_bytes, uint32_t chunk_bytes, uint32_t chunk)
{
    uint64_t left = object_bytes - (uint64_t)chunk * chunk_bytes;
    return left < chunk_bytes ? left : chunk_bytes;
}

mmofl_frame mmofl_frame_cut(const mmofl_object_id *id, const uint8_t *object,
                            size_t size, uint32_t chunk_bytes, uint32_t chunk, bool ask)
{
    assert(chunk < mmofl_frame_chunks(size, chunk_bytes));
    return (mmofl_frame){.object = *id,
                         .object_bytes = size,
                         .chunk_bytes = chunk_bytes,
                         .chunk = chunk,
                         .ask = ask,
                         .data = object + (size_t)chunk * chunk_bytes,
                         .size = (size_t)chunk_size(size, chunk_bytes, chunk)};
}

static uint64_t frame_check(const mmofl_frame *frame, uint32_t version)
{
    uint8_t head[HEAD_BYTES];
    mmofl_object_id object = frame->object;
    uint64_t object_bytes = frame->object_bytes;
    uint32_t chunk_bytes = frame->chunk_bytes, chunk = frame->chunk;
    uint8_t ask = frame->ask;
    mmofl_bytes to = mmofl_bytes_writer(head, sizeof head);
    mmofl_bytes_u32(&to, &version);
    mmofl_bytes_raw(&to, object.bytes, sizeof object.bytes);
    mmofl_bytes_u64(&to, &object_bytes);
    mmofl_bytes_u32(&to, &chunk_bytes);
    mmofl_bytes_u32(&to, &chunk);
    mmofl_bytes_raw(&to, &ask, sizeof ask);
    assert(!to.bad && to.at == sizeof head);
    return mmofl_checksum(head, sizeof head, frame->data, frame->size);
}

size_t mmofl_frame_bytes(const mmofl_frame *frame)
{
    return frame->size + MMOFL_FRAME_OVERHEAD;
}

size_t mmofl_frame_write(const mmofl_frame *frame, uint8_t *payload)
{
    Mmofl__Wire__Frame out = MMOFL__WIRE__FRAME__INIT;
    out.version = MMOFL_WIRE_VERSION;
    out.object = mmofl_wire_bytes(frame->object.bytes, sizeof frame->object.bytes);
    out.object_bytes = frame->object_bytes;
    out.chunk_bytes = frame->chunk_bytes;
    out.chunk = frame->chunk;
    out.ask = frame->ask;
    out.data = mmofl_wire_bytes(frame->data, frame->size);
    out.check = frame_check(frame, MMOFL_WIRE_VERSION);
    size_t size = mmofl__wire__frame__pack(&out, payload);
    assert(size <= mmofl_frame_bytes(frame));
    return size;
}

/* Do sizes and numbers fit together, and into what the receiver allows? */
static mmofl_status check_geometry(const mmofl_frame *f, uint64_t object_bytes,
                                   mmofl_error *err)
{
    if (f->object_bytes == 0 || f->chunk_bytes == 0)
        return mmofl_fail(err, MMOFL_E_COUNT, "a frame of nothing");
    if (f->object_bytes > object_bytes)
        return mmofl_fail(
            err, MMOFL_E_LIMIT, "an object of %llu bytes, wanted at most %llu",
            (unsigned long long)f->object_bytes, (unsigned long long)object_bytes);
    if (f->chunk_bytes < f->object_bytes && f->chunk_bytes < MMOFL_FRAME_LEAST_CHUNK)
        return mmofl_fail(err, MMOFL_E_LIMIT, "chunks of %u bytes, wanted %d or more",
                          f->chunk_bytes, MMOFL_FRAME_LEAST_CHUNK);
    uint32_t chunks = mmofl_frame_chunks(f->object_bytes, f->chunk_bytes);
    if (f->chunk >= chunks)
        return mmofl_fail(err, MMOFL_E_COUNT, "chunk %u of %u", f->chunk, chunks);
    uint64_t size = chunk_size(f->object_bytes, f->chunk_bytes, f->chunk);
    if (f->size != size)
        return mmofl_fail(err, MMOFL_E_COUNT, "chunk %u has %zu bytes, wanted %llu",
                          f->chunk, f->size, (unsigned long long)size);
    return MMOFL_OK;
}

/* A field into its place; false: a name of another size than names have. */
static bool take_field(mmofl_frame *f, uint32_t *version, uint64_t *check,
                       const mmofl_field *in)
{
    switch (in->key) {
    case MMOFL_FIELD(1, VARINT):
        *version = (uint32_t)in->value;
        break;
    case MMOFL_FIELD(2, BYTES):
        if (in->size != sizeof f->object.bytes)
            return false;
        memcpy(f->object.bytes, in->data, sizeof f->object.bytes);
        break;
    case MMOFL_FIELD(3, VARINT):
        f->object_bytes = in->value;
        break;
    case MMOFL_FIELD(4, VARINT):
        f->chunk_bytes = (uint32_t)in->value;
        break;
    case MMOFL_FIELD(5, VARINT):
        f->chunk = (uint32_t)in->value;
        break;
    case MMOFL_FIELD(6, VARINT):
        f->ask = in->value != 0;
        break;
    case MMOFL_FIELD(7, BYTES):
        f->data = in->data;
        f->size = in->size;
        break;
    case MMOFL_FIELD(8, FIXED64):
        *check = in->value;
        break;
    default:
        break;
    }
    return true;
}

mmofl_status mmofl_frame_read(const void *payload, size_t size, uint64_t object_bytes,
                              mmofl_frame *frame, mmofl_error *err)
{
    mmofl_fields fields = mmofl_fields_of(payload, size);
    mmofl_field field;
    mmofl_frame f = {.data = payload};
    uint32_t version = 0;
    uint64_t check = 0;
    while (mmofl_fields_next(&fields, &field))
        if (!take_field(&f, &version, &check, &field))
            return mmofl_fail(err, MMOFL_E_SYNTAX,
                              "a frame of an object's name of %zu bytes", field.size);
    if (fields.bad)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "no frame");
    if (version < MMOFL_WIRE_OLDEST_VERSION || version > MMOFL_WIRE_VERSION)
        return mmofl_fail(err, MMOFL_E_VERSION, "a frame of protocol %u, wanted %d",
                          version, MMOFL_WIRE_VERSION);
    if (frame_check(&f, version) != check)
        return mmofl_fail(err, MMOFL_E_DIGEST, "a frame was damaged on its way");
    mmofl_status st = check_geometry(&f, object_bytes, err);
    if (!st)
        *frame = f;
    return st;
}
