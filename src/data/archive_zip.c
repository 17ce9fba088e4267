/* archive_zip.c - zips by their directory, unpacked by libdeflate.
 *
 *   | header, name, packed bytes |  ...  | entry, name | ...  | end record, comment |
 *     of each file                         the directory
 *
 * The directory says where each file lies, how large it is, packed and unpacked, and
 * what its checksum is; a zip that was cut off has none and is noticed at once.  Whole
 * files are unpacked into exactly as many bytes as they declare, which is how
 * libdeflate works: it knows no streams and takes half of zlib's time.  Files are
 * independent, so threads need not know of each other.
 *
 * PKWARE's APPNOTE 6.3.10 names the records' fields.  Of its methods only stored and
 * deflated are read; sizes of 64 bits (zip64) are, encryption and parts are not. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "data/archive_parts.h"

enum {
    HEADER_BYTES = 30,
    ENTRY_BYTES = 46,
    END_BYTES = 22,
    LOCATOR_BYTES = 20,
    END64_BYTES = 56,
    STORED = 0,
    DEFLATED = 8,
    ZIP64 = 1,         /* the extra field with long sizes */
    KIND = 0170000,    /* these bits of a mode say what it is: */
    REGULAR = 0100000, /* a file */
    FOLDER = 0040000
};

/* n bytes of a record as a number. */
static uint64_t field(const unsigned char *record, size_t at, size_t n)
{
    return mmofl_bytes_load(record + at, n);
}

/* The length of a name or of what follows it: two bytes. */
static size_t length(const unsigned char *record, size_t at)
{
    return (size_t)field(record, at, 2);
}

static bool is(const unsigned char *record, const char *signature)
{
    return memcmp(record, "PK", 2) == 0 && memcmp(record + 2, signature, 2) == 0;
}

/* --- the end ---------------------------------------------------------------------- */

struct directory {
    const unsigned char *at, *end;
    uint64_t files;
};

/* The end record, behind which there is at most a comment; NULL when there is none. */
static const unsigned char *find_end(const unsigned char *zip, size_t size)
{
    enum { LONGEST = END_BYTES + 0xffff };
    for (size_t back = END_BYTES; back <= size && back <= LONGEST; back++) {
        const unsigned char *end = zip + size - back;
        if (is(end, "\5\6") && END_BYTES + field(end, 20, 2) <= back)
            return end;
    }
    return NULL;
}

/* Why it has none, by what it starts with. */
static mmofl_status refuse_zip(const unsigned char *zip, size_t size, mmofl_error *err)
{
    if (size == 0)
        return mmofl_fail(err, MMOFL_E_TRUNCATED, "an empty file");
    if (size >= 2 && memcmp(zip, "PK", 2) == 0)
        return mmofl_fail(err, MMOFL_E_TRUNCATED,
                          "a zip whose directory is missing: cut off?");
    return mmofl_fail(err, MMOFL_E_SYNTAX, "not a zip file");
}

/* The long end record that goes before the short one; NULL when there is none. */
static const unsigned char *find_end64(const unsigned char *zip,
                                       const unsigned char *end)
{
    size_t before = (size_t)(end - zip);
    if (before < LOCATOR_BYTES + END64_BYTES || !is(end - LOCATOR_BYTES, "\6\7"))
        return NULL;
    uint64_t at = field(end - LOCATOR_BYTES, 8, 8);
    if (at > before - LOCATOR_BYTES - END64_BYTES || !is(zip + at, "\6\6"))
        return NULL;
    return zip + at;
}

static mmofl_status find_directory(const mmofl_archive *archive,
                                   struct directory *directory, mmofl_error *err)
{
    const unsigned char *zip = archive->zip, *end = find_end(zip, archive->zip_bytes);
    if (!end)
        return refuse_zip(zip, archive->zip_bytes, err);
    const unsigned char *end64 = find_end64(zip, end);
    uint64_t files = end64 ? field(end64, 32, 8) : field(end, 10, 2);
    uint64_t size = end64 ? field(end64, 40, 8) : field(end, 12, 4);
    uint64_t at = end64 ? field(end64, 48, 8) : field(end, 16, 4);
    uint64_t before = (uint64_t)(end - zip);
    if (field(end, 4, 2) != 0 && field(end, 4, 2) != 0xffff)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "a zip in several parts");
    if (at > before || size > before - at)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "its directory lies outside of it");
    *directory = (struct directory){zip + at, zip + at + size, files};
    return MMOFL_OK;
}

