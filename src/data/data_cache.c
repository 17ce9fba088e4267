/* data_cache.c - data sets as files that are used where they lie.
 *
 *   | preamble, 64 bytes: magic, version, sizes, digest | header | section | section
 * ... ^ each starts at a multiple of 64, zeros in between
 *
 * The header is one walk over its fields (walk_header) that reads or writes, and the
 * sections are one list (list_sections) that both directions use, so the two cannot
 * drift apart.  Nothing in a file is believed: the digest says whether it is what was
 * written, and since anybody can compute a digest, every count, offset and value is
 * checked as if there were none. */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "data/cache_digest.h"
#include "data/data_cache.h"
#include "data/dataset_parts.h"
#include "data/stored.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the data cache maps little-endian numbers; port list_sections before building"
#endif

enum {
    MAGIC_BYTES = 8,
    MAX_SECTIONS = 5 + 3 * MMOFL_MAX_MODALITIES,
    MAX_HEADER_BYTES = 8192
};

static const char magic[MAGIC_BYTES] = {'M', 'M', 'O', 'F', 'L', 'D', 'A', 'T'};
static const unsigned char padding[MMOFL_DATA_CACHE_ALIGN];

/* --- preamble --------------------------------------------------------------------- */

struct preamble {
    char magic[MAGIC_BYTES];
    uint32_t version;
    uint32_t header_bytes; /* without the preamble */
    uint64_t file_bytes;
    uint64_t reserved; /* 0 */
    unsigned char digest[MMOFL_CACHE_DIGEST_BYTES];
};

static void walk_preamble(mmofl_bytes *place, struct preamble *preamble)
{
    mmofl_bytes_raw(place, preamble->magic, sizeof preamble->magic);
    mmofl_bytes_u32(place, &preamble->version);
    mmofl_bytes_u32(place, &preamble->header_bytes);
    mmofl_bytes_u64(place, &preamble->file_bytes);
    mmofl_bytes_u64(place, &preamble->reserved);
    mmofl_bytes_raw(place, preamble->digest, sizeof preamble->digest);
}

void mmofl_data_cache_seal(unsigned char *data, size_t size)
{
    assert(size >= MMOFL_DATA_CACHE_PREAMBLE);
    mmofl_cache_digest_image(data, size, data + MMOFL_CACHE_DIGEST_AT);
}

/* --- header ----------------------------------------------------------------------- */

