/* cache_digest.h - the digest of a data cache file (docs/data-cache.md).
 *
 *   BLAKE2b-256 of | bytes 0 to 31 | CRC-32 of each LEAF bytes from byte 64 on |
 *
 * It is to find damage, not people, who can compute any digest; so most of it may be a
 * checksum that costs a tenth of a cryptographic one, for it is looked at each time a
 * file is opened. */
#ifndef MMOFL_DATA_CACHE_DIGEST_H
#define MMOFL_DATA_CACHE_DIGEST_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

enum { MMOFL_CACHE_DIGEST_BYTES = 32, MMOFL_CACHE_DIGEST_AT = 32 };

/** A digest on its way, of bytes that come piece by piece. */
typedef struct mmofl_cache_digest {
    crypto_generichash_state state;
    uint32_t crc;
    size_t filled; /* of the current leaf */
} mmofl_cache_digest;

/** sodium_init came before.  data: the file's first bytes, of which those before the
 * digest count. */
void mmofl_cache_digest_begin(mmofl_cache_digest *digest, const unsigned char *data);

/** What comes next, from byte 64 on. */
void mmofl_cache_digest_add(mmofl_cache_digest *digest, const void *data, size_t size);

void mmofl_cache_digest_end(mmofl_cache_digest *digest, unsigned char *out);

/** The digest of a whole file, of at least 64 bytes.  Large ones are read by a thread
 * on each core, where threads can be had: 0.1 s per GB and core. */
void mmofl_cache_digest_image(const unsigned char *data, size_t size,
                              unsigned char *out);

#endif
