/* vector_math.h - exp, log, tanh, sigmoid and erf that compilers can turn into vector
 * code.
 *
 * Why not libm: its functions differ between C libraries and are 8 to 30 times slower
 * in a loop.  Polynomials are those of Moshier's Cephes library (single precision);
 * each stays within a few units in the last place (tests/unit/test_vector_math.c).  No
 * branches: both sides are computed and one is selected.  NaN gives NaN: a diverged
 * model must not look healthy.  Included only by files
 * compiled per instruction set. */
#ifndef MMOFL_NN_KERNELS_VECTOR_MATH_H
#define MMOFL_NN_KERNELS_VECTOR_MATH_H

#include <stdint.h>
#include <string.h>

/* a*b + c, rounded once where the machine can: written out, because contraction is off.
 * MMOFL_PLAIN: not even there, so that there is a set that rounds alike everywhere. */
#if !defined(MMOFL_PLAIN) && (defined(__FMA__) || defined(__ARM_FEATURE_FMA))
#define MMOFL_FUSED 1
static inline float mla(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}
#else
#define MMOFL_FUSED 0
static inline float mla(float a, float b, float c)
{
    return a * b + c;
}
#endif

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

/* e^x; below -87.3 it is the smallest normal number's neighbourhood, above 88.3
 * clamped. */
static inline float vexp(float x)
{
    x = x > 88.3f ? 88.3f : x;
    x = x < -87.3f ? -87.3f : x;
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    float shifted = mla(x, 1.44269504088896341f, magic);
    int32_t n = bits_of_float(shifted) - bits_of_float(magic);
    float nf = shifted - magic;
    float r = mla(nf, -0.693359375f, x);
    r = mla(nf, 2.12194440e-4f, r);
    float p = 1.9875691500e-4f;
    p = mla(p, r, 1.3981999507e-3f);
    p = mla(p, r, 8.3334519073e-3f);
    p = mla(p, r, 4.1665795894e-2f);
    p = mla(p, r, 1.6666665459e-1f);
    p = mla(p, r, 5.0000001201e-1f);
    p = mla(p, r * r, r) + 1.0f;
    /* Unsigned, because n is arbitrary when x is NaN (then p is NaN, whatever n is). */
    return p * float_of_bits((int32_t)((uint32_t)(n + 127) << 23));
}

/* ln x for normal x > 0, infinity and NaN. */
static inline float vlog(float x)
{
    int32_t bits = bits_of_float(x);
    int32_t e = (bits >> 23) - 126;
    float f = float_of_bits((bits & 0x007fffff) | 0x3f000000); /* [0.5, 1) */
    int32_t low = f < 0.707106781186547524f;
    e -= low;
    f = (low ? f + f : f) - 1.0f;
    float z = f * f, ef = (float)e;
    float p = 7.0376836292e-2f;
    p = mla(p, f, -1.1514610310e-1f);
    p = mla(p, f, 1.1676998740e-1f);
    p = mla(p, f, -1.2420140846e-1f);
    p = mla(p, f, 1.4249322787e-1f);
    p = mla(p, f, -1.6668057665e-1f);
    p = mla(p, f, 2.0000714765e-1f);
    p = mla(p, f, -2.4999993993e-1f);
    p = mla(p, f, 3.3333331174e-1f);
    float y = p * f * z;
    y = mla(ef, -2.12194440e-4f, y);
    y = mla(-0.5f, z, y);
    y = mla(ef, 0.693359375f, f + y);
    return x <= 3.40282347e38f ? y : x;
}

static inline float vtanh(float x)
{
    float a = x < 0 ? -x : x, s = x * x;
    float p = -5.70498872745e-3f;
    p = mla(p, s, 2.06390887954e-2f);
    p = mla(p, s, -5.37397155531e-2f);
    p = mla(p, s, 1.33314422036e-1f);
    p = mla(p, s, -3.33332819422e-1f);
    float small = mla(p * s, x, x);
    float large = 1.0f - 2.0f / (vexp(a + a) + 1.0f);
    return a < 0.625f ? small : (x < 0 ? -large : large);
}

static inline float vsigmoid(float x)
{
    return 1.0f / (1.0f + vexp(-x));
}

static inline float verf(float x)
{
    float a = x < 0 ? -x : x, s = x * x;
    float t = 7.853861353153693e-5f;
    t = mla(t, s, -8.010193625184903e-4f);
    t = mla(t, s, 5.188327685732524e-3f);
    t = mla(t, s, -2.685381193529856e-2f);
    t = mla(t, s, 1.128358514861418e-1f);
    t = mla(t, s, -3.761262582423300e-1f);
    t = mla(t, s, 1.128379165726710f);
    float q = 1.0f / (a < 1.0f ? 1.0f : a), y = q * q;
    float p = 2.326819970068386e-2f; /* 1 <= a < 2 */
    p = mla(p, y, -1.387039388740657e-1f);
    p = mla(p, y, 3.687424674597105e-1f);
    p = mla(p, y, -5.824733027278666e-1f);
    p = mla(p, y, 6.210004621745983e-1f);
    p = mla(p, y, -4.944515323274145e-1f);
    p = mla(p, y, 3.404879937665872e-1f);
    p = mla(p, y, -2.741127028184656e-1f);
    p = mla(p, y, 5.638259427386472e-1f);
    float r = -1.047766399936249e+1f; /* a >= 2 */
    r = mla(r, y, 1.297719955372516e+1f);
    r = mla(r, y, -7.495518717768503f);
    r = mla(r, y, 2.921019019210786f);
    r = mla(r, y, -1.015265279202700f);
    r = mla(r, y, 4.218463358204948e-1f);
    r = mla(r, y, -2.820767439740514e-1f);
    r = mla(r, y, 5.641895067754075e-1f);
    float rest = vexp(-(a * a)) * q * (a < 2.0f ? p : r);
    float large = 1.0f - rest;
    return a < 1.0f ? x * t : (x < 0 ? -large : large);
}

/* Sum of 16 lanes as a tree. */
static inline float lanes_sum(float *lane)
{
    for (int half = 8; half >= 1; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    return lane[0];
}

#endif
