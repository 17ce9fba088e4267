/* test_wire_golden.c - our bytes are those of a second implementation, which was
 * written from docs/wire.md alone (tests/wire): messages, tensors, signatures, frames.
 *
 * packed.object is ours only: what zstd makes differs from version to version.  With
 * MMOFL_WRITE_PACKED set this program writes it anew. */
#include "wire_fixture.h"

#include <wire/mmofl.pb-c.h>

#include "base/bytes.h"
#include "base/file.h"

static wire_bytes golden(const char *name)
{
    char path[512];
    mmofl_error err = {0};
    wire_bytes g;
    snprintf(path, sizeof path, MMOFL_TESTS_DIR "/golden/wire/%s", name);
    if (mmofl_file_read(path, 1 << 20, &g.bytes, &g.size, &err))
        fail_msg("%s", err.text);
    return g;
}

static void check_same(const char *name, wire_bytes ours)
{
    wire_bytes theirs = golden(name);
    if (theirs.size != ours.size || memcmp(theirs.bytes, ours.bytes, ours.size) != 0)
        fail_msg("%s: other bytes (%zu, %zu)", name, theirs.size, ours.size);
    free(theirs.bytes);
}

static void check_message(const char *name, const mmofl_message *message)
{
    wire_bytes ours = wire_write(message);
    check_same(name, ours);
    free(ours.bytes);
}

static void messages_have_the_same_bytes(void **state)
{
    (void)state;
    for (int i = 0; wire_message(i).kind; i++) {
        char name[64];
        mmofl_message m = wire_message(i);
        snprintf(name, sizeof name, "%s.message", mmofl_message_kind_name(m.kind));
        check_message(name, &m);
    }
}

static void differences_have_the_same_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        mmofl_wire_coding coding;
    } each[] = {{"difference-f32.message", {MMOFL_WIRE_F32, 0}},
                {"difference-f16.message", {MMOFL_WIRE_F16, 0}},
                {"difference-i8.message", {MMOFL_WIRE_I8, 0}},
                {"difference-top.message", {MMOFL_WIRE_F32, 0.4}},
                {"difference-i8-top.message", {MMOFL_WIRE_I8, 0.5}}};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        mmofl_message m = wire_difference(each[i].coding, NULL);
        check_message(each[i].name, &m);
    }
}

/* ---- tensors --------------------------------------------------------------------- */

enum { N = 1000 };

static void check_tensor(const char *name, mmofl_wire_coding coding,
                         const float *values)
{
    float back[N];
    wire_bytes theirs = golden(name);
    Mmofl__Wire__Tensor *t =
        mmofl__wire__tensor__unpack(NULL, theirs.size, theirs.bytes);
    assert_non_null(t);
    uint8_t data[8 * N], index[4 * N];
    CHECK_OK(mmofl_wire_encode(coding, values, N, NULL, data, index));
    size_t kept = mmofl_wire_coding_kept(coding, N);
    CHECK_INT(t->data.len, mmofl_wire_data_bytes(coding.dtype, kept));
    assert_memory_equal(t->data.data, data, t->data.len);
    CHECK_INT(t->index.len, coding.top > 0 ? 4 * kept : 0);
    if (coding.top > 0)
        assert_memory_equal(t->index.data, index, t->index.len);
    mmofl_coded coded = {coding.dtype, t->data.data, t->data.len,
                         t->index.len ? t->index.data : NULL, t->index.len};
    CHECK_OK(mmofl_wire_decode(&coded, N, back));
    mmofl__wire__tensor__free_unpacked(t, NULL);
    free(theirs.bytes);
}

static void tensors_have_the_same_bytes(void **state)
{
    (void)state;
    float values[N];
    wire_bytes numbers = golden("numbers.f32");
    CHECK_INT(numbers.size, 4 * N);
    for (size_t i = 0; i < N; i++)
        values[i] = mmofl_bytes_load_float(numbers.bytes + 4 * i);
    free(numbers.bytes);
    check_tensor("tensor-f32.tensor", (mmofl_wire_coding){MMOFL_WIRE_F32, 0}, values);
    check_tensor("tensor-f16.tensor", (mmofl_wire_coding){MMOFL_WIRE_F16, 0}, values);
    check_tensor("tensor-i8.tensor", (mmofl_wire_coding){MMOFL_WIRE_I8, 0}, values);
    check_tensor("tensor-f32-top.tensor", (mmofl_wire_coding){MMOFL_WIRE_F32, 0.3},
                 values);
    check_tensor("tensor-f16-top.tensor", (mmofl_wire_coding){MMOFL_WIRE_F16, 0.3},
                 values);
    check_tensor("tensor-i8-top.tensor", (mmofl_wire_coding){MMOFL_WIRE_I8, 0.3},
                 values);
}

