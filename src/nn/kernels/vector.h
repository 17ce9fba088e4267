/* vector.h - one vector register of floats: load, store, multiply-add.
 *
 * VECTOR lanes of the instruction set that a file is compiled for.  What plain C cannot
 * say, or says in a way that compilers do not always see (masks, one rounding of a
 * multiply-add), is spelled out here, so that kernels above read like their equations.
 * 32-bit ARM has vectors, but they take tiny numbers for 0, which would be a third way
 * to round beside the two of isa.h: there a vector is one number.
 * Included only by files compiled per instruction set. */
#ifndef MMOFL_NN_KERNELS_VECTOR_H
#define MMOFL_NN_KERNELS_VECTOR_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "nn/kernels/vector_math.h"

#if defined(__AVX512F__)
enum { VECTOR = 16 };
#elif defined(__AVX__)
enum { VECTOR = 8 };
#elif !defined(__arm__)
enum { VECTOR = 4 };
#else
enum { VECTOR = 1 };
#define ONE_LANE 1
#endif
#if !defined(ONE_LANE)
#define ONE_LANE 0
#endif

#define INLINE static inline __attribute__((always_inline))

/* Unrolls the loop that follows, of a constant number of turns, so that arrays indexed
 * by it are registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* One vector of floats: in a register, and at any address. */
#if ONE_LANE
typedef float vec, vec_anywhere;
#else
typedef float vec __attribute__((vector_size(4 * VECTOR)));
typedef float vec_anywhere
    __attribute__((vector_size(4 * VECTOR), aligned(4), may_alias));
#endif

INLINE vec load(const float *p)
{
    return *(const vec_anywhere *)p;
}

INLINE void store(float *p, vec v)
{
    *(vec_anywhere *)p = v;
}

/* The first 0 < width <= VECTOR lanes of a vector at p; nothing beside them is touched,
 * and what the others hold after a load is anything. */
#if defined(__AVX512F__)
typedef __mmask16 lanes;
INLINE lanes lanes_of(int width)
{
    return (lanes)((1u << width) - 1);
}
INLINE vec load_part(const float *p, lanes some)
{
    return (vec)_mm512_maskz_loadu_ps(some, p);
}
INLINE void store_part(float *p, lanes some, vec v)
{
    _mm512_mask_storeu_ps(p, some, (__m512)v);
}
#elif defined(__AVX2__)
typedef __m256i lanes;
INLINE lanes lanes_of(int width)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(width),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vec load_part(const float *p, lanes some)
{
    return (vec)_mm256_maskload_ps(p, some);
}
INLINE void store_part(float *p, lanes some, vec v)
{
    _mm256_maskstore_ps(p, some, (__m256)v);
}
#elif ONE_LANE
typedef int lanes; /* never a part */
INLINE lanes lanes_of(int width)
{
    return width;
}
INLINE vec load_part(const float *p, lanes some)
{
    (void)some;
    return *p;
}
INLINE void store_part(float *p, lanes some, vec v)
{
    (void)some;
    *p = v;
}
#else
typedef struct lanes {
    int at[VECTOR], width; /* lanes past the width read the last one again */
} lanes;
INLINE lanes lanes_of(int width)
{
    lanes some = {.width = width};
    for (int j = 0; j < VECTOR; j++)
        some.at[j] = j < width ? j : width - 1;
    return some;
}
INLINE vec load_part(const float *p, lanes some)
{
    return (vec){p[0], p[some.at[1]], p[some.at[2]], p[some.at[3]]};
}
INLINE void store_part(float *p, lanes some, vec v)
{
    for (int j = 0; j < some.width; j++)
        p[j] = v[j];
}
#endif

/* A vector that may be there only in part. */
INLINE vec load_some(const float *p, bool partly, lanes some)
{
    return partly ? load_part(p, some) : load(p);
}

INLINE void store_some(float *p, bool partly, lanes some, vec v)
{
    if (partly)
        store_part(p, some, v);
    else
        store(p, v);
}

/* f in all lanes. */
INLINE vec splat(float f)
{
    return f - (vec){0};
}

/* A choice for each lane, and the one of two vectors that it says. */
#if defined(__AVX512F__)
typedef __mmask16 choice;
INLINE choice equal(vec a, vec b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ);
}
INLINE choice larger(vec a, vec b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
}
INLINE choice larger_or_nan(vec a, vec b)
{
    return larger(a, b) | _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q);
}
INLINE vec choose(choice first, vec a, vec b)
{
    return (vec)_mm512_mask_blend_ps(first, (__m512)b, (__m512)a);
}
#elif ONE_LANE
typedef int choice;
INLINE choice equal(vec a, vec b)
{
    return a == b;
}
INLINE choice larger(vec a, vec b)
{
    return a > b;
}
INLINE choice larger_or_nan(vec a, vec b)
{
    return larger(a, b) || a != a;
}
INLINE vec choose(choice first, vec a, vec b)
{
    return first ? a : b;
}
#else
typedef int32_t choice __attribute__((vector_size(4 * VECTOR)));
INLINE choice equal(vec a, vec b)
{
    return a == b;
}
INLINE choice larger(vec a, vec b)
{
    return a > b;
}
INLINE choice larger_or_nan(vec a, vec b)
{
    return larger(a, b) | ~equal(a, a);
}
INLINE vec choose(choice first, vec a, vec b)
{
    return (vec)(((choice)a & first) | ((choice)b & ~first));
}
#endif

/* a where it is larger than b, else b, which may be NaN. */
INLINE vec larger_or_second(vec a, vec b)
{
#if defined(__AVX512F__)
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX__)
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return choose(larger(a, b), a, b);
#endif
}

/* acc + a*b in each lane, rounded once exactly where mla rounds once.  Spelled out: a
 * compiler that is only allowed to contract does so in most places, and where it does
 * not (behind a sanitizer's branch, say) the bits would depend on the build. */
INLINE vec multiply_add(float a, vec b, vec acc)
{
#if !MMOFL_FUSED
    return acc + a * b;
#elif defined(__AVX512F__)
    return (vec)_mm512_fmadd_ps(_mm512_set1_ps(a), (__m512)b, (__m512)acc);
#elif defined(__FMA__)
    return (vec)_mm256_fmadd_ps(_mm256_set1_ps(a), (__m256)b, (__m256)acc);
#elif defined(__aarch64__)
    return (vec)vfmaq_n_f32((float32x4_t)acc, (float32x4_t)b, a);
#elif ONE_LANE
    return mla(a, b, acc);
#else
    for (int j = 0; j < VECTOR; j++)
        acc[j] = mla(a, b[j], acc[j]);
    return acc;
#endif
}

#endif
