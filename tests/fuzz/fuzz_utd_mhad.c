/* fuzz_utd_mhad.c - the importer on archives that are right but for what the input
 * says: no archive may crash it, and what it accepts must be whole.
 *
 * A zip of mutated bytes hardly ever gets past its checksums, so the input is not one.
 * Its first byte picks a file of the two layouts; the other bytes become that file's
 * content or, with the high bit, its name.  The other files are as they should be. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "data/utd_mhad_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
    char name[256];
    const void *data;
    size_t size;
};

enum { ARRAYS = 5, MATLABS = 4, ROOM = 1 << 18 };

/* A zero array of two rows of n values: header in front of a shared block of zeros. */
static size_t put_array(unsigned char *out, const char *descr, size_t bytes,
                        const char *shape, size_t n)
{
    int length = snprintf((char *)out + 10, 200,
                          "{'descr': '%s', 'fortran_order': False, 'shape': (2, %s), "
                          "}\n",
                          descr, shape);
    memcpy(out, "\x93NUMPY\x01\0", 8);
    out[8] = (unsigned char)length;
    out[9] = 0;
    memset(out + 10 + length, 0, 2 * n * bytes);
    return 10 + (size_t)length + 2 * n * bytes;
}

static void put(unsigned char **to, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *(*to)++ = (unsigned char)(value >> (8 * i) & 0xff);
}

/* A MATLAB file with a zero array: elements of flags, dimensions, name, values. */
static size_t put_matlab(unsigned char *out, const char *name, const uint32_t *dims,
                         size_t n_dims, size_t n)
{
    unsigned char *to = out + 128;
    size_t dims_padded = (4 * n_dims + 7) / 8 * 8;
    memset(out, 0, 124);
    memcpy(out + 124, "\0\1IM", 4);
    put(&to, 14, 4);
    put(&to, 16 + 8 + dims_padded + 16 + 8 + 8 * n, 4);
    put(&to, 6, 4), put(&to, 8, 4), put(&to, 6, 8);
    put(&to, 5, 4), put(&to, 4 * n_dims, 4);
    for (size_t i = 0; i < dims_padded / 4; i++)
        put(&to, i < n_dims ? dims[i] : 0, 4);
    put(&to, 1, 4), put(&to, 6, 4);
    memcpy(to, name, 6);
    memset(to + 6, 0, 2);
    to += 8;
    put(&to, 9, 4), put(&to, 8 * n, 4);
    memset(to, 0, 8 * n);
    return (size_t)(to - out) + 8 * n;
}

/* The files of the layout of arrays, their bytes in `room`. */
static void list_arrays(struct file *files, unsigned char *room)
{
    static const char index[] = "row\taction\tsubject\ttrial\n0\t1\t1\t1\n1\t1\t2\t1\n";
    static const struct {
        const char *name, *descr, *shape;
        size_t bytes, n;
    } arrays[ARRAYS - 1] = {{"acc_f32.npy", "<f4", "128, 3", 4, 384},
                            {"gyro_f32.npy", "<f4", "128, 3", 4, 384},
                            {"skeleton_f32.npy", "<f4", "64, 60", 4, 3840},
                            {"depth_u8.npy", "|u1", "8, 30, 40", 1, 9600}};
    files[0] = (struct file){"index.tsv", index, sizeof index - 1};
    for (size_t i = 1; i < ARRAYS; i++) {
        snprintf(files[i].name, sizeof files[i].name, "%s", arrays[i - 1].name);
        files[i].data = room;
        files[i].size = put_array(room, arrays[i - 1].descr, arrays[i - 1].bytes,
                                  arrays[i - 1].shape, arrays[i - 1].n);
        room += files[i].size;
    }
}

static void list_matlab(struct file *files, unsigned char *room)
{
    for (int i = 0; i < MATLABS; i++) {
        bool inertial = i < 2;
        snprintf(files[i].name, sizeof files[i].name, "a1_s%d_t1_%s.mat", i % 2 + 1,
                 inertial ? "inertial" : "skeleton");
        files[i].data = room;
        files[i].size =
            inertial ? put_matlab(room, "d_iner", (uint32_t[]){3, 6}, 2, 18)
                     : put_matlab(room, "d_skel", (uint32_t[]){20, 3, 3}, 3, 180);
        room += files[i].size;
    }
}

static size_t pack(const struct file *files, size_t n, unsigned char *out, size_t room)
{
    size_t used = 0;
    struct archive *writer = archive_write_new();
    archive_write_set_format_zip(writer);
    archive_write_set_options(writer, "zip:compression=store");
    if (archive_write_open_memory(writer, out, room, &used) != ARCHIVE_OK)
        abort();
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, files[i].name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)files[i].size);
        if (archive_write_header(writer, entry) == ARCHIVE_OK && files[i].size > 0)
            archive_write_data(writer, files[i].data, files[i].size);
        archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    return used;
}

static void check(const mmofl_dataset *set)
{
    if (set->n_samples < 2 || set->n_train < 1 || set->n_train >= set->n_samples)
        abort();
    for (size_t i = 0; i < set->n_samples; i++)
        if (set->label[i] < 0 || set->label[i] >= UTD_ACTIONS || set->owner[i] < 1 ||
            set->owner[i] > UTD_SUBJECTS)
            abort();
    for (int m = 0; m < set->n_modalities; m++) {
        size_t n = set->n_samples * mmofl_shape_count(set->modality[m].shape);
        for (size_t i = 0; i < n; i++)
            if (!isfinite(((const float *)set->values[m])[i]))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char room[ROOM], zip[2 * ROOM];
    struct file files[ARRAYS + MATLABS];
    mmofl_archive *archive;
    mmofl_dataset *set;
    mmofl_error err;
    if (size < 1 || size > ROOM / 2)
        return 0;
    size_t picked = data[0] % (ARRAYS + MATLABS);
    size_t n = picked < ARRAYS ? ARRAYS : MATLABS;
    struct file *change = &files[picked < ARRAYS ? picked : picked - ARRAYS];
    (picked < ARRAYS ? list_arrays : list_matlab)(files, room);
    if (data[0] & 0x80) {
        snprintf(change->name, sizeof change->name, "%.*s", (int)size - 1,
                 (const char *)data + 1);
    } else {
        change->data = data + 1;
        change->size = size - 1;
    }
    size_t bytes = pack(files, n, zip, sizeof zip);
    if (mmofl_archive_open_memory(zip, bytes, "fuzz", NULL, &archive, &err))
        return 0;
    if (mmofl_utd_mhad_read(archive, "1 3 5 7", NULL, &set, &err) == MMOFL_OK) {
        check(set);
        mmofl_dataset_close(set);
    }
    mmofl_archive_close(archive);
    return 0;
}
