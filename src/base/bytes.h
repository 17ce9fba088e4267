/* bytes.h - one bounds-checked place in a block of little-endian bytes.
 *
 * A place either reads or writes, and every call moves one value in that direction, so
 * a format is written down once, as one walk over its fields.  Going past the end never
 * touches memory: the place turns `bad` and stays so, and reads give zero, so a walk is
 * checked once, at its end. */
#ifndef MMOFL_BASE_BYTES_H
#define MMOFL_BASE_BYTES_H

#include <string.h>

#include "mmofl/status.h"

typedef struct mmofl_bytes {
    const unsigned char *from; /* reading; NULL when writing */
    unsigned char *to;         /* writing; NULL when reading */
    size_t size, at;           /* at <= size */
    bool bad;                  /* something did not fit */
} mmofl_bytes;

/** A place at the start of size bytes, which it borrows. */
mmofl_bytes mmofl_bytes_reader(const void *data, size_t size);
mmofl_bytes mmofl_bytes_writer(void *data, size_t size);

/** Move n bytes as they are. */
void mmofl_bytes_raw(mmofl_bytes *place, void *value, size_t n);
void mmofl_bytes_u32(mmofl_bytes *place, uint32_t *value);
void mmofl_bytes_u64(mmofl_bytes *place, uint64_t *value);
void mmofl_bytes_f64(mmofl_bytes *place, double *value);

/** An int as 32 bits: a number that is negative or above INT_MAX turns the place bad.
 */
void mmofl_bytes_count(mmofl_bytes *place, int *value);
/** As count, for a size as 64 bits; above SIZE_MAX turns the place bad. */
void mmofl_bytes_size(mmofl_bytes *place, size_t *value);

/** 1 where numbers in memory are little-endian, so that arrays of them need no
 * translation. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { MMOFL_BYTES_ARE_NATIVE = 1 };
#else
enum { MMOFL_BYTES_ARE_NATIVE = 0 };
#endif

/** The integer in n <= 8 bytes, lowest first: what reads arrays of numbers of a known
 * size, at any alignment and on any machine. */
static inline uint64_t mmofl_bytes_load(const unsigned char *at, size_t n)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++)
        bits |= (uint64_t)at[i] << (8 * i);
    return bits;
}

/** The lowest n <= 8 bytes of value, lowest first: the way back. */
static inline void mmofl_bytes_store(unsigned char *at, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (unsigned char)(value >> (8 * i) & 0xff);
}

/** The same for a float, as its bits. */
static inline float mmofl_bytes_load_float(const unsigned char *at)
{
    uint32_t bits = (uint32_t)mmofl_bytes_load(at, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static inline void mmofl_bytes_store_float(unsigned char *at, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    mmofl_bytes_store(at, bits, 4);
}

/** a * b and a + b, false when the result does not fit (then *out is untouched). */
bool mmofl_bytes_product(size_t a, size_t b, size_t *out);
bool mmofl_bytes_sum(size_t a, size_t b, size_t *out);

#endif