/* What a modality's values are and how they lie: its number in the file. */
static const struct {
    mmofl_dtype dtype;
    mmofl_stored stored;
} kinds[] = {{MMOFL_F32, MMOFL_STORED_F32},
             {MMOFL_TOKENS, MMOFL_STORED_I32},
             {MMOFL_F32, MMOFL_STORED_U8},
             {MMOFL_F32, MMOFL_STORED_I16}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void walk_modality(mmofl_bytes *place, mmofl_modality *modality,
                          mmofl_stored *stored)
{
    int kind = 0;
    while (kind < KINDS &&
           (kinds[kind].dtype != modality->dtype || kinds[kind].stored != *stored))
        kind++;
    mmofl_bytes_raw(place, modality->name, sizeof modality->name);
    mmofl_bytes_raw(place, modality->unit, sizeof modality->unit);
    mmofl_bytes_f64(place, &modality->rate_hz);
    mmofl_bytes_count(place, &kind);
    mmofl_bytes_count(place, &modality->vocabulary);
    mmofl_bytes_count(place, &modality->shape.n);
    for (int i = 0; i < MMOFL_MAX_DIMS; i++)
        mmofl_bytes_count(place, &modality->shape.dim[i]);
    if (kind >= KINDS) {
        place->bad = true;
        return;
    }
    modality->dtype = kinds[kind].dtype;
    *stored = kinds[kind].stored;
}

static void walk_header(mmofl_bytes *place, mmofl_dataset *set)
{
    mmofl_bytes_raw(place, set->name, sizeof set->name);
    mmofl_bytes_raw(place, set->citation, sizeof set->citation);
    mmofl_bytes_count(place, &set->n_modalities);
    mmofl_bytes_count(place, &set->n_classes);
    mmofl_bytes_size(place, &set->n_samples);
    mmofl_bytes_size(place, &set->n_train);
    if (set->n_modalities > MMOFL_MAX_MODALITIES) {
        place->bad = true;
        set->n_modalities = 0;
    }
    for (int m = 0; m < set->n_modalities; m++)
        walk_modality(place, &set->modality[m], &set->stored[m]);
}

/* --- sections --------------------------------------------------------------------- */

struct section {
    void *slot; /* the set's pointer to the array, of whatever type */
    size_t bytes;
    size_t offset; /* from the start of the file */
};

struct sections {
    struct section list[MAX_SECTIONS];
    int n;
    bool overflow; /* a size does not fit this machine */
};

static void add_section(struct sections *sections, void *slot, size_t n,
                        size_t item_bytes)
{
    struct section *section = &sections->list[sections->n++];
    section->slot = slot;
    if (!mmofl_bytes_product(n, item_bytes, &section->bytes))
        sections->overflow = true;
}

/* The arrays of a set whose header is good, in file order. */
static void list_sections(mmofl_dataset *set, struct sections *sections)
{
    size_t n = set->n_samples;
    sections->n = 0;
    sections->overflow = false;
    add_section(sections, &set->class_name, (size_t)set->n_classes, MMOFL_NAME_BYTES);
    add_section(sections, &set->mask, n, sizeof(uint32_t));
    add_section(sections, &set->label, n, sizeof(int32_t));
    add_section(sections, &set->owner, n, sizeof(int32_t));
    add_section(sections, &set->time, n, sizeof(int64_t));
    for (int m = 0; m < set->n_modalities; m++) {
        const mmofl_modality *modality = &set->modality[m];
        size_t channels = (size_t)mmofl_modality_channels(modality);
        add_section(sections, &set->values[m], n,
                    mmofl_shape_count(modality->shape) *
                        mmofl_stored_bytes(set->stored[m]));
        if (modality->dtype != MMOFL_F32)
            continue;
        add_section(sections, &set->mean[m], channels, sizeof(float));
        add_section(sections, &set->sd[m], channels, sizeof(float));
    }
}

static void walk_sections(mmofl_bytes *place, struct sections *sections)
{
    int n = sections->n;
    mmofl_bytes_count(place, &n);
    if (n != sections->n) {
        place->bad = true;
        return;
    }
    for (int i = 0; i < n; i++) {
        mmofl_bytes_size(place, &sections->list[i].offset);
        mmofl_bytes_size(place, &sections->list[i].bytes);
    }
}

/* Where a section lies follows from the ones before it: the next multiple of 64.
 * Returns false when that does not fit a size_t. */
static bool lay_out(struct sections *sections, size_t header_end, size_t *end)
{
    size_t at = header_end, rounded;
    for (int i = 0; i < sections->n; i++) {
        if (!mmofl_bytes_sum(at, MMOFL_DATA_CACHE_ALIGN - 1, &rounded))
            return false;
        sections->list[i].offset = rounded - rounded % MMOFL_DATA_CACHE_ALIGN;
        if (!mmofl_bytes_sum(sections->list[i].offset, sections->list[i].bytes, &at))
            return false;
    }
    *end = at;
    return true;
}

/* Slots are pointers of several types; memcpy moves their value without pretending they
 * have one type (POSIX gives all object pointers one representation). */
static const void *slot_get(const struct section *section)
{
    const void *array;
    memcpy(&array, section->slot, sizeof array);
    return array;
}

static void slot_set(const struct section *section, const void *array)
{
    memcpy(section->slot, &array, sizeof array);
}

/* --- reading ---------------------------------------------------------------------- */

static mmofl_status check_preamble(const unsigned char *data, size_t size,
                                   struct preamble *preamble, mmofl_error *err)
{
    mmofl_bytes place = mmofl_bytes_reader(data, size);
    walk_preamble(&place, preamble);
    size_t known = size < MAGIC_BYTES ? size : MAGIC_BYTES;
    if (known && memcmp(data, magic, known) != 0)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "not a mmofl data cache file");
    if (place.bad)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "ends after %zu bytes", size);
    if (preamble->version != MMOFL_DATA_CACHE_VERSION)
        return mmofl_fail(err, MMOFL_E_VERSION,
                          "format version %u, this program reads %d: import again",
                          (unsigned)preamble->version, MMOFL_DATA_CACHE_VERSION);
    if (preamble->file_bytes > size)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "has %zu of %llu bytes", size,
                          (unsigned long long)preamble->file_bytes);
    if (preamble->file_bytes < size)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "goes on after its end");
    unsigned char digest[MMOFL_CACHE_DIGEST_BYTES];
    mmofl_cache_digest_image(data, size, digest);
    if (memcmp(digest, preamble->digest, sizeof digest) != 0)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "digest differs: the file is damaged");
    if (preamble->reserved != 0)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "reserved field is not zero");
    if (preamble->header_bytes > size - MMOFL_DATA_CACHE_PREAMBLE)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "header goes past the end");
    return MMOFL_OK;
}

