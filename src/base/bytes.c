/* bytes.c - values are put together byte by byte, so neither the machine's byte order
 * nor the alignment of the block matters. */
#include <limits.h>
#include <string.h>

#include "base/bytes.h"

mmofl_bytes mmofl_bytes_reader(const void *data, size_t size)
{
    return (mmofl_bytes){.from = data, .size = size};
}

mmofl_bytes mmofl_bytes_writer(void *data, size_t size)
{
    return (mmofl_bytes){.to = data, .size = size};
}

void mmofl_bytes_raw(mmofl_bytes *place, void *value, size_t n)
{
    /* Written as a subtraction because at + n could wrap around. */
    if (place->bad || n > place->size - place->at) {
        place->bad = true;
        if (!place->to)
            memset(value, 0, n);
        return;
    }
    if (n == 0)
        return;
    if (place->to)
        memcpy(place->to + place->at, value, n);
    else
        memcpy(value, place->from + place->at, n);
    place->at += n;
}

/* The low `n` bytes of value, lowest first. */
static void move_integer(mmofl_bytes *place, uint64_t *value, size_t n)
{
    unsigned char bytes[8] = {0};
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(*value >> (8 * i) & 0xff);
    mmofl_bytes_raw(place, bytes, n);
    *value = 0;
    for (size_t i = 0; i < n; i++)
        *value |= (uint64_t)bytes[i] << (8 * i);
}

void mmofl_bytes_u32(mmofl_bytes *place, uint32_t *value)
{
    uint64_t wide = *value;
    move_integer(place, &wide, 4);
    *value = (uint32_t)wide;
}

void mmofl_bytes_u64(mmofl_bytes *place, uint64_t *value)
{
    move_integer(place, value, 8);
}

void mmofl_bytes_f64(mmofl_bytes *place, double *value)
{
    uint64_t bits;
    memcpy(&bits, value, sizeof bits);
    move_integer(place, &bits, 8);
    memcpy(value, &bits, sizeof bits);
}

void mmofl_bytes_count(mmofl_bytes *place, int *value)
{
    uint32_t wide = (uint32_t)*value;
    mmofl_bytes_u32(place, &wide);
    if (wide > INT_MAX) {
        place->bad = true;
        wide = 0;
    }
    *value = (int)wide;
}

void mmofl_bytes_size(mmofl_bytes *place, size_t *value)
{
    uint64_t wide = *value;
    mmofl_bytes_u64(place, &wide);
#if SIZE_MAX < UINT64_MAX
    if (wide > SIZE_MAX) {
        place->bad = true;
        wide = 0;
    }
#endif
    *value = (size_t)wide;
}

bool mmofl_bytes_product(size_t a, size_t b, size_t *out)
{
    if (b && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool mmofl_bytes_sum(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}
