/* seal.h - who says a message, to whom, in which life of whose process; signed where
 * the federation has keys.
 *
 *   message --zstd?--> packed --+--> Sealed{sender, receiver, sessions, sequence,
 * packed, Ed25519 --+          signature} = an object
 *
 * A reader checks in this order: size, form, names, receiver, signature, and only then
 * unpacks, into at most the bytes that it allows (docs/wire.md, "Sealing"). */
#ifndef MMOFL_WIRE_SEAL_H
#define MMOFL_WIRE_SEAL_H

#include "wire/digest.h"
#include "wire/name.h"

enum {
    MMOFL_KEY_BYTES = 32, /* Ed25519: seed of a secret key, or a public key */
    MMOFL_SIGNATURE_BYTES = 64,
    MMOFL_SEAL_OVERHEAD = 320 /* most bytes of Sealed beside the message */
};

/** Who we are; all borrowed. */
typedef struct mmofl_identity {
    const char *federation;
    const char *name;    /* of the device; MMOFL_COORDINATOR */
    uint64_t session;    /* mmofl_session_draw(), once for each life of the process */
    const uint8_t *seed; /* (MMOFL_KEY_BYTES) NULL: not signed */
} mmofl_identity;

/** 64 random bits of the operating system, not 0. */
uint64_t mmofl_session_draw(void);

/** The public key of a seed. */
void mmofl_key_public(const uint8_t seed[MMOFL_KEY_BYTES],
                      uint8_t public_key[MMOFL_KEY_BYTES]);

/** To whom, and where in the session. */
typedef struct mmofl_seal_address {
    const char *receiver;      /* a device, MMOFL_COORDINATOR or MMOFL_EVERYBODY */
    uint64_t receiver_session; /* 0: any life of the receiver */
    uint64_t sequence;         /* >= 1 */
    bool pack;                 /* by zstd, if that saves an eighth */
} mmofl_seal_address;

/** Seal a message: *object is malloc'ed, the caller's.
 * @retval E_MEMORY
 * Cost: O(size) for digest and copy, 30 us for a signature, zstd at level 1. */
MMOFL_CHECKED mmofl_status mmofl_seal(const mmofl_identity *who,
                                      const mmofl_seal_address *to, const void *message,
                                      size_t size, uint8_t **object,
                                      size_t *object_size);

/** An object that was read: what is on its outside. */
typedef struct mmofl_envelope {
    char sender[MMOFL_WIRE_NAME_BYTES], receiver[MMOFL_WIRE_NAME_BYTES];
    uint64_t session, receiver_session, sequence;
    uint64_t message_bytes; /* unpacked, as it claims */
    /* Inside of src/wire: what lies in the object, and what was unpacked of it. */
    uint64_t packing;
    const uint8_t *signature, *packed; /* signature: NULL: it is not signed */
    size_t packed_bytes;
    uint8_t *unpacked; /* malloc; mmofl_envelope_free */
} mmofl_envelope;

/** Read the outside of an object of at most message_bytes + MMOFL_SEAL_OVERHEAD bytes,
 * which is borrowed as long as the envelope is used.
 * @retval E_LIMIT    larger, or claims a message larger than message_bytes
 * @retval E_SYNTAX   not a Sealed, or a signature of another size
 * @retval E_UNKNOWN  a packing that is not known here
 * @retval E_RANGE    a name, session or sequence that nobody has
 * On success: mmofl_envelope_free.  Allocates nothing. */
MMOFL_CHECKED mmofl_status mmofl_envelope_read(const void *object, size_t size,
                                               size_t message_bytes,
                                               mmofl_envelope *envelope,
                                               mmofl_error *err);

/** Was it signed by the owner of that key, for that federation?
 * @retval E_MISSING  it is not signed
 * @retval E_DENIED   signed by another key, or something was changed
 * Cost: O(size), 80 us. */
MMOFL_CHECKED mmofl_status
mmofl_envelope_verify(const mmofl_envelope *envelope, const char *federation,
                      const uint8_t public_key[MMOFL_KEY_BYTES], mmofl_error *err);

/** Unpack the message; it lives as long as the envelope and its object.
 * @retval E_CORRUPT  not one zstd frame, or damaged
 * @retval E_COUNT    not of the size that the envelope claims
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_envelope_open(mmofl_envelope *envelope,
                                               const uint8_t **message, size_t *size,
                                               mmofl_error *err);

/** {0} is allowed. */
void mmofl_envelope_free(mmofl_envelope *envelope);

#endif