/* Point the set's arrays into data, if the sections are exactly where and as large as
 * the header's counts say. */
static mmofl_status attach_sections(mmofl_bytes *place, mmofl_dataset *set,
                                    const unsigned char *data, size_t size,
                                    mmofl_error *err)
{
    struct sections wanted, found;
    list_sections(set, &wanted);
    found = wanted;
    walk_sections(place, &found);
    if (place->bad || place->at != place->size)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "header is damaged");
    size_t end;
    if (wanted.overflow ||
        !lay_out(&wanted, MMOFL_DATA_CACHE_PREAMBLE + place->size, &end) || end > size)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "the counts ask for more data than the file has");
    if (end != size)
        return mmofl_fail(err, MMOFL_E_SHAPE,
                          "the file has more data than the counts ask for");
    for (int i = 0; i < wanted.n; i++) {
        if (found.list[i].offset != wanted.list[i].offset ||
            found.list[i].bytes != wanted.list[i].bytes)
            return mmofl_fail(err, MMOFL_E_CORRUPT,
                              "section %d is not where its counts put it", i);
        slot_set(&wanted.list[i], data + wanted.list[i].offset);
    }
    return MMOFL_OK;
}

static mmofl_status parse_into(mmofl_dataset *set, const unsigned char *data,
                               size_t size, mmofl_error *err)
{
    struct preamble preamble;
    mmofl_status st = check_preamble(data, size, &preamble, err);
    if (st)
        return st;
    mmofl_bytes place =
        mmofl_bytes_reader(data + MMOFL_DATA_CACHE_PREAMBLE, preamble.header_bytes);
    walk_header(&place, set);
    if (place.bad)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "header is damaged");
    st = mmofl_dataset_check_header(set, err);
    if (!st)
        st = attach_sections(&place, set, data, size, err);
    if (!st)
        st = mmofl_dataset_check_arrays(set, err);
    if (!st)
        st = mmofl_dataset_tile(set, err);
    return st;
}

mmofl_status mmofl_data_cache_parse(const void *data, size_t size, const char *name,
                                    mmofl_dataset **set, mmofl_error *err)
{
    assert((uintptr_t)data % MMOFL_DATA_CACHE_ALIGN == 0);
    mmofl_error local = {0};
    mmofl_dataset *made;
    if (sodium_init() < 0)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "libsodium does not start");
    mmofl_status st = mmofl_dataset_new(0, &made, err);
    if (st)
        return st;
    st = parse_into(made, data, size, &local);
    if (st) {
        mmofl_dataset_close(made);
        return mmofl_fail(err, st, "%s: %s", name, local.text);
    }
    *set = made;
    return MMOFL_OK;
}

mmofl_status mmofl_dataset_open(const char *path, mmofl_dataset **set, mmofl_error *err)
{
    mmofl_mapping mapping;
    mmofl_status st = mmofl_file_map(path, &mapping, err);
    if (st)
        return st;
    mmofl_dataset *made;
    st = mmofl_data_cache_parse(mapping.data, mapping.size, path, &made, err);
    if (st) {
        mmofl_file_unmap(&mapping);
        return st;
    }
    made->memory->mapping = mapping;
    *set = made;
    return MMOFL_OK;
}

/* --- writing ---------------------------------------------------------------------- */

/* Pieces of the file in order: image of preamble and header, then zeros and array for
 * each section. */
