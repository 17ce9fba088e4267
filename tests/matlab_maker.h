/* matlab_maker.h - small MATLAB 5 files made in memory, for tests: one plain variable
 * of class double. */
#ifndef MMOFL_TESTS_MATLAB_MAKER_H
#define MMOFL_TESTS_MATLAB_MAKER_H

#include "check.h"

typedef struct matlab_file {
    unsigned char *data; /* free() it */
    size_t size;
} matlab_file;

/** Put a number of n bytes at the end, lowest first. */
static inline void matlab_put(matlab_file *f, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f->data[f->size++] = (unsigned char)(value >> (8 * i) & 0xff);
}

/** An element of `size` bytes, padded to 8. */
static inline void matlab_element(matlab_file *f, unsigned type, const void *data,
                                  size_t size)
{
    matlab_put(f, type, 4);
    matlab_put(f, size, 4);
    if (size > 0)
        memcpy(f->data + f->size, data, size);
    memset(f->data + f->size + size, 0, (8 - size % 8) % 8);
    f->size += (size + 7) / 8 * 8;
}

/** A file with the variable `name` of these dimensions, whose values of `size` bytes
 * are stored as `type` (9 is double). */
static inline matlab_file matlab_make(const char *name, const int32_t *dims,
                                      size_t n_dims, unsigned type, const void *values,
                                      size_t size)
{
    matlab_file f = {malloc(1024 + size), 0};
    CHECK(f.data);
    memset(f.data, ' ', 124);
    f.size = 124;
    matlab_put(&f, 0x0100, 2);
    matlab_put(&f, 'I' | 'M' << 8, 2);
    const unsigned char class_double[8] = {6};
    size_t start = f.size;
    matlab_put(&f, 14, 4);
    matlab_put(&f, 0, 4);
    matlab_element(&f, 6, class_double, 8);
    matlab_element(&f, 5, dims, 4 * n_dims);
    matlab_element(&f, 1, name, strlen(name));
    matlab_element(&f, type, values, size);
    matlab_file length = {f.data, start + 4};
    matlab_put(&length, f.size - start - 8, 4);
    return f;
}

#endif
