/* noise.c - Philox and Box-Muller in plain loops over lanes, which compilers turn into
 * vector code.
 *
 * LANES blocks of four words at a time.  Words 0 and 1 of a block make two numbers, and
 * so do words 2 and 3: with u from the first word and an angle a from the second,
 *
 *   sqrt(-2 ln u) cos a,  sqrt(-2 ln u) sin a
 *
 * are independent and standard normal.  The logarithm and the two halves of the circle
 * are polynomials of Moshier's Cephes library; without branches, both sides of a choice
 * are computed and one is selected. */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "base/noise.h"

#ifdef __GNUC__
#define ALWAYS_INLINE __attribute__((always_inline)) inline
#else
#define ALWAYS_INLINE inline
#endif

#define SIGN 0x80000000u
enum { LANES = MMOFL_NOISE_LANES / 4 };

mmofl_noise mmofl_noise_open(mmofl_rng *rng)
{
    uint64_t key = mmofl_rng_bits(rng), above = mmofl_rng_bits(rng);
    return (mmofl_noise){.key = {(uint32_t)key, (uint32_t)(key >> 32)},
                         .counter = {0, 0, (uint32_t)above, (uint32_t)(above >> 32)}};
}

/* The upper half of a product; compilers have a vector instruction for just this. */
static inline uint32_t high_product(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)a * b >> 32);
}

/* One of Philox's rounds on a block w0 ... w3; the key is the one of round i. */
#define PHILOX_ROUND(i)                                                                \
    {                                                                                  \
        uint32_t a = w0, b = w2;                                                       \
        w0 = high_product(0xcd9e8d57u, b) ^ w1 ^ (key0 + 0x9e3779b9u * (i));           \
        w2 = high_product(0xd2511f53u, a) ^ w3 ^ (key1 + 0xbb67ae85u * (i));           \
        w1 = 0xcd9e8d57u * b;                                                          \
        w3 = 0xd2511f53u * a;                                                          \
    }

/* word[j][i] is word j of block counter + i. */
ALWAYS_INLINE static void philox(const mmofl_noise *noise, uint32_t word[4][LANES])
{
    uint32_t key0 = noise->key[0], key1 = noise->key[1];
    uint32_t c0 = noise->counter[0], c1 = noise->counter[1], c2 = noise->counter[2],
             c3 = noise->counter[3];
    for (uint32_t i = 0; i < LANES; i++) {
        uint32_t w0 = c0 + i, w1 = c1, w2 = c2, w3 = c3;
        /* Written out: a loop in here would keep the one over lanes from being turned
         * into vector code. */
        PHILOX_ROUND(0u)
        PHILOX_ROUND(1u)
        PHILOX_ROUND(2u)
        PHILOX_ROUND(3u)
        PHILOX_ROUND(4u)
        PHILOX_ROUND(5u)
        PHILOX_ROUND(6u)
        PHILOX_ROUND(7u)
        PHILOX_ROUND(8u)
        PHILOX_ROUND(9u)
        word[0][i] = w0;
        word[1][i] = w1;
        word[2][i] = w2;
        word[3][i] = w3;
    }
}

static inline float float_of_bits(int32_t i)
{
    float f;
    memcpy(&f, &i, sizeof f);
    return f;
}

static inline int32_t bits_of_float(float f)
{
    int32_t i;
    memcpy(&i, &f, sizeof i);
    return i;
}

/* ln x for normal x > 0 (Cephes logf). */
static inline float natural_log(float x)
{
    int32_t bits = bits_of_float(x);
    float f = float_of_bits((bits & 0x007fffff) | 0x3f000000); /* [0.5, 1) */
    int32_t low = f < 0.707106781186547524f;
    float e = (float)((bits >> 23) - 126 - low);
    f = f + f * (float)low - 1.0f;
    float z = f * f, p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    float y = p * f * z - e * 2.12194440e-4f - 0.5f * z;
    return e * 0.693359375f + (f + y);
}

/* Two normals from two words. */
static inline void box_muller(uint32_t radius, uint32_t angle, float *one, float *other)
{
    /* The middle of one of 2^31 cells of (0, 1), as near as a float is. */
    float u = ((float)(int32_t)(radius >> 1) + 0.5f) * 0x1p-31f;
    float r = sqrtf(-2.0f * natural_log(u));
    /* The two top bits choose the quarter, the others the place in it: -pi/4 ... pi/4.
     */
    float x = (float)(int32_t)(angle << 2) * (0.785398163397448f * 0x1p-31f);
    float z = x * x;
    float sine =
        ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * x + x;
    float cosine = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z +
                    4.166664568298827e-2f) *
                       z * z -
                   0.5f * z + 1.0f;
    int32_t c = bits_of_float(r * cosine), s = bits_of_float(r * sine);
    int32_t turn = -(int32_t)(angle >> 30 & 1), flip = (int32_t)(angle & SIGN);
    *one = float_of_bits((c ^ ((c ^ s) & turn)) ^ flip);
    *other =
        float_of_bits((s ^ ((c ^ s) & turn)) ^ flip ^ (int32_t)(SIGN & (uint32_t)turn));
}

MMOFL_CLONED static void fill_lanes(mmofl_noise *noise, float out[MMOFL_NOISE_LANES])
{
    uint32_t word[4][LANES];
    philox(noise, word);
    for (int i = 0; i < LANES; i++)
        box_muller(word[0][i], word[1][i], &out[i], &out[LANES + i]);
    for (int i = 0; i < LANES; i++)
        box_muller(word[2][i], word[3][i], &out[2 * LANES + i], &out[3 * LANES + i]);
    noise->counter[0] += LANES;
    noise->counter[1] += noise->counter[0] < LANES;
}

void mmofl_noise_fill(mmofl_noise *noise, float *out, size_t n)
{
    for (; n >= MMOFL_NOISE_LANES; n -= MMOFL_NOISE_LANES, out += MMOFL_NOISE_LANES)
        fill_lanes(noise, out);
    if (n == 0)
        return;
    float rest[MMOFL_NOISE_LANES];
    fill_lanes(noise, rest);
    memcpy(out, rest, n * sizeof *out);
}
