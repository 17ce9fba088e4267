/* test_frames.c - objects cut into frames: a frame's bytes worked out by hand, damage
 * of every bit, and what a receiver does not let in. */
#include "bad_files.h"
#include "wire_fixture.h"

#include "base/file.h"

enum { OBJECT = 5000, LIMIT = 100000 };

static void fill(uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(i * i + i / 256);
}

/* protobuf: each field is number << 3 | type, then a varint or a length and bytes. */
static void frame_is_byte_for_byte_as_worked_out_by_hand(void **state)
{
    (void)state;
    static const uint8_t object[] = "hello";
    mmofl_object_id id = mmofl_object_id_of(1, 2);
    mmofl_frame frame = mmofl_frame_cut(&id, object, 5, 300, 0, true);
    uint8_t payload[256];
    size_t size = mmofl_frame_write(&frame, payload);
    /* The name is session and sequence; the check is XXH64 of 01000000 | name |
     * 0500000000000000 | 2c010000 | 00000000 | 01 | "hello" (xxh64 of
     * tests/wire/mmofl_wire.py). */
    static const char wanted[] = "\x08\x01"
                                 "\x12\x10"
                                 "\x01\x00\x00\x00\x00\x00\x00\x00"
                                 "\x02\x00\x00\x00\x00\x00\x00\x00"
                                 "\x18\x05"
                                 "\x20\xac\x02"
                                 "\x30\x01"
                                 "\x3a\x05hello"
                                 "\x41"
                                 "\x06\xb8\x4a\xb3\xe2\x9f\x9f\xa3";
    CHECK_INT(size, sizeof wanted - 1);
    assert_memory_equal(payload, wanted, size);
}

static void chunks_cover_the_object(void **state)
{
    (void)state;
    static uint8_t object[OBJECT], back[OBJECT], payload[OBJECT + MMOFL_FRAME_OVERHEAD];
    static const uint32_t cuts[] = {256, 257, 1000, 4999, 5000, 5001};
    fill(object, OBJECT);
    mmofl_object_id id = mmofl_object_id_of(1, 2);
    for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++) {
        uint32_t n = mmofl_frame_chunks(OBJECT, cuts[k]);
        CHECK_INT(n, (OBJECT + cuts[k] - 1) / cuts[k]);
        memset(back, 0, OBJECT);
        for (uint32_t i = 0; i < n; i++) {
            mmofl_frame out =
                mmofl_frame_cut(&id, object, OBJECT, cuts[k], i, i + 1 == n);
            mmofl_frame in;
            mmofl_error err = {0};
            size_t size = mmofl_frame_write(&out, payload);
            CHECK(size <= mmofl_frame_bytes(&out));
            CHECK_OK(mmofl_frame_read(payload, size, LIMIT, &in, &err));
            CHECK(mmofl_object_id_equal(&in.object, &id));
            CHECK_INT(in.object_bytes, OBJECT);
            CHECK_INT(in.chunk_bytes, cuts[k]);
            CHECK_INT(in.chunk, i);
            CHECK_INT(in.ask, i + 1 == n);
            memcpy(back + (size_t)i * cuts[k], in.data, in.size);
        }
        assert_memory_equal(back, object, OBJECT);
    }
}

static void frame_fits_the_bus_it_was_cut_for(void **state)
{
    (void)state;
    CHECK_INT(mmofl_frame_chunk_bytes(767), 0);
    static uint8_t object[70000], payload[70000];
    static const size_t most[] = {768, 1024, 4096, 65535, 65536};
    mmofl_object_id id = mmofl_object_id_of(1, 2);
    for (size_t k = 0; k < sizeof most / sizeof *most; k++) {
        uint32_t bytes = mmofl_frame_chunk_bytes(most[k]);
        CHECK(bytes > most[k] - 100);
        mmofl_frame frame = mmofl_frame_cut(&id, object, sizeof object, bytes, 0, true);
        CHECK(mmofl_frame_write(&frame, payload) <= most[k]);
    }
    CHECK(mmofl_frame_chunk_bytes(SIZE_MAX) > UINT32_MAX - 100);
    CHECK_INT(mmofl_frame_chunks(UINT64_MAX, 1), UINT32_MAX);
}

static void every_damaged_bit_is_noticed(void **state)
{
    (void)state;
    uint8_t object[600], payload[1000];
    fill(object, sizeof object);
    mmofl_object_id id = mmofl_object_id_of(1, 2);
    mmofl_frame out = mmofl_frame_cut(&id, object, sizeof object, 300, 1, false), in;
    size_t size = mmofl_frame_write(&out, payload);
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            mmofl_error err = {0};
            payload[i] ^= (uint8_t)(1 << bit);
            mmofl_status st = mmofl_frame_read(payload, size, LIMIT, &in, &err);
            /* The bits of a key may make a field an unknown one; then one is missing.
             */
            if (st == MMOFL_OK)
                fail_msg("bit %d of byte %zu was not noticed", bit, i);
            CHECK_INT(err.status, st);
            payload[i] ^= (uint8_t)(1 << bit);
        }
    for (size_t n = 0; n < size; n++) {
        mmofl_error err = {0};
        CHECK(mmofl_frame_read(payload, n, LIMIT, &in, &err) != MMOFL_OK);
    }
}

static void objects_beyond_the_limit_are_refused_unread(void **state)
{
    (void)state;
    uint8_t object[600] = {0}, payload[1000];
    mmofl_object_id id = mmofl_object_id_of(1, 2);
    mmofl_frame out = mmofl_frame_cut(&id, object, sizeof object, 300, 1, false), in;
    size_t size = mmofl_frame_write(&out, payload);
    mmofl_error err = {0};
    CHECK_STATUS(mmofl_frame_read(payload, size, 599, &in, &err), MMOFL_E_LIMIT);
    CHECK_CONTAINS(err.text, "600");
    CHECK_OK(mmofl_frame_read(payload, size, 600, &in, &err));
}

static mmofl_status read_file(const char *path, mmofl_error *err)
{
    unsigned char *data;
    size_t size;
    mmofl_frame frame;
    mmofl_error why = {0};
    CHECK_OK(mmofl_file_read(path, 1 << 20, &data, &size, err));
    mmofl_status st = mmofl_frame_read(data, size, LIMIT, &frame, &why);
    free(data);
    return mmofl_fail(err, st, "%s: %s", path, why.text);
}

static void bad_frames_are_refused(void **state)
{
    (void)state;
    bad_files_are_refused("frame", 22, read_file);
}

CHECK_MAIN(TEST(frame_is_byte_for_byte_as_worked_out_by_hand),
           TEST(chunks_cover_the_object), TEST(frame_fits_the_bus_it_was_cut_for),
           TEST(every_damaged_bit_is_noticed),
           TEST(objects_beyond_the_limit_are_refused_unread),
           TEST(bad_frames_are_refused))