/* --- the directory ---------------------------------------------------------------- */

/* What an entry says of its file. */
struct file {
    char path[MMOFL_ARCHIVE_PATH_BYTES + 1];
    mmofl_zip_place place;
    uint64_t bytes;
    unsigned kind; /* KIND of its mode; 0 where it has none */
    bool encrypted;
};

/* Sizes and places that do not fit 32 bits stand in the zip64 field, in this order and
 * only those that are needed. */
static void read_long_sizes(const unsigned char *extra, size_t n, struct file *file)
{
    uint64_t *const size[] = {&file->bytes, &file->place.packed, &file->place.at};
    for (size_t at = 0; at + 4 <= n;) {
        unsigned type = (unsigned)field(extra, at, 2);
        size_t end = at + 4 + length(extra, at + 2);
        if (end > n)
            return;
        at += 4;
        for (int i = 0; i < 3 && type == ZIP64; i++)
            if (*size[i] == UINT32_MAX && at + 8 <= end) {
                *size[i] = field(extra, at, 8);
                at += 8;
            }
        at = end;
    }
}

/* Programs for Unix and macOS keep a file's mode; others have other bits there. */
static unsigned kind_of(const unsigned char *entry)
{
    enum { UNIX = 3, MACOS = 19 };
    uint64_t system = field(entry, 5, 1);
    return system == UNIX || system == MACOS ? (unsigned)field(entry, 40, 2) & KIND : 0;
}

/* Take the entry at *at; *at moves behind it. */
static mmofl_status read_entry(const unsigned char **at, const unsigned char *end,
                               struct file *file, mmofl_error *err)
{
    const unsigned char *entry = *at;
    size_t left = (size_t)(end - entry);
    if (left < ENTRY_BYTES || !is(entry, "\1\2"))
        return mmofl_fail(err, MMOFL_E_CORRUPT, "its directory is damaged");
    size_t name = length(entry, 28), extra = length(entry, 30),
           comment = length(entry, 32);
    if (left - ENTRY_BYTES < name + extra + comment)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "its directory is damaged");
    const char *path = (const char *)entry + ENTRY_BYTES;
    if (name == 0 || memchr(path, '\0', name))
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "a file has no readable name");
    if (name > MMOFL_ARCHIVE_PATH_BYTES)
        return mmofl_fail(err, MMOFL_E_LIMIT, "a path of more than %d bytes",
                          MMOFL_ARCHIVE_PATH_BYTES);
    memcpy(file->path, path, name);
    file->path[name] = '\0';
    file->place = (mmofl_zip_place){.at = field(entry, 42, 4),
                                    .packed = field(entry, 20, 4),
                                    .crc = (uint32_t)field(entry, 16, 4),
                                    .method = (uint32_t)field(entry, 10, 2)};
    file->bytes = field(entry, 24, 4);
    file->encrypted = field(entry, 8, 2) & 1;
    file->kind = kind_of(entry);
    read_long_sizes(entry + ENTRY_BYTES + name, extra, file);
    *at = entry + ENTRY_BYTES + name + extra + comment;
    return MMOFL_OK;
}

static mmofl_status add_file(mmofl_archive *archive, const struct file *file,
                             mmofl_error *err)
{
    const char *path = file->path;
    mmofl_status st = mmofl_archive_check_path(path, err);
    if (st)
        return st;
    if (path[strlen(path) - 1] == '/' || file->kind == FOLDER)
        return MMOFL_OK;
    if (file->kind != 0 && file->kind != REGULAR)
        return mmofl_fail(err, MMOFL_E_UNSAFE_PATH, "'%.200s' is a link or device",
                          path);
    if (file->encrypted)
        return mmofl_fail(err, MMOFL_E_UNSUPPORTED, "%.200s is encrypted", path);
    if (file->bytes > SIZE_MAX)
        return mmofl_fail(err, MMOFL_E_LIMIT, "%.200s does not fit in memory", path);
    return mmofl_archive_add(archive, path, (size_t)file->bytes, 0, &file->place, err);
}

