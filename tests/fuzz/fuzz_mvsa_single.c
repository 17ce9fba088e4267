/* fuzz_mvsa_single.c - the importer on an archive made here of the fuzzer's tables and
 * texts: no bytes may crash it, and in what it makes each part's ids must rise.
 *
 * The first two bytes choose layout and options; bytes 0xff (which no text contains)
 * separate the label table, the text table or the texts of ids 0, 1, 2 ...  Ids 0 to 9
 * have a photograph of one pixel. */
#include <archive.h>
#include <archive_entry.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "data/mvsa_single.h"

enum { ROOM = 1 << 18, PHOTOS = 10, PREPARED = 1, TEXT_TABLE = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct archive *writer, const char *path, const void *data, size_t size)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)size);
    if (archive_write_header(writer, entry) != ARCHIVE_OK ||
        archive_write_data(writer, data, size) != (la_ssize_t)size)
        abort();
    archive_entry_free(entry);
}

static void add_photos(struct archive *writer)
{
    unsigned char file[256];
    png_alloc_size_t size = sizeof file;
    png_image image = {.version = PNG_IMAGE_VERSION, .width = 1, .height = 1};
    char path[] = "data/0.jpg";
    if (!png_image_write_to_memory(&image, file, &size, 0, "x", 0, NULL))
        abort();
    for (int i = 0; i < PHOTOS; i++, path[5]++)
        add(writer, path, file, size);
}

/* The piece up to the next separator; *data moves behind it. */
static size_t cut(const uint8_t **data, const uint8_t *end)
{
    const uint8_t *separator = memchr(*data, 0xff, (size_t)(end - *data));
    size_t n = (size_t)((separator ? separator : end) - *data);
    *data += n + (separator != NULL);
    return n;
}

/* A stored zip of what the fuzzer gave, in `zip`. */
static size_t make_zip(const uint8_t *data, const uint8_t *end, unsigned layout,
                       unsigned char *zip)
{
    size_t size = 0;
    struct archive *writer = archive_write_new();
    if (!writer || archive_write_set_format_zip(writer) != ARCHIVE_OK ||
        archive_write_zip_set_compression_store(writer) != ARCHIVE_OK ||
        archive_write_open_memory(writer, zip, ROOM, &size) != ARCHIVE_OK)
        abort();
    const uint8_t *at = data;
    size_t n = cut(&data, end);
    add(writer, layout & PREPARED ? "labels.tsv" : "labelResultAll.txt", at, n);
    char path[] = "data/0.txt";
    for (int i = 0; i < PHOTOS; i++, path[5]++) {
        at = data;
        n = cut(&data, end);
        if (i == 0 && layout & TEXT_TABLE)
            add(writer, "texts.tsv", at, n);
        else
            add(writer, path, at, n);
    }
    add_photos(writer);
    if (archive_write_close(writer) != ARCHIVE_OK)
        abort();
    archive_write_free(writer);
    return size;
}

static void check(const mmofl_dataset *set)
{
    for (size_t i = 1; i < set->n_samples; i++)
        if (i != set->n_train && set->owner[i] <= set->owner[i - 1])
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > ROOM / 4)
        return 0;
    unsigned char *zip = malloc(ROOM);
    mmofl_archive *archive;
    mmofl_error err;
    mmofl_dataset *set;
    mmofl_mvsa_single_options options = {
        .image_size = 4, .text_length = 3, .vocabulary = 100, .split = data[1] % 4};
    options.dev = data[0] / 4 % 3;
    if (!zip)
        return 0;
    size_t n = make_zip(data + 2, data + size, data[0], zip);
    if (mmofl_archive_open_memory(zip, n, "fuzz", NULL, &archive, &err) == MMOFL_OK) {
        if (mmofl_mvsa_single_read(&options, archive, archive, NULL, &set, &err) ==
            MMOFL_OK) {
            check(set);
            mmofl_dataset_close(set);
        }
        mmofl_archive_close(archive);
    }
    free(zip);
    return 0;
}
