/* state.c - magic, version, round, sizes, BLAKE2b of all that follows, parts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/bytes.h"
#include "base/file.h"
#include "device/state.h"

enum {
    MAGIC = 0x544c464d, /* "MFLT" */
    VERSION = 2,
    DIGEST = 32,
    HEADER = 4 + 4 + DIGEST + 16 + MMOFL_STATE_PARTS * 8,
    SIGNED_FROM = 4 + 4 + DIGEST,
    PATH_BYTES = 4096
};

/* The header, read or written; false: it does not fit. */
static bool walk_header(mmofl_bytes *at, uint32_t *magic, uint32_t *version,
                        unsigned char digest[DIGEST], mmofl_state_file *file)
{
    mmofl_bytes_u32(at, magic);
    mmofl_bytes_u32(at, version);
    mmofl_bytes_raw(at, digest, DIGEST);
    mmofl_bytes_u64(at, &file->round);
    mmofl_bytes_u64(at, &file->arrivals);
    for (int i = 0; i < MMOFL_STATE_PARTS; i++)
        mmofl_bytes_size(at, &file->part[i].size);
    return !at->bad;
}

static void digest_of(const unsigned char header[HEADER], const mmofl_state_file *file,
                      unsigned char digest[DIGEST])
{
    crypto_generichash_state d;
    crypto_generichash_init(&d, NULL, 0, DIGEST);
    crypto_generichash_update(&d, header + SIGNED_FROM, HEADER - SIGNED_FROM);
    for (int i = 0; i < MMOFL_STATE_PARTS; i++)
        crypto_generichash_update(&d, file->part[i].data, file->part[i].size);
    crypto_generichash_final(&d, digest, DIGEST);
}

mmofl_status mmofl_state_write(const char *folder, const char *name,
                               const mmofl_state_file *file, bool sync,
                               mmofl_error *err)
{
    char path[PATH_BYTES];
    unsigned char header[HEADER], digest[DIGEST] = {0};
    uint32_t magic = MAGIC, version = VERSION;
    mmofl_state_file copy = *file;
    mmofl_status st = mmofl_file_join(path, sizeof path, folder, name, err);
    if (st)
        return st;
    for (int pass = 0; pass < 2; pass++) { /* the digest is of what stands behind it */
        mmofl_bytes at = mmofl_bytes_writer(header, sizeof header);
        walk_header(&at, &magic, &version, digest, &copy);
        digest_of(header, file, digest);
    }
    mmofl_piece pieces[1 + MMOFL_STATE_PARTS] = {{header, sizeof header}};
    for (int i = 0; i < MMOFL_STATE_PARTS; i++)
        pieces[1 + i] = (mmofl_piece){file->part[i].data, file->part[i].size};
    return mmofl_file_write_pieces(path, pieces, 1 + MMOFL_STATE_PARTS, sync, err);
}

/* Find the parts in what was read. */
static mmofl_status find_parts(const char *path, mmofl_state_file *file, size_t size,
                               mmofl_error *err)
{
    unsigned char digest[DIGEST], wanted[DIGEST];
    uint32_t magic, version;
    mmofl_bytes at = mmofl_bytes_reader(file->memory, size);
    if (size < HEADER)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: %zu bytes are no state", path,
                          size);
    bool fits = walk_header(&at, &magic, &version, wanted, file);
    if (magic != MAGIC)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: no state of a device", path);
    if (version != VERSION)
        return mmofl_fail(err, MMOFL_E_VERSION, "%s: of version %u; wanted %d", path,
                          version, VERSION);
    size_t from = HEADER;
    for (int i = 0; i < MMOFL_STATE_PARTS && fits; i++) {
        file->part[i].data = file->memory + from;
        fits = file->part[i].size <= size - from;
        from += fits ? file->part[i].size : 0;
    }
    if (!fits)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "%s: ends too early", path);
    digest_of(file->memory, file, digest);
    if (from != size || memcmp(digest, wanted, DIGEST) != 0)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "%s: damaged", path);
    return MMOFL_OK;
}

mmofl_status mmofl_state_read(const char *folder, const char *name, size_t limit,
                              mmofl_state_file *out, mmofl_error *err)
{
    char path[PATH_BYTES];
    size_t size;
    mmofl_state_file file = {0};
    mmofl_status st = mmofl_file_join(path, sizeof path, folder, name, err);
    if (!st)
        st = mmofl_file_read(path, limit, &file.memory, &size, err);
    if (st)
        return st;
    st = find_parts(path, &file, size, err);
    if (st)
        mmofl_state_file_free(&file);
    else
        *out = file;
    return st;
}

void mmofl_state_remove(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    mmofl_error err = {0};
    if (mmofl_file_join(path, sizeof path, folder, name, &err) == MMOFL_OK)
        unlink(path);
}

void mmofl_state_file_free(mmofl_state_file *file)
{
    free(file->memory);
    *file = (mmofl_state_file){0};
}
