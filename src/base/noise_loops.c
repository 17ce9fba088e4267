/* noise_loops.c - Philox and Box-Muller over vectors, compiled for each instruction
 * set.
 *
 * A block is four words: words 0 and 1 make two numbers, and so do words 2 and 3.  With
 * u from the first word and an angle a from the second,
 *
 *   sqrt(-2 ln u) cos a,  sqrt(-2 ln u) sin a
 *
 * are independent and standard normal.  LANES blocks make MMOFL_NOISE_LANES numbers:
 * the first number of each block, then the second of each, and so on.  The logarithm
 * and the two halves of the circle are polynomials of Moshier's Cephes library; without
 * branches, both sides of a choice are computed and one is selected. */
#include <string.h>

#include "base/noise_loops.h"

enum { LANES = MMOFL_NOISE_LANES / 4 };

/* ---- vectors ---- */

/* What differs: the width, the 64-bit products of every second word, and the root. */
#if defined(__AVX512F__)
#include <immintrin.h>
enum { WIDTH = 16 };
#define PRODUCTS(x, y) _mm512_mul_epu32((__m512i)(x), (__m512i)(y))
#define ROOT(x) _mm512_sqrt_ps((__m512)(x))
#define ODD(a, b)                                                                      \
    __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29,   \
                            15, 31)
#define EVEN(a, b)                                                                     \
    __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28,   \
                            14, 30)
#elif defined(__AVX2__)
#include <immintrin.h>
enum { WIDTH = 8 };
#define PRODUCTS(x, y) _mm256_mul_epu32((__m256i)(x), (__m256i)(y))
#define ROOT(x) _mm256_sqrt_ps((__m256)(x))
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#else
enum { WIDTH = 4 };
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#if defined(__SSE2__)
#include <emmintrin.h>
#define PRODUCTS(x, y) _mm_mul_epu32((__m128i)(x), (__m128i)(y))
#define ROOT(x) _mm_sqrt_ps((__m128)(x))
#else
#include <math.h>
#define PRODUCTS(x, y) (((longs)(x)&0xffffffffu) * ((longs)(y)&0xffffffffu))
#define ROOT(x)                                                                        \
    (reals)                                                                            \
    {                                                                                  \
        sqrtf((x)[0]), sqrtf((x)[1]), sqrtf((x)[2]), sqrtf((x)[3])                     \
    }
#endif
#endif

typedef uint32_t words __attribute__((vector_size(4 * WIDTH)));
typedef int32_t ints __attribute__((vector_size(4 * WIDTH)));
typedef float reals __attribute__((vector_size(4 * WIDTH)));
typedef uint64_t longs __attribute__((vector_size(4 * WIDTH)));

#define INLINE static inline __attribute__((always_inline))
#define TO_REALS(x) __builtin_convertvector((ints)(x), reals)

/* ---- Philox ---- */

/* Both halves of the products of a and m:
 *
 *   a           a0  a1  a2  a3 ...
 *   even        l0  h0  l2  h2 ...     of words 0, 2, ...
 *   odd         l1  h1  l3  h3 ...     of words 1, 3, ..., which are moved down first
 *   high, low   h0  h1  h2  h3 ...,  l0  l1  l2  l3 ... */
INLINE void multiply(const words *a, uint32_t m, words *high, words *low)
{
    words by = (words){0} + m;
    words even = (words)PRODUCTS(*a, by), odd = (words)PRODUCTS((longs)*a >> 32, by);
    *high = ODD(even, odd);
    *low = EVEN(even, odd);
}

/* Blocks counter + first, counter + first + 1, ... of a stream. */
INLINE void philox(const mmofl_noise *noise, uint32_t first, words block[4])
{
    words w0 = (words){0} + (noise->counter[0] + first);
    words w1 = (words){0} + noise->counter[1], w2 = (words){0} + noise->counter[2],
          w3 = (words){0} + noise->counter[3];
    words key0 = (words){0} + noise->key[0], key1 = (words){0} + noise->key[1];
    for (uint32_t i = 0; i < WIDTH; i++)
        w0[i] += i;
    for (int round = 0; round < 10; round++) {
        words high0, low0, high2, low2;
        multiply(&w0, 0xd2511f53u, &high0, &low0);
        multiply(&w2, 0xcd9e8d57u, &high2, &low2);
        w0 = high2 ^ w1 ^ key0;
        w1 = low2;
        w2 = high0 ^ w3 ^ key1;
        w3 = low0;
        key0 += 0x9e3779b9u;
        key1 += 0xbb67ae85u;
    }
    block[0] = w0;
    block[1] = w1;
    block[2] = w2;
    block[3] = w3;
}

