/* half.c - IEEE binary16, in integers: the same bits on every machine, with or without
 * instructions for it. */
#include <string.h>

#include "wire/tensor_coding.h"

/* Shift right by 1 ... 24 bits, to the nearest, ties to even. */
static uint32_t shift_to_nearest(uint32_t value, unsigned shift)
{
    uint32_t rest = value & ((1u << shift) - 1), half = 1u << (shift - 1);
    value >>= shift;
    return value + (rest > half || (rest == half && (value & 1)));
}

uint16_t mmofl_half_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    uint32_t exponent = size >> 23, fraction = (size & 0x7fffff) | 0x800000;
    if (size > 0x7f800000) /* NaN */
        return (uint16_t)(sign | 0x7e00);
    if (exponent >= 143) /* 2^16 and beyond */
        return (uint16_t)(sign | 0x7c00);
    if (exponent < 102) /* below half of the smallest, 2^-25 */
        return (uint16_t)sign;
    if (exponent < 113) /* a multiple of 2^-24 below 2^-14; rounding may reach that */
        return (uint16_t)(sign | shift_to_nearest(fraction, 126 - exponent));
    /* A carry out of the fraction goes into the exponent, up to infinity. */
    return (uint16_t)(sign |
                      (((exponent - 113) << 10) + shift_to_nearest(fraction, 13)));
}

float mmofl_float_from_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31,
             fraction = half & 0x3ff;
    if (exponent == 0) {
        float value = (float)fraction * 0x1p-24F;
        return sign ? -value : value;
    }
    uint32_t bits =
        sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
