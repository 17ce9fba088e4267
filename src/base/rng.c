/* rng.c - Philox streams and the distributions drawn from them.
 *
 * Distributions use only + - * / and sqrt, which IEEE 754 fixes to the last bit, and
 * the logarithm and exponential of elementary.h; nothing is contracted. */
#include <assert.h>
#include <math.h>

#include "base/elementary.h"
#include "base/rng.h"

/* Random123 has its 64-bit generator only where 128-bit products are cheap.  32-bit
 * processors make them of four products, at a few times the cost. */
#if !defined(__SIZEOF_INT128__)
#define R123_USE_MULHILO64_C99 1
#endif

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#elif defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#endif
#include <Random123/philox.h>
#if defined(__clang__)
#pragma clang diagnostic pop
#elif defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

mmofl_rng mmofl_rng_open(uint64_t seed, uint64_t device, uint64_t round, mmofl_use use)
{
    return (mmofl_rng){
        .key = {seed, device}, .counter = {0, round, (uint64_t)use, 0}, .next = 4};
}

uint64_t mmofl_rng_bits(mmofl_rng *rng)
{
    if (rng->next == 4) {
        philox4x64_ctr_t counter = {
            {rng->counter[0], rng->counter[1], rng->counter[2], rng->counter[3]}};
        philox4x64_key_t key = {{rng->key[0], rng->key[1]}};
        philox4x64_ctr_t block = philox4x64(counter, key);
        for (int i = 0; i < 4; i++)
            rng->word[i] = block.v[i];
        rng->counter[0]++;
        rng->next = 0;
    }
    return rng->word[rng->next++];
}

uint64_t mmofl_rng_below(mmofl_rng *rng, uint64_t n)
{
    assert(n >= 1);
    uint64_t reject = (0 - n) % n; /* 2^64 mod n: the values that would be favoured */
    uint64_t bits;
    do
        bits = mmofl_rng_bits(rng);
    while (bits < reject);
    return bits % n;
}

double mmofl_rng_uniform(mmofl_rng *rng)
{
    return (double)(mmofl_rng_bits(rng) >> 11) * 0x1p-53;
}

static double polynomial(const double *c, int n, double x)
{
    double sum = 0;
    for (int i = n - 1; i >= 0; i--)
        sum = sum * x + c[i];
    return sum;
}

/* AS 241, routine PPND16: the p-quantile of the standard normal, 0 < p < 1. */
static double normal_quantile(double p)
{
    static const double a[] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                               1.9715909503065514427e3, 1.3731693765509461125e4,
                               4.5921953931549871457e4, 6.7265770927008700853e4,
                               3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double b[] = {1.0,
                               4.2313330701600911252e1,
                               6.8718700749205790830e2,
                               5.3941960214247511077e3,
                               2.1213794301586595867e4,
                               3.9307895800092710610e4,
                               2.8729085735721942674e4,
                               5.2264952788528545610e3};
    static const double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                               5.76949722146069140550e0,  3.64784832476320460504e0,
                               1.27045825245236838258e0,  2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1.0,
                               2.05319162663775882187e0,
                               1.67638483018380384940e0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    static const double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                               1.78482653991729133580e0,  2.96560571828504891230e-1,
                               2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1.0,
                               5.99832206555887937690e-1,
                               1.36929880922735805310e-1,
                               1.48753612908506148525e-2,
                               7.86869131145613259100e-4,
                               1.84631831751005468180e-5,
                               1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(a, 8, r) / polynomial(b, 8, r);
    }
    double r = sqrt(-mmofl_ln(q < 0 ? p : 1 - p)), z;
    if (r <= 5)
        z = polynomial(c, 8, r - 1.6) / polynomial(d, 8, r - 1.6);
    else
        z = polynomial(e, 8, r - 5) / polynomial(f, 8, r - 5);
    return q < 0 ? -z : z;
}

/* Uniform in (0, 1), never an end: the middle of one of 2^53 cells. */
static double uniform_open(mmofl_rng *rng)
{
    return ((double)(mmofl_rng_bits(rng) >> 11) + 0.5) * 0x1p-53;
}

double mmofl_rng_normal(mmofl_rng *rng)
{
    double p = uniform_open(rng);
    return normal_quantile(p < 1 ? p : 1 - 0x1p-53);
}

double mmofl_rng_gamma(mmofl_rng *rng, double shape)
{
    assert(shape > 0);
    if (shape < 1) { /* Gamma(a) = Gamma(a + 1) U^(1/a) */
        double u = mmofl_ln(uniform_open(rng)) / shape;
        return mmofl_rng_gamma(rng, shape + 1) * (u > -700 ? mmofl_exp(u) : 0);
    }
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = mmofl_rng_normal(rng), t = 1 + c * x;
        if (t <= 0)
            continue;
        double v = t * t * t;
        if (mmofl_ln(uniform_open(rng)) < 0.5 * x * x + d - d * v + d * mmofl_ln(v))
            return d * v;
    }
}

void mmofl_rng_shuffle(mmofl_rng *rng, uint32_t *values, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)mmofl_rng_below(rng, i);
        uint32_t t = values[i - 1];
        values[i - 1] = values[j];
        values[j] = t;
    }
}
