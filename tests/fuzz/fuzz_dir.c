/* fuzz_dir.c - dataset.yaml and samples.csv as the input says, beside a few files that
 * are as they should be: no text may crash the importer, and what it accepts must be
 * whole.
 *
 * A byte 0xff, which neither text contains, separates the two; without it the table is
 * a good one, so that descriptions alone are inputs, too. */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "data/dir.h"
#include "data/dir_description.h"

enum { ROOM = 1 << 18, MOST_VALUES = 100000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char good_table[] = "id,label,owner,part,title\n"
                                 "a1,boiling,anna,train,soup\n"
                                 "b2,chopping,ben,test,two onions\n";

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

/* Zeros of shape (2, shape), four bytes each. */
static void add_array(struct archive *writer, const char *path, const char *descr,
                      const char *shape, size_t count)
{
    unsigned char file[1024] = "\x93NUMPY\1\0\x76";
    int n = snprintf((char *)file + 10, 118,
                     "{'descr': '%s', 'fortran_order': False, 'shape': (2, %s), }",
                     descr, shape);
    memset(file + 10 + n, ' ', (size_t)(117 - n));
    file[127] = '\n';
    add(writer, path, file, 128 + 8 * count);
}

static size_t make_zip(mmofl_text yaml, mmofl_text table, unsigned char *zip)
{
    static const char csv[] = "x,y\n1,2\n3,4\n";
    size_t size = 0;
    struct archive *writer = archive_write_new();
    if (!writer || archive_write_set_format_zip(writer) != ARCHIVE_OK ||
        archive_write_zip_set_compression_store(writer) != ARCHIVE_OK ||
        archive_write_open_memory(writer, zip, ROOM, &size) != ARCHIVE_OK)
        abort();
    add(writer, "dataset.yaml", yaml.data, yaml.size);
    add(writer, "samples.csv", table.data, table.size);
    add(writer, "gyro/a1.csv", csv, sizeof csv - 1);
    add(writer, "gyro/b2.csv", csv, sizeof csv - 1);
    add(writer, "notes/a1.txt", "some words", 10);
    add(writer, "notes/b2.txt", "words", 5);
    add_array(writer, "acc.npy", "<f4", "4, 3", 12);
    add_array(writer, "tokens.npy", "<i4", "2", 2);
    if (archive_write_close(writer) != ARCHIVE_OK)
        abort();
    archive_write_free(writer);
    return size;
}

/* Is the description none, or one of samples so small that a fuzzer can afford them? */
static bool is_small(mmofl_text yaml)
{
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_dir_description of;
    mmofl_error err;
    bool small = true;
    if (mmofl_dir_describe(yaml, &arena, &of, &err) == MMOFL_OK)
        for (int m = 0; m < of.n_modalities; m++)
            small = small &&
                    mmofl_shape_count(of.modality[m].modality.shape) <= MOST_VALUES;
    mmofl_arena_free(&arena);
    return small;
}

static void check(const mmofl_dataset *set)
{
    for (size_t i = 0; i < set->n_samples; i++)
        if (set->mask[i] == 0 || set->label[i] >= set->n_classes || set->owner[i] < 0 ||
            (size_t)set->owner[i] >= set->n_samples)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mmofl_text yaml = {(const char *)data, size, "dataset.yaml"};
    mmofl_text table = {good_table, sizeof good_table - 1, "samples.csv"};
    const uint8_t *separator = size ? memchr(data, 0xff, size) : NULL;
    if (size > ROOM / 4)
        return 0;
    if (separator) {
        yaml.size = (size_t)(separator - data);
        table.data = (const char *)separator + 1;
        table.size = size - yaml.size - 1;
    }
    unsigned char *zip = malloc(ROOM);
    mmofl_archive *archive;
    mmofl_error err;
    mmofl_dataset *set;
    if (!zip || !is_small(yaml)) {
        free(zip);
        return 0;
    }
    size_t n = make_zip(yaml, table, zip);
    if (mmofl_archive_open_memory(zip, n, "fuzz", NULL, &archive, &err) == MMOFL_OK) {
        if (mmofl_dir_read(archive, NULL, &set, &err) == MMOFL_OK) {
            check(set);
            mmofl_dataset_close(set);
        }
        mmofl_archive_close(archive);
    }
    free(zip);
    return 0;
}