static size_t list_pieces(const struct sections *sections, const unsigned char *image,
                          size_t image_bytes, mmofl_piece *pieces)
{
    size_t n = 0, at = image_bytes;
    pieces[n++] = (mmofl_piece){image, image_bytes};
    for (int i = 0; i < sections->n; i++) {
        const struct section *section = &sections->list[i];
        pieces[n++] = (mmofl_piece){padding, section->offset - at};
        pieces[n++] = (mmofl_piece){slot_get(section), section->bytes};
        at = section->offset + section->bytes;
    }
    return n;
}

static void digest_pieces(const mmofl_piece *pieces, size_t n, unsigned char *out)
{
    const unsigned char *image = pieces[0].data;
    mmofl_cache_digest digest;
    mmofl_cache_digest_begin(&digest, image);
    mmofl_cache_digest_add(&digest, image + MMOFL_DATA_CACHE_PREAMBLE,
                           pieces[0].size - MMOFL_DATA_CACHE_PREAMBLE);
    for (size_t i = 1; i < n; i++)
        mmofl_cache_digest_add(&digest, pieces[i].data, pieces[i].size);
    mmofl_cache_digest_end(&digest, out);
}

/* Floats that are whole numbers are written in fewer bytes, which live in the arena. */
static bool pack_values(mmofl_dataset *set, mmofl_arena *arena)
{
    for (int m = 0; m < set->n_modalities; m++) {
        size_t n = set->n_samples * mmofl_shape_count(set->modality[m].shape);
        if (set->stored[m] != MMOFL_STORED_F32)
            continue;
        mmofl_stored smallest = mmofl_stored_smallest(n, set->values[m]);
        if (smallest == MMOFL_STORED_F32)
            continue;
        void *packed = mmofl_arena_take(arena, n, mmofl_stored_bytes(smallest));
        if (!packed)
            return false;
        mmofl_stored_pack(smallest, n, set->values[m], packed);
        set->values[m] = packed;
        set->stored[m] = smallest;
    }
    return true;
}

/* Walks take what they could also write to: set is not changed. */
static mmofl_status write_file(mmofl_dataset *set, const char *path, mmofl_error *err)
{
    struct sections sections;
    list_sections(set, &sections);

    /* The header's length does not depend on its numbers: walk once to learn it. */
    unsigned char image[MMOFL_DATA_CACHE_PREAMBLE + MAX_HEADER_BYTES] = {0};
    mmofl_bytes place =
        mmofl_bytes_writer(image + MMOFL_DATA_CACHE_PREAMBLE, MAX_HEADER_BYTES);
    walk_header(&place, set);
    size_t fixed = place.at, end = 0;
    walk_sections(&place, &sections);
    size_t header_bytes = place.at;
    if (place.bad || sections.overflow ||
        !lay_out(&sections, MMOFL_DATA_CACHE_PREAMBLE + header_bytes, &end))
        return mmofl_fail(err, MMOFL_E_LIMIT, "%s: the set is too large", path);
    place.at = fixed;
    walk_sections(&place, &sections);

    struct preamble preamble = {.version = MMOFL_DATA_CACHE_VERSION,
                                .header_bytes = (uint32_t)header_bytes,
                                .file_bytes = end};
    memcpy(preamble.magic, magic, sizeof magic);
    place = mmofl_bytes_writer(image, MMOFL_DATA_CACHE_PREAMBLE);
    walk_preamble(&place, &preamble);

    mmofl_piece pieces[1 + 2 * MAX_SECTIONS];
    size_t n =
        list_pieces(&sections, image, MMOFL_DATA_CACHE_PREAMBLE + header_bytes, pieces);
    digest_pieces(pieces, n, image + MMOFL_CACHE_DIGEST_AT);
    return mmofl_file_write_pieces(path, pieces, n, true, err);
}

mmofl_status mmofl_dataset_save(const mmofl_dataset *set, const char *path,
                                mmofl_error *err)
{
    if (sodium_init() < 0)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "libsodium does not start");
    mmofl_dataset copy = *set;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_status st = pack_values(&copy, &arena)
                          ? write_file(&copy, path, err)
                          : mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory", path);
    mmofl_arena_free(&arena);
    return st;
}
