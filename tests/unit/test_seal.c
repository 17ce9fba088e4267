/* test_seal.c - envelopes: whose they are, what their signature covers, and what an
 * unpacker does not let in. */
#include "bad_files.h"
#include "wire_fixture.h"

#include "base/file.h"
#include "base/rng.h"

enum { LIMIT = 100000 };

static uint8_t message[5000];

static void make_message(void)
{
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i / 16);
}

typedef struct sealed {
    uint8_t *bytes;
    size_t size;
} sealed;

static sealed seal(const mmofl_identity *who, bool pack)
{
    sealed s;
    make_message();
    mmofl_seal_address to = wire_to_coordinator(pack);
    CHECK_OK(mmofl_seal(who, &to, message, sizeof message, &s.bytes, &s.size));
    return s;
}

static void check_opens(const sealed *s)
{
    mmofl_envelope e;
    mmofl_error err = {0};
    const uint8_t *back;
    size_t size;
    CHECK_OK(mmofl_envelope_read(s->bytes, s->size, LIMIT, &e, &err));
    CHECK_TEXT(e.sender, "kitchen-1");
    CHECK_TEXT(e.receiver, "");
    CHECK(e.session == 0x1122334455667788 && e.receiver_session == 0);
    CHECK_INT(e.sequence, 7);
    for (int i = 0; i < 2; i++) { /* as often as one likes */
        CHECK_OK(mmofl_envelope_open(&e, &back, &size, &err));
        CHECK_INT(size, sizeof message);
        assert_memory_equal(back, message, size);
    }
    mmofl_envelope_free(&e);
}

static void message_comes_out_as_it_went_in(void **state)
{
    (void)state;
    mmofl_identity who = wire_device();
    for (int pack = 0; pack < 2; pack++)
        for (int with_key = 0; with_key < 2; with_key++) {
            who.seed = with_key ? wire_seed() : NULL;
            sealed s = seal(&who, pack);
            check_opens(&s);
            CHECK(pack ? s.size < sizeof message / 4 : s.size > sizeof message);
            CHECK(s.size <= sizeof message + MMOFL_SEAL_OVERHEAD);
            free(s.bytes);
        }
}

static void what_does_not_get_smaller_is_not_packed(void **state)
{
    (void)state;
    static const uint8_t few[] = {1, 2, 3};
    mmofl_identity who = wire_device();
    mmofl_seal_address to = wire_to_coordinator(true);
    uint8_t *bytes;
    size_t size, n;
    mmofl_envelope e;
    mmofl_error err = {0};
    const uint8_t *back;
    CHECK_OK(mmofl_seal(&who, &to, few, sizeof few, &bytes, &size));
    CHECK_OK(mmofl_envelope_read(bytes, size, 3, &e, &err));
    CHECK_OK(mmofl_envelope_open(&e, &back, &n, &err));
    assert_memory_equal(back, few, sizeof few);
    mmofl_envelope_free(&e);
    free(bytes);
}

/* Parameters, say: of their bits only the exponents have something in common. */
static void what_gets_little_smaller_is_not_packed(void **state)
{
    (void)state;
    enum { N = 20000 };
    static float numbers[N];
    mmofl_rng rng = mmofl_rng_open(1, 0, 0, MMOFL_USE_TEST);
    mmofl_identity who = wire_device();
    mmofl_seal_address to = wire_to_coordinator(true);
    uint8_t *bytes;
    size_t size;
    for (int i = 0; i < N; i++)
        numbers[i] = (float)mmofl_rng_uniform(&rng) - 0.5F;
    CHECK_OK(mmofl_seal(&who, &to, numbers, sizeof numbers, &bytes, &size));
    CHECK(size > sizeof numbers);
    free(bytes);
    for (int i = 0; i < N; i++)
        numbers[i] = (float)(i % 100);
    CHECK_OK(mmofl_seal(&who, &to, numbers, sizeof numbers, &bytes, &size));
    CHECK(size < sizeof numbers / 4);
    free(bytes);
}

static mmofl_status verify(const sealed *s, const char *federation, const uint8_t *seed)
{
    uint8_t key[MMOFL_KEY_BYTES];
    mmofl_envelope e;
    mmofl_error err = {0};
    mmofl_key_public(seed, key);
    mmofl_status st = mmofl_envelope_read(s->bytes, s->size, LIMIT, &e, &err);
    if (st)
        return st;
    st = mmofl_envelope_verify(&e, federation, key, &err);
    mmofl_envelope_free(&e);
    return st;
}

