/* data_cache.h - the inside of the data cache file (docs/data-cache.md), for tests and
 * fuzzing; everybody else calls mmofl_dataset_open and mmofl_dataset_save. */
#ifndef MMOFL_DATA_DATA_CACHE_H
#define MMOFL_DATA_DATA_CACHE_H

#include "mmofl/dataset.h"

enum {
    MMOFL_DATA_CACHE_VERSION = 3,
    MMOFL_DATA_CACHE_ALIGN = 64,   /* of every section, and of data given to parse */
    MMOFL_DATA_CACHE_PREAMBLE = 64 /* bytes before the header */
};

/** A set whose arrays are those of the file image data, which must be 64-byte aligned
 * and outlive it.  name is used in errors.  Fails like mmofl_dataset_open. */
MMOFL_CHECKED mmofl_status mmofl_data_cache_parse(const void *data, size_t size,
                                                  const char *name, mmofl_dataset **set,
                                                  mmofl_error *err);

/** Write the digest that belongs to the image into it (size >= the preamble). */
void mmofl_data_cache_seal(unsigned char *data, size_t size);

#endif