/* ---- objects and frames ---------------------------------------------------------- */

static wire_bytes seal(const mmofl_message *message, const uint8_t *seed, bool pack)
{
    mmofl_identity who = wire_device();
    mmofl_seal_address to = wire_to_coordinator(pack);
    wire_bytes m = wire_write(message), object;
    who.seed = seed;
    CHECK_OK(mmofl_seal(&who, &to, m.bytes, m.size, &object.bytes, &object.size));
    free(m.bytes);
    return object;
}

static void objects_have_the_same_bytes(void **state)
{
    (void)state;
    mmofl_message m = wire_update();
    wire_bytes object = seal(&m, wire_seed(), false), key = golden("key.public");
    check_same("update.object", object);
    uint8_t ours[MMOFL_KEY_BYTES];
    mmofl_key_public(wire_seed(), ours);
    CHECK_INT(key.size, sizeof ours);
    assert_memory_equal(key.bytes, ours, sizeof ours);
    free(key.bytes);
    free(object.bytes);
    object = seal(&m, NULL, false);
    check_same("update-unsigned.object", object);
    free(object.bytes);
}

static void frames_have_the_same_bytes(void **state)
{
    (void)state;
    wire_bytes object = golden("update.object");
    mmofl_object_id id = mmofl_object_id_of(wire_device().session, 7);
    uint32_t n = mmofl_frame_chunks(object.size, 300);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t payload[300 + MMOFL_FRAME_OVERHEAD];
        char name[64];
        mmofl_frame frame = mmofl_frame_cut(&id, object.bytes, object.size, 300, i,
                                            i + 1 == n),
                    back;
        mmofl_error err = {0};
        snprintf(name, sizeof name, "update-%u.frame", i);
        check_same(name, (wire_bytes){payload, mmofl_frame_write(&frame, payload)});
        wire_bytes theirs = golden(name);
        CHECK_OK(mmofl_frame_read(theirs.bytes, theirs.size, object.size, &back, &err));
        CHECK_INT(back.chunk, i);
        free(theirs.bytes);
    }
    free(object.bytes);
}

static void packed_object_opens_to_its_message(void **state)
{
    (void)state;
    mmofl_message m = wire_welcome();
    if (getenv("MMOFL_WRITE_PACKED")) {
        wire_bytes ours = seal(&m, wire_seed(), true);
        CHECK_OK(mmofl_file_write(MMOFL_TESTS_DIR "/golden/wire/packed.object",
                                  ours.bytes, ours.size, false, NULL));
        free(ours.bytes);
    }
    wire_bytes object = golden("packed.object");
    mmofl_envelope e;
    mmofl_error err = {0};
    uint8_t key[MMOFL_KEY_BYTES];
    const uint8_t *message;
    size_t size;
    mmofl_key_public(wire_seed(), key);
    CHECK_OK(mmofl_envelope_read(object.bytes, object.size, 1 << 16, &e, &err));
    CHECK_OK(mmofl_envelope_verify(&e, "home", key, &err));
    CHECK_OK(mmofl_envelope_open(&e, &message, &size, &err));
    CHECK(size + MMOFL_SEAL_OVERHEAD > object.size);
    wire_bytes copy = {malloc(size), size};
    assert_non_null(copy.bytes);
    memcpy(copy.bytes, message, size);
    check_same("welcome.message", copy);
    free(copy.bytes);
    mmofl_envelope_free(&e);
    free(object.bytes);
}

CHECK_MAIN(TEST(messages_have_the_same_bytes), TEST(differences_have_the_same_bytes),
           TEST(tensors_have_the_same_bytes), TEST(objects_have_the_same_bytes),
           TEST(frames_have_the_same_bytes), TEST(packed_object_opens_to_its_message))