mmofl_status mmofl_archive_zip_list(mmofl_archive *archive, mmofl_error *err)
{
    struct directory directory = {0};
    mmofl_status st = find_directory(archive, &directory, err);
    for (uint64_t i = 0; !st && i < directory.files; i++) {
        struct file file;
        if (i >= 2 * archive->limits.entries) /* folders and junk count too */
            return mmofl_fail(err, MMOFL_E_LIMIT, "more than %zu entries", (size_t)i);
        st = read_entry(&directory.at, directory.end, &file, err);
        if (!st)
            st = add_file(archive, &file, err);
    }
    return st;
}

/* --- a file ----------------------------------------------------------------------- */

/* Its packed bytes, behind a header that has a name and extra fields of its own. */
static mmofl_status find_packed(const mmofl_archive *archive, mmofl_zip_place place,
                                const unsigned char **packed, mmofl_error *err)
{
    const unsigned char *zip = archive->zip;
    uint64_t size = archive->zip_bytes;
    if (place.at > size || size - place.at < HEADER_BYTES ||
        !is(zip + place.at, "\3\4"))
        return mmofl_fail(err, MMOFL_E_CORRUPT, "is not where the directory says");
    const unsigned char *header = zip + place.at;
    uint64_t start =
        place.at + HEADER_BYTES + field(header, 26, 2) + field(header, 28, 2);
    if (start > size || size - start < place.packed)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "goes past the end of the zip");
    *packed = zip + start;
    return MMOFL_OK;
}

static mmofl_status inflate(const unsigned char *packed, size_t packed_size,
                            unsigned char *data, size_t size, mmofl_error *err)
{
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    if (!inflater)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory to unpack");
    enum libdeflate_result got =
        libdeflate_deflate_decompress(inflater, packed, packed_size, data, size, NULL);
    libdeflate_free_decompressor(inflater);
    if (got == LIBDEFLATE_SUCCESS)
        return MMOFL_OK;
    if (got == LIBDEFLATE_BAD_DATA)
        return mmofl_fail(err, MMOFL_E_CORRUPT, "its packed bytes are damaged");
    return mmofl_fail(err, MMOFL_E_CORRUPT, "does not have the declared %zu bytes",
                      size);
}

/* Unpack into exactly `size` bytes. */
static mmofl_status unpack(const unsigned char *packed, mmofl_zip_place place,
                           unsigned char *data, size_t size, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    if (place.method == DEFLATED)
        st = inflate(packed, (size_t)place.packed, data, size, err);
    else if (place.method != STORED)
        st = mmofl_fail(err, MMOFL_E_UNSUPPORTED,
                        "packed by method %u, wanted stored or deflated",
                        (unsigned)place.method);
    else if (place.packed != size)
        st = mmofl_fail(err, MMOFL_E_CORRUPT, "does not have the declared %zu bytes",
                        size);
    else
        memcpy(data, packed, size);
    if (!st && libdeflate_crc32(0, data, size) != place.crc)
        st = mmofl_fail(err, MMOFL_E_CORRUPT, "its checksum differs");
    return st;
}

mmofl_status mmofl_archive_zip_read(const mmofl_archive *archive, size_t index,
                                    unsigned char **data, size_t *size,
                                    mmofl_error *err)
{
    mmofl_zip_place place = archive->place[index];
    size_t bytes = archive->entries[index].bytes;
    const unsigned char *packed = NULL;
    mmofl_status st = find_packed(archive, place, &packed, err);
    if (st)
        return st;
    unsigned char *made = malloc(bytes + 1);
    if (!made)
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for %zu bytes", bytes);
    st = unpack(packed, place, made, bytes, err);
    if (st) {
        free(made);
        return st;
    }
    made[bytes] = 0;
    *data = made;
    *size = bytes;
    return MMOFL_OK;
}
