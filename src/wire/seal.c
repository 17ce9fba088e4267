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
#include "wire/memory.h"
#include "wire/seal.h"

enum { SIGNED_BYTES = 320, ENVELOPE_MEMORY = 4096, ZSTD_LEVEL = 1 };

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

/* The bytes under the signature (docs/wire.md); returns how many. */
static size_t signed_bytes(const char *federation, const Mmofl__Wire__Sealed *s,
                           uint8_t out[SIGNED_BYTES])
{
    uint64_t numbers[5] = {s->session, s->receiver_session, s->sequence,
                           (uint64_t)s->packing, s->message_bytes};
    mmofl_hash hash;
    mmofl_hash_begin(&hash);
    mmofl_hash_raw(&hash, s->message.data, s->message.len);
    mmofl_digest digest = mmofl_hash_end(&hash);
    mmofl_bytes to = mmofl_bytes_writer(out, SIGNED_BYTES);
    put_text(&to, "mmofl/1");
    put_text(&to, federation);
    put_text(&to, s->sender);
    put_text(&to, s->receiver);
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
    size_t n = signed_bytes(who->federation, sealed, bytes);
    crypto_sign_seed_keypair(public_key, secret, who->seed);
    crypto_sign_detached(signature, NULL, bytes, n, secret);
    sodium_memzero(secret, sizeof secret);
}

/* ---- sealing --------------------------------------------------------------------- */

/* The message by zstd: malloc, or NULL where that is no smaller or there is no memory:
 * then it goes as it is. */
