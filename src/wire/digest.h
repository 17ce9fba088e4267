/* digest.h - the two hashes of the protocol (docs/wire.md).
 *
 *   BLAKE2b   digests that are compared with what others say: of a model, a config, a
 *             signed message.  Nobody can make other bytes with the same one.
 *   XXH64     checks of frames: ten times as fast, against damage on the way only.
 *             Who may send at all is what the signature is for.
 *
 * Numbers go in as little-endian bytes on every machine, so digests agree everywhere.
 */
#ifndef MMOFL_WIRE_DIGEST_H
#define MMOFL_WIRE_DIGEST_H

#include "mmofl/status.h"

enum { MMOFL_DIGEST_BYTES = 32, MMOFL_OBJECT_ID_BYTES = 16 };

/** BLAKE2b-256. */
typedef struct mmofl_digest {
    uint8_t bytes[MMOFL_DIGEST_BYTES];
} mmofl_digest;

/** The name of an object: its sender's session, then its place in that. */
typedef struct mmofl_object_id {
    uint8_t bytes[MMOFL_OBJECT_ID_BYTES];
} mmofl_object_id;

/** All zero: "no digest", which no data have but by a miracle. */
bool mmofl_digest_is_none(const mmofl_digest *digest);
bool mmofl_digest_equal(const mmofl_digest *a, const mmofl_digest *b);
bool mmofl_object_id_equal(const mmofl_object_id *a, const mmofl_object_id *b);

enum { MMOFL_OBJECT_ID_TEXT = 2 * MMOFL_OBJECT_ID_BYTES + 1 };

/** Lower-case hexadecimal, for people. */
void mmofl_object_id_text(const mmofl_object_id *id, char text[MMOFL_OBJECT_ID_TEXT]);

mmofl_object_id mmofl_object_id_of(uint64_t session, uint64_t sequence);

/** XXH64, seed 0, of two pieces one after the other. */
uint64_t mmofl_checksum(const void *first, size_t first_size, const void *second,
                        size_t second_size);

/** BLAKE2b-256 of n parameters as little-endian float32: the digest of a model.
 * Cost: about 1 ms for a million. */
mmofl_digest mmofl_model_digest(const float *parameters, size_t n);

#endif
