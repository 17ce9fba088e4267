/* seal.c - messages in their envelopes.
 *
 * The signature is over the packed message, so that nothing that a stranger sent is
 * ever given to zstd where the federation has keys. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <wire/mmofl.pb-c.h>
#include <zstd.h>

#include "base/bytes.h"
#include "wire/digest_parts.h"
#include "wire/fields.h"
#include "wire/memory.h"
#include "wire/seal.h"

enum { SIGNED_BYTES = 320, ZSTD_LEVEL = 1, SAMPLE_BYTES = 16 * 1024 };

_Static_assert(MMOFL_KEY_BYTES == crypto_sign_SEEDBYTES, "a seed");
_Static_assert(MMOFL_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "a public key");
_Static_assert(MMOFL_SIGNATURE_BYTES == crypto_sign_BYTES, "a signature");

uint64_t mmofl_session_draw(void)
{
    uint64_t session;
    int st = sodium_init();
    assert(st >= 0);
    (void)st;
    do
        randombytes_buf(&session, sizeof session);
    while (session == 0);
    return session;
}

void mmofl_key_public(const uint8_t seed[MMOFL_KEY_BYTES],
                      uint8_t public_key[MMOFL_KEY_BYTES])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(public_key, secret, seed);
    sodium_memzero(secret, sizeof secret);
}

/* ---- what is signed -------------------------------------------------------------- */

static void put_text(mmofl_bytes *to, const char *text)
{
    char copy[2 * MMOFL_WIRE_NAME_BYTES];
    size_t n = strlen(text) + 1; /* the zero parts it from the next */
    assert(n <= sizeof copy);
    memcpy(copy, text, n);
    mmofl_bytes_raw(to, copy, n);
}

/* What stands outside, in the order in which it is signed. */
typedef struct outside {
    const char *sender, *receiver;
    uint64_t session, receiver_session, sequence, packing, message_bytes;
    const uint8_t *message; /* packed */
    size_t size;
} outside;

/* The bytes under the signature (docs/wire.md); returns how many. */
static size_t signed_bytes(const char *federation, const outside *o,
                           uint8_t out[SIGNED_BYTES])
{
    uint64_t numbers[5] = {o->session, o->receiver_session, o->sequence, o->packing,
                           o->message_bytes};
    mmofl_hash hash;
    mmofl_hash_begin(&hash);
    mmofl_hash_raw(&hash, o->message, o->size);
    mmofl_digest digest = mmofl_hash_end(&hash);
    mmofl_bytes to = mmofl_bytes_writer(out, SIGNED_BYTES);
    put_text(&to, "mmofl/1");
    put_text(&to, federation);
    put_text(&to, o->sender);
    put_text(&to, o->receiver);
    for (int i = 0; i < 5; i++)
        mmofl_bytes_u64(&to, &numbers[i]);
    mmofl_bytes_raw(&to, digest.bytes, sizeof digest.bytes);
    assert(!to.bad);
    return to.at;
}