static void signature_is_of_one_key_and_one_federation(void **state)
{
    (void)state;
    uint8_t other[MMOFL_KEY_BYTES] = {9};
    mmofl_identity who = wire_device();
    sealed s = seal(&who, false);
    CHECK_OK(verify(&s, "home", wire_seed()));
    CHECK_STATUS(verify(&s, "office", wire_seed()), MMOFL_E_DENIED);
    CHECK_STATUS(verify(&s, "home", other), MMOFL_E_DENIED);
    free(s.bytes);
    who.seed = NULL;
    s = seal(&who, false);
    CHECK_STATUS(verify(&s, "home", wire_seed()), MMOFL_E_MISSING);
    free(s.bytes);
}

static void signature_covers_every_bit(void **state)
{
    (void)state;
    mmofl_identity who = wire_device();
    for (int pack = 0; pack < 2; pack++) {
        sealed s = seal(&who, pack);
        for (size_t i = 0; i < s.size; i += i < 60 || i + 80 > s.size ? 1 : 97)
            for (int bit = 0; bit < 8; bit++) {
                s.bytes[i] ^= (uint8_t)(1 << bit);
                if (verify(&s, "home", wire_seed()) == MMOFL_OK)
                    fail_msg("bit %d of byte %zu of %zu was not noticed", bit, i,
                             s.size);
                s.bytes[i] ^= (uint8_t)(1 << bit);
            }
        CHECK_OK(verify(&s, "home", wire_seed()));
        free(s.bytes);
    }
}

static void unsigned_objects_are_opened_or_refused_whatever_their_bits(void **state)
{
    (void)state;
    mmofl_identity who = wire_device();
    who.seed = NULL;
    sealed s = seal(&who, true);
    for (size_t i = 0; i < s.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            mmofl_envelope e = {0};
            mmofl_error err = {0};
            const uint8_t *back;
            size_t size = 0;
            s.bytes[i] ^= (uint8_t)(1 << bit);
            mmofl_status st = mmofl_envelope_read(s.bytes, s.size, LIMIT, &e, &err);
            if (!st)
                st = mmofl_envelope_open(&e, &back, &size, &err);
            CHECK(st || size <= LIMIT);
            mmofl_envelope_free(&e);
            s.bytes[i] ^= (uint8_t)(1 << bit);
        }
    free(s.bytes);
}

static void claimed_sizes_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    mmofl_identity who = wire_device();
    mmofl_envelope e;
    mmofl_error err = {0};
    sealed s = seal(&who, true); /* packed: the object is small, its message is not */
    CHECK_STATUS(mmofl_envelope_read(s.bytes, s.size, sizeof message - 1, &e, &err),
                 MMOFL_E_LIMIT);
    free(s.bytes);
    s = seal(&who, false);
    CHECK_STATUS(mmofl_envelope_read(s.bytes, s.size, 100, &e, &err), MMOFL_E_LIMIT);
    free(s.bytes);
}

static void sessions_are_drawn_anew(void **state)
{
    (void)state;
    uint64_t a = mmofl_session_draw(), b = mmofl_session_draw();
    CHECK(a != 0 && b != 0 && a != b);
}

static void names_are_few_characters(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "kitchen-1", "A.b_c", "0"};
    static const char *const bad[] = {"",  ".", ".a", "a/b",     "a b",
                                      "+", "#", "*",  "\xc3\xa4"};
    char name[80];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(mmofl_wire_name_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!mmofl_wire_name_is_valid(bad[i]));
    memset(name, 'a', sizeof name);
    name[64] = '\0';
    CHECK(mmofl_wire_name_is_valid(name));
    name[64] = 'a';
    name[65] = '\0';
    CHECK(!mmofl_wire_name_is_valid(name));
}

static mmofl_status read_file(const char *path, mmofl_error *err)
{
    unsigned char *data;
    size_t size, n;
    const uint8_t *back;
    mmofl_envelope e = {0};
    mmofl_error why = {0};
    CHECK_OK(mmofl_file_read(path, 1 << 20, &data, &size, err));
    mmofl_status st = mmofl_envelope_read(data, size, LIMIT, &e, &why);
    if (!st)
        st = mmofl_envelope_open(&e, &back, &n, &why);
    mmofl_envelope_free(&e);
    free(data);
    return mmofl_fail(err, st, "%s: %s", path, why.text);
}

static void bad_objects_are_refused(void **state)
{
    (void)state;
    bad_files_are_refused("seal", 24, read_file);
}

CHECK_MAIN(TEST(message_comes_out_as_it_went_in),
           TEST(what_does_not_get_smaller_is_not_packed),
           TEST(what_gets_little_smaller_is_not_packed),
           TEST(signature_is_of_one_key_and_one_federation),
           TEST(signature_covers_every_bit),
           TEST(unsigned_objects_are_opened_or_refused_whatever_their_bits),
           TEST(claimed_sizes_beyond_the_limit_are_refused),
           TEST(sessions_are_drawn_anew), TEST(names_are_few_characters),
           TEST(bad_objects_are_refused))
