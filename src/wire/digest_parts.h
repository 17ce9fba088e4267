/* digest_parts.h - a BLAKE2b digest of fields one after the other (docs/wire.md says
 * which).  Numbers as little-endian bytes; texts and arrays that another field follows
 * begin with their length, so that two lists of fields never look alike. */
#ifndef MMOFL_WIRE_DIGEST_PARTS_H
#define MMOFL_WIRE_DIGEST_PARTS_H

#include <sodium.h>

#include "wire/digest.h"

typedef struct mmofl_hash {
    crypto_generichash_state state;
} mmofl_hash;

/** BLAKE2b-256. */
void mmofl_hash_begin(mmofl_hash *hash);
void mmofl_hash_raw(mmofl_hash *hash, const void *data, size_t n);
void mmofl_hash_u8(mmofl_hash *hash, uint8_t value);
void mmofl_hash_u32(mmofl_hash *hash, uint32_t value);
void mmofl_hash_u64(mmofl_hash *hash, uint64_t value);
void mmofl_hash_f64(mmofl_hash *hash, double value); /* its bits as a u64 */
void mmofl_hash_f32s(mmofl_hash *hash, const float *values, size_t n);
void mmofl_hash_text(mmofl_hash *hash, const char *text); /* u64 length, bytes */
mmofl_digest mmofl_hash_end(mmofl_hash *hash);

#endif
