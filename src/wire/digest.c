/* digest.c - BLAKE2b by libsodium, XXH64 by xxhash, fed with little-endian bytes. */
#include <assert.h>
#include <string.h>

#define XXH_INLINE_ALL /* nothing is linked */
#include <xxhash.h>

#include "base/bytes.h"
#include "wire/digest_parts.h"

void mmofl_hash_begin(mmofl_hash *hash)
{
    /* Picks the fastest implementation of this machine, once. */
    int st = sodium_init();
    assert(st >= 0);
    st = crypto_generichash_init(&hash->state, NULL, 0, MMOFL_DIGEST_BYTES);
    assert(st == 0);
    (void)st;
}

void mmofl_hash_raw(mmofl_hash *hash, const void *data, size_t n)
{
    if (n > 0)
        crypto_generichash_update(&hash->state, data, n);
}

static void hash_integer(mmofl_hash *hash, uint64_t value, size_t n)
{
    unsigned char bytes[8];
    mmofl_bytes_store(bytes, value, n);
    mmofl_hash_raw(hash, bytes, n);
}

void mmofl_hash_u8(mmofl_hash *hash, uint8_t value)
{
    hash_integer(hash, value, 1);
}

void mmofl_hash_u32(mmofl_hash *hash, uint32_t value)
{
    hash_integer(hash, value, 4);
}

void mmofl_hash_u64(mmofl_hash *hash, uint64_t value)
{
    hash_integer(hash, value, 8);
}

void mmofl_hash_f64(mmofl_hash *hash, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    hash_integer(hash, bits, 8);
}

void mmofl_hash_f32s(mmofl_hash *hash, const float *values, size_t n)
{
    if (MMOFL_BYTES_ARE_NATIVE) {
        mmofl_hash_raw(hash, values, n * sizeof *values);
        return;
    }
    unsigned char bytes[4 * 1024];
    for (size_t at = 0; at < n; at += sizeof bytes / 4) {
        size_t some = n - at < sizeof bytes / 4 ? n - at : sizeof bytes / 4;
        for (size_t i = 0; i < some; i++)
            mmofl_bytes_store_float(bytes + 4 * i, values[at + i]);
        mmofl_hash_raw(hash, bytes, 4 * some);
    }
}

void mmofl_hash_text(mmofl_hash *hash, const char *text)
{
    size_t n = strlen(text);
    mmofl_hash_u64(hash, n);
    mmofl_hash_raw(hash, text, n);
}

mmofl_digest mmofl_hash_end(mmofl_hash *hash)
{
    mmofl_digest digest;
    crypto_generichash_final(&hash->state, digest.bytes, sizeof digest.bytes);
    return digest;
}

bool mmofl_digest_is_none(const mmofl_digest *digest)
{
    static const mmofl_digest none;
    return mmofl_digest_equal(digest, &none);
}

bool mmofl_digest_equal(const mmofl_digest *a, const mmofl_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool mmofl_object_id_equal(const mmofl_object_id *a, const mmofl_object_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void mmofl_object_id_text(const mmofl_object_id *id, char text[MMOFL_OBJECT_ID_TEXT])
{
    sodium_bin2hex(text, MMOFL_OBJECT_ID_TEXT, id->bytes, sizeof id->bytes);
}

mmofl_object_id mmofl_object_id_of(uint64_t session, uint64_t sequence)
{
    enum { HALF = MMOFL_OBJECT_ID_BYTES / 2 };
    mmofl_object_id id = {{0}};
    mmofl_bytes_store(id.bytes, session, HALF);
    mmofl_bytes_store(id.bytes + HALF, sequence, HALF);
    return id;
}

uint64_t mmofl_checksum(const void *first, size_t first_size, const void *second,
                        size_t second_size)
{
    XXH64_state_t state;
    XXH64_reset(&state, 0);
    XXH64_update(&state, first, first_size);
    XXH64_update(&state, second, second_size);
    return XXH64_digest(&state);
}

mmofl_digest mmofl_model_digest(const float *parameters, size_t n)
{
    mmofl_hash hash;
    mmofl_hash_begin(&hash);
    mmofl_hash_f32s(&hash, parameters, n);
    return mmofl_hash_end(&hash);
}