static void sign(const mmofl_identity *who, const Mmofl__Wire__Sealed *sealed,
                 uint8_t signature[MMOFL_SIGNATURE_BYTES])
{
    uint8_t bytes[SIGNED_BYTES], public_key[MMOFL_KEY_BYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    outside o = {
        sealed->sender,           sealed->receiver,     sealed->session,
        sealed->receiver_session, sealed->sequence,     (uint64_t)sealed->packing,
        sealed->message_bytes,    sealed->message.data, sealed->message.len};
    size_t n = signed_bytes(who->federation, &o, bytes);
    crypto_sign_seed_keypair(public_key, secret, who->seed);
    crypto_sign_detached(signature, NULL, bytes, n, secret);
    sodium_memzero(secret, sizeof secret);
}

/* ---- sealing --------------------------------------------------------------------- */

/* By zstd; 0: that saves less than an eighth. */
static size_t compress(ZSTD_CCtx *context, uint8_t *to, size_t room,
                       const uint8_t *from, size_t size)
{
    size_t n = ZSTD_compress2(context, to, room, from, size);
    return ZSTD_isError(n) || n > size - size / 8 ? 0 : n;
}

/* The message packed: malloc, or NULL where that is not worth its while or there is no
 * memory: then it goes as it is.  A model's numbers get some 7 % smaller, and to unpack
 * them is what a device would take longest for; so a long message shows by a piece of
 * its middle whether it is worth a try. */
static uint8_t *pack(const uint8_t *message, size_t size, size_t *packed_size)
{
    size_t most = ZSTD_compressBound(size);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    uint8_t *packed = context ? malloc(most) : NULL;
    size_t n = 0;
    if (packed) {
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
        bool is_long = size >= 4 * SAMPLE_BYTES;
        if (!is_long ||
            compress(context, packed, most, message + size / 2, SAMPLE_BYTES))
            n = compress(context, packed, most, message, size);
    }
    ZSTD_freeCCtx(context);
    if (n == 0) {
        free(packed);
        return NULL;
    }
    *packed_size = n;
    return packed;
}

mmofl_status mmofl_seal(const mmofl_identity *who, const mmofl_seal_address *to,
                        const void *message, size_t size, uint8_t **object,
                        size_t *object_size)
{
    assert(who->session != 0 && to->sequence != 0);
    size_t packed_size = 0;
    uint8_t *packed = to->pack ? pack(message, size, &packed_size) : NULL;
    uint8_t signature[MMOFL_SIGNATURE_BYTES];
    Mmofl__Wire__Sealed out = MMOFL__WIRE__SEALED__INIT;
    out.sender = mmofl_wire_text(who->name);
    out.receiver = mmofl_wire_text(to->receiver);
    out.session = who->session;
    out.receiver_session = to->receiver_session;
    out.sequence = to->sequence;
    out.packing = packed ? MMOFL__WIRE__PACKING__ZSTD : MMOFL__WIRE__PACKING__PLAIN;
    out.message_bytes = size;
    out.message = packed ? mmofl_wire_bytes(packed, packed_size)
                         : mmofl_wire_bytes(message, size);
    if (who->seed) {
        sign(who, &out, signature);
        out.signature = mmofl_wire_bytes(signature, sizeof signature);
    }
    size_t bytes = mmofl__wire__sealed__get_packed_size(&out);
    assert(bytes <= out.message.len + MMOFL_SEAL_OVERHEAD);
    uint8_t *sealed = malloc(bytes);
    if (sealed) {
        mmofl__wire__sealed__pack(&out, sealed);
        *object = sealed;
        *object_size = bytes;
    }
    free(packed);
    return sealed ? MMOFL_OK : MMOFL_E_MEMORY;
}

/* ---- reading --------------------------------------------------------------------- */

static mmofl_status copy_name(char to[MMOFL_WIRE_NAME_BYTES], const mmofl_field *name,
                              bool may_be_everybody, mmofl_error *err)
{
    char copy[MMOFL_WIRE_NAME_BYTES] = "";
    size_t n = name->size < sizeof copy ? name->size : 0;
    if (n > 0)
        memcpy(copy, name->data, n);
    bool is_name = strlen(copy) == name->size &&
                   (name->size == 0 || mmofl_wire_name_is_valid(copy) ||
                    (may_be_everybody && strcmp(copy, MMOFL_EVERYBODY) == 0));
    if (!is_name)
        return mmofl_fail(err, MMOFL_E_RANGE, "an object with a name that nobody has");
    memcpy(to, copy, sizeof copy);
    return MMOFL_OK;
}

static mmofl_status take_field(mmofl_envelope *e, const mmofl_field *in,
                               mmofl_error *err)
{
    switch (in->key) {
    case MMOFL_FIELD(1, BYTES):
        return copy_name(e->sender, in, false, err);
    case MMOFL_FIELD(2, BYTES):
        return copy_name(e->receiver, in, true, err);
    case MMOFL_FIELD(3, FIXED64):
        e->session = in->value;
        break;
    case MMOFL_FIELD(4, FIXED64):
        e->receiver_session = in->value;
        break;
    case MMOFL_FIELD(5, VARINT):
        e->sequence = in->value;
        break;
    case MMOFL_FIELD(6, VARINT):
        e->packing = in->value;
        break;
    case MMOFL_FIELD(7, VARINT):
        e->message_bytes = in->value;
        break;
    case MMOFL_FIELD(8, BYTES):
        e->packed = in->data;
        e->packed_bytes = in->size;
        break;
    case MMOFL_FIELD(9, BYTES):
        if (in->size != 0 && in->size != MMOFL_SIGNATURE_BYTES)
            return mmofl_fail(err, MMOFL_E_SYNTAX, "a signature of %zu bytes",
                              in->size);
        e->signature = in->size ? in->data : NULL;
        break;
    default:
        break;
    }
    return MMOFL_OK;
}

static mmofl_status check_outside(const mmofl_envelope *e, size_t message_bytes,
                                  mmofl_error *err)
{
    if (e->session == 0 || e->sequence == 0)
        return mmofl_fail(err, MMOFL_E_RANGE, "an object without session or sequence");
    if (e->packing != MMOFL__WIRE__PACKING__PLAIN &&
        e->packing != MMOFL__WIRE__PACKING__ZSTD)
        return mmofl_fail(err, MMOFL_E_UNKNOWN, "a message packed in way %llu",
                          (unsigned long long)e->packing);
    if (e->message_bytes > message_bytes)
        return mmofl_fail(err, MMOFL_E_LIMIT, "a message of %llu bytes, wanted %zu",
                          (unsigned long long)e->message_bytes, message_bytes);
    return MMOFL_OK;
}

mmofl_status mmofl_envelope_read(const void *object, size_t size, size_t message_bytes,
                                 mmofl_envelope *envelope, mmofl_error *err)
{
    if (size > MMOFL_SEAL_OVERHEAD && size - MMOFL_SEAL_OVERHEAD > message_bytes)
        return mmofl_fail(err, MMOFL_E_LIMIT, "an object of %zu bytes, wanted %zu",
                          size, message_bytes + MMOFL_SEAL_OVERHEAD);
    mmofl_envelope e = {.packed = object};
    mmofl_fields fields = mmofl_fields_of(object, size);
    mmofl_field field;
    mmofl_status st = MMOFL_OK;
    while (!st && mmofl_fields_next(&fields, &field))
        st = take_field(&e, &field, err);
    if (!st && fields.bad)
        st = mmofl_fail(err, MMOFL_E_SYNTAX, "an object that is not sealed");
    if (!st)
        st = check_outside(&e, message_bytes, err);
    if (!st)
        *envelope = e;
    return st;
}

mmofl_status mmofl_envelope_verify(const mmofl_envelope *e, const char *federation,
                                   const uint8_t public_key[MMOFL_KEY_BYTES],
                                   mmofl_error *err)
{
    if (!e->signature)
        return mmofl_fail(err, MMOFL_E_MISSING, "'%s' did not sign", e->sender);
    uint8_t bytes[SIGNED_BYTES];
    outside o = {e->sender,           e->receiver, e->session,
                 e->receiver_session, e->sequence, e->packing,
                 e->message_bytes,    e->packed,   e->packed_bytes};
    size_t n = signed_bytes(federation, &o, bytes);
    if (crypto_sign_verify_detached(e->signature, bytes, n, public_key) != 0)
        return mmofl_fail(err, MMOFL_E_DENIED, "not signed by the key of '%s'",
                          e->sender);
    return MMOFL_OK;
}

/* One zstd frame, whole, that declares the size which was let in. */
static mmofl_status unpack(const mmofl_envelope *e, uint8_t *to, mmofl_error *err)
{
    size_t size = (size_t)e->message_bytes;
    if (ZSTD_getFrameContentSize(e->packed, e->packed_bytes) != size)
        return mmofl_fail(err, MMOFL_E_COUNT,
                          "a packed message does not declare its %zu bytes", size);
    if (ZSTD_findFrameCompressedSize(e->packed, e->packed_bytes) != e->packed_bytes)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "a packed message is cut or longer");
    size_t n = ZSTD_decompress(to, size, e->packed, e->packed_bytes);
    if (ZSTD_isError(n) || n != size)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "a packed message: %s",
                          ZSTD_isError(n) ? ZSTD_getErrorName(n) : "too short");
    return MMOFL_OK;
}

mmofl_status mmofl_envelope_open(mmofl_envelope *e, const uint8_t **message,
                                 size_t *size, mmofl_error *err)
{
    size_t bytes = (size_t)e->message_bytes;
    if (e->packing == MMOFL__WIRE__PACKING__PLAIN) {
        if (e->packed_bytes != bytes)
            return mmofl_fail(err, MMOFL_E_COUNT, "a message of %zu bytes, wanted %zu",
                              e->packed_bytes, bytes);
        *message = e->packed;
        *size = bytes;
        return MMOFL_OK;
    }
    if (!e->unpacked) {
        uint8_t *unpacked = malloc(bytes + 1); /* of nothing, too */
        if (!unpacked)
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a message");
        mmofl_status st = unpack(e, unpacked, err);
        if (st) {
            free(unpacked);
            return st;
        }
        e->unpacked = unpacked;
    }
    *message = e->unpacked;
    *size = bytes;
    return MMOFL_OK;
}

void mmofl_envelope_free(mmofl_envelope *envelope)
{
    free(envelope->unpacked);
    *envelope = (mmofl_envelope){0};
}