static uint8_t *pack(const void *message, size_t size, size_t *packed_size)
{
    size_t most = ZSTD_compressBound(size);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    uint8_t *packed = context ? malloc(most) : NULL;
    size_t n = 0;
    if (packed) {
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
        n = ZSTD_compress2(context, packed, most, message, size);
    }
    ZSTD_freeCCtx(context);
    if (packed && (ZSTD_isError(n) || n >= size)) {
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

typedef struct envelope_memory {
    mmofl_wire_memory *blocks;
    const Mmofl__Wire__Sealed *sealed;
    uint8_t *unpacked; /* malloc */
} envelope_memory;

static void memory_delete(envelope_memory *memory)
{
    if (!memory)
        return;
    mmofl_wire_memory_delete(memory->blocks);
    free(memory->unpacked);
    free(memory);
}

static mmofl_status copy_names(const Mmofl__Wire__Sealed *in, mmofl_envelope *e,
                               mmofl_error *err)
{
    bool from = *in->sender == '\0' || mmofl_wire_name_is_valid(in->sender);
    bool to = *in->receiver == '\0' || mmofl_wire_name_is_valid(in->receiver) ||
              strcmp(in->receiver, MMOFL_EVERYBODY) == 0;
    if (!from || !to)
        return mmofl_fail(err, MMOFL_E_RANGE, "an object with a name that nobody has");
    memcpy(e->sender, in->sender, strlen(in->sender) + 1);
    memcpy(e->receiver, in->receiver, strlen(in->receiver) + 1);
    return MMOFL_OK;
}

static mmofl_status check_sealed(const Mmofl__Wire__Sealed *in, size_t message_bytes,
                                 mmofl_envelope *e, mmofl_error *err)
{
    mmofl_status st = copy_names(in, e, err);
    if (st)
        return st;
    if (in->session == 0 || in->sequence == 0)
        return mmofl_fail(err, MMOFL_E_RANGE, "an object without session or sequence");
    if (in->packing != MMOFL__WIRE__PACKING__PLAIN &&
        in->packing != MMOFL__WIRE__PACKING__ZSTD)
        return mmofl_fail(err, MMOFL_E_UNKNOWN, "a message packed in way %d",
                          (int)in->packing);
    if (in->message_bytes > message_bytes)
        return mmofl_fail(err, MMOFL_E_LIMIT, "a message of %llu bytes, wanted %zu",
                          (unsigned long long)in->message_bytes, message_bytes);
    if (in->signature.len != 0 && in->signature.len != MMOFL_SIGNATURE_BYTES)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "a signature of %zu bytes",
                          in->signature.len);
    e->session = in->session;
    e->receiver_session = in->receiver_session;
    e->sequence = in->sequence;
    e->is_signed = in->signature.len > 0;
    e->message_bytes = (size_t)in->message_bytes;
    return MMOFL_OK;
}

mmofl_status mmofl_envelope_read(const void *object, size_t size, size_t message_bytes,
                                 mmofl_envelope *envelope, mmofl_error *err)
{
    if (size > MMOFL_SEAL_OVERHEAD && size - MMOFL_SEAL_OVERHEAD > message_bytes)
        return mmofl_fail(err, MMOFL_E_LIMIT, "an object of %zu bytes, wanted %zu",
                          size, message_bytes + MMOFL_SEAL_OVERHEAD);
    mmofl_envelope e = {0};
    envelope_memory *memory = calloc(1, sizeof *memory);
    if (memory)
        memory->blocks = mmofl_wire_memory_new(2 * size + ENVELOPE_MEMORY);
    mmofl_status st = MMOFL_OK;
    if (!memory || !memory->blocks)
        st = mmofl_fail(err, MMOFL_E_MEMORY, "no memory for an object");
    else if (!(memory->sealed = mmofl__wire__sealed__unpack(&memory->blocks->allocator,
                                                            size, object)))
        st = mmofl_fail(err, mmofl_wire_memory_refusal(memory->blocks),
                        "an object that is not sealed");
    else
        st = check_sealed(memory->sealed, message_bytes, &e, err);
    if (st) {
        memory_delete(memory);
        return st;
    }
    e.memory = memory;
    *envelope = e;
    return MMOFL_OK;
}

mmofl_status mmofl_envelope_verify(const mmofl_envelope *envelope,
                                   const char *federation,
                                   const uint8_t public_key[MMOFL_KEY_BYTES],
                                   mmofl_error *err)
{
    const Mmofl__Wire__Sealed *sealed =
        ((const envelope_memory *)envelope->memory)->sealed;
    if (!envelope->is_signed)
        return mmofl_fail(err, MMOFL_E_MISSING, "'%s' did not sign", envelope->sender);
    uint8_t bytes[SIGNED_BYTES];
    size_t n = signed_bytes(federation, sealed, bytes);
    if (crypto_sign_verify_detached(sealed->signature.data, bytes, n, public_key) != 0)
        return mmofl_fail(err, MMOFL_E_DENIED, "not signed by the key of '%s'",
                          envelope->sender);
    return MMOFL_OK;
}

/* One zstd frame, whole, that declares the size which was let in. */
static mmofl_status unpack(const ProtobufCBinaryData *packed, size_t size, uint8_t *to,
                           mmofl_error *err)
{
    if (ZSTD_getFrameContentSize(packed->data, packed->len) != size)
        return mmofl_fail(err, MMOFL_E_COUNT,
                          "a packed message does not declare its %zu bytes", size);
    if (ZSTD_findFrameCompressedSize(packed->data, packed->len) != packed->len)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "a packed message is cut or longer");
    size_t n = ZSTD_decompress(to, size, packed->data, packed->len);
    if (ZSTD_isError(n) || n != size)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "a packed message: %s",
                          ZSTD_isError(n) ? ZSTD_getErrorName(n) : "too short");
    return MMOFL_OK;
}

mmofl_status mmofl_envelope_open(mmofl_envelope *envelope, const uint8_t **message,
                                 size_t *size, mmofl_error *err)
{
    envelope_memory *memory = envelope->memory;
    const Mmofl__Wire__Sealed *sealed = memory->sealed;
    size_t bytes = envelope->message_bytes;
    if (sealed->packing == MMOFL__WIRE__PACKING__PLAIN) {
        if (sealed->message.len != bytes)
            return mmofl_fail(err, MMOFL_E_COUNT, "a message of %zu bytes, wanted %zu",
                              sealed->message.len, bytes);
        *message = sealed->message.data;
        *size = bytes;
        return MMOFL_OK;
    }
    if (!memory->unpacked) {
        uint8_t *unpacked = malloc(bytes + 1); /* of nothing, too */
        if (!unpacked)
            return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for a message");
        mmofl_status st = unpack(&sealed->message, bytes, unpacked, err);
        if (st) {
            free(unpacked);
            return st;
        }
        memory->unpacked = unpacked;
    }
    *message = memory->unpacked;
    *size = bytes;
    return MMOFL_OK;
}

void mmofl_envelope_free(mmofl_envelope *envelope)
{
    memory_delete(envelope->memory);
    *envelope = (mmofl_envelope){0};
}
