/* cache_digest.c - checksums of leaves, one after the other or side by side. */
#include "data/cache_digest.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/pool.h"

enum {
    LEAF = 64 << 10,
    START = MMOFL_CACHE_DIGEST_AT + MMOFL_CACHE_DIGEST_BYTES,
    MANY = 64 /* leaves, that are worth threads: half a millisecond of work */
};

/* --- piece by piece --------------------------------------------------------------- */

static void add_leaf(mmofl_cache_digest *digest, uint32_t crc)
{
    unsigned char bytes[4];
    mmofl_bytes place = mmofl_bytes_writer(bytes, sizeof bytes);
    mmofl_bytes_u32(&place, &crc);
    crypto_generichash_update(&digest->state, bytes, sizeof bytes);
}

static void end_leaf(mmofl_cache_digest *digest)
{
    add_leaf(digest, digest->crc);
    digest->crc = 0;
    digest->filled = 0;
}

void mmofl_cache_digest_begin(mmofl_cache_digest *digest, const unsigned char *data)
{
    *digest = (mmofl_cache_digest){0};
    crypto_generichash_init(&digest->state, NULL, 0, MMOFL_CACHE_DIGEST_BYTES);
    crypto_generichash_update(&digest->state, data, MMOFL_CACHE_DIGEST_AT);
}

void mmofl_cache_digest_add(mmofl_cache_digest *digest, const void *data, size_t size)
{
    const unsigned char *at = data;
    for (size_t part; size > 0; at += part, size -= part) {
        size_t left = LEAF - digest->filled;
        part = size < left ? size : left;
        digest->crc = libdeflate_crc32(digest->crc, at, part);
        digest->filled += part;
        if (digest->filled == LEAF)
            end_leaf(digest);
    }
}

void mmofl_cache_digest_end(mmofl_cache_digest *digest, unsigned char *out)
{
    if (digest->filled > 0)
        end_leaf(digest);
    crypto_generichash_final(&digest->state, out, MMOFL_CACHE_DIGEST_BYTES);
}

/* --- all at once ------------------------------------------------------------------ */

typedef struct leaves {
    const unsigned char *data;
    size_t size;
    uint32_t *crc; /* of each */
} leaves;

static void sum_leaf(void *context, size_t item, int thread)
{
    const leaves *l = context;
    size_t at = item * LEAF, left = l->size - at;
    (void)thread;
    l->crc[item] = libdeflate_crc32(0, l->data + at, left < LEAF ? left : LEAF);
}

/* Add the checksums of n leaves; false when memory or threads are short, and nothing
 * was added. */
static bool add_side_by_side(mmofl_cache_digest *digest, const unsigned char *data,
                             size_t size, size_t n)
{
    mmofl_pool *pool = NULL;
    leaves l = {data, size, calloc(n, sizeof *l.crc)};
    bool made = l.crc && mmofl_pool_new(0, &pool) == MMOFL_OK;
    if (made)
        mmofl_pool_run(pool, n, sum_leaf, &l);
    for (size_t i = 0; i < n && made; i++)
        add_leaf(digest, l.crc[i]);
    mmofl_pool_delete(pool);
    free(l.crc);
    return made;
}

void mmofl_cache_digest_image(const unsigned char *data, size_t size,
                              unsigned char *out)
{
    mmofl_cache_digest digest;
    mmofl_cache_digest_begin(&digest, data);
    data += START, size -= START;
    size_t n = size / LEAF + (size % LEAF != 0);
    if (n < MANY || !add_side_by_side(&digest, data, size, n))
        mmofl_cache_digest_add(&digest, data, size);
    mmofl_cache_digest_end(&digest, out);
}