/* ---- Box-Muller ---- */

/* ln x for normal x > 0 (Cephes logf). */
INLINE reals natural_log(reals x)
{
    ints bits = (ints)x;
    reals f = (reals)((bits & 0x007fffff) | 0x3f000000); /* [0.5, 1) */
    ints low = f < 0.707106781186547524f;                /* -1 where it is */
    reals e = TO_REALS((bits >> 23) - 126 + low);
    f = f + (reals)((ints)f & low) - 1.0f;
    reals z = f * f, p = f * 7.0376836292e-2f;
    p = (p - 1.1514610310e-1f) * f;
    p = (p + 1.1676998740e-1f) * f;
    p = (p - 1.2420140846e-1f) * f;
    p = (p + 1.4249322787e-1f) * f;
    p = (p - 1.6668057665e-1f) * f;
    p = (p + 2.0000714765e-1f) * f;
    p = (p - 2.4999993993e-1f) * f;
    p = (p + 3.3333331174e-1f) * f;
    reals y = p * z - e * 2.12194440e-4f - 0.5f * z;
    return e * 0.693359375f + (f + y);
}

/* Two normals from two words. */
INLINE void box_muller(words radius, words angle, float *one, float *other)
{
    /* The middle of one of 2^31 cells of (0, 1), as near as a float is. */
    reals u = (TO_REALS(radius >> 1) + 0.5f) * 0x1p-31f;
    reals r = (reals)ROOT(natural_log(u) * -2.0f);
    /* The two top bits choose the quarter, the others the place in it: -pi/4 ... pi/4.
     */
    reals x = TO_REALS(angle << 2) * (0.785398163397448f * 0x1p-31f);
    reals z = x * x;
    reals sine =
        ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * x + x;
    reals cosine = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z +
                    4.166664568298827e-2f) *
                       z * z -
                   0.5f * z + 1.0f;
    words c = (words)(r * cosine), s = (words)(r * sine);
    words turn = 0 - (angle >> 30 & 1), sign = angle & 0x80000000u;
    words first = (c ^ ((c ^ s) & turn)) ^ sign;
    words second = (s ^ ((c ^ s) & turn)) ^ sign ^ (turn & 0x80000000u);
    memcpy(one, &first, sizeof first);
    memcpy(other, &second, sizeof second);
}

/* The next MMOFL_NOISE_LANES numbers. */
INLINE void next_lanes(mmofl_noise *noise, float *out)
{
    for (uint32_t i = 0; i < LANES; i += WIDTH) {
        words block[4];
        philox(noise, i, block);
        box_muller(block[0], block[1], out + i, out + LANES + i);
        box_muller(block[2], block[3], out + 2 * LANES + i, out + 3 * LANES + i);
    }
    noise->counter[0] += LANES;
    noise->counter[1] += noise->counter[0] < LANES;
}

/* ---- what is asked for ---- */

void MMOFL_CLONE(mmofl_noise_fill)(mmofl_noise *noise, float *out, size_t n)
{
    for (; n >= MMOFL_NOISE_LANES; n -= MMOFL_NOISE_LANES, out += MMOFL_NOISE_LANES)
        next_lanes(noise, out);
    if (n == 0)
        return;
    float rest[MMOFL_NOISE_LANES];
    next_lanes(noise, rest);
    memcpy(out, rest, n * sizeof *out);
}

void MMOFL_CLONE(mmofl_noise_add)(mmofl_noise *noise, float scale, float *x, size_t n)
{
    float lanes[MMOFL_NOISE_LANES];
    for (size_t part; n > 0; n -= part, x += part) {
        part = n < MMOFL_NOISE_LANES ? n : MMOFL_NOISE_LANES;
        next_lanes(noise, lanes);
#pragma omp simd
        for (size_t i = 0; i < part; i++)
            x[i] += scale * lanes[i];
    }
}
