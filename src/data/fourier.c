/* fourier.c - Stockham's fast Fourier transform, and two real sequences in one complex.
 *
 * Even values of x are the real parts and odd ones the imaginary parts of n/2 complex
 * numbers, whose transform Z tells those of both halves apart by symmetry:
 *
 *     E[k] = (Z[k] + conj Z[-k]) / 2,   O[k] = (Z[k] - conj Z[-k]) / 2i,
 *     X[k] = E[k] + w^k O[k],           w = exp(-2 pi i / n)
 *
 * Stockham's passes put results in order while they go, so that there is no shuffling
 * of bits, and their inner loops run along memory. */
#include <assert.h>

#include "base/turns.h"
#include "data/fourier.h"

mmofl_status mmofl_fourier_init(mmofl_fourier *f, size_t n, mmofl_arena *arena)
{
    assert(n >= 4 && (n & (n - 1)) == 0);
    size_t half = n / 2;
    *f = (mmofl_fourier){.half = half,
                         .cosine = MMOFL_ARENA_NEW(arena, half, double),
                         .sine = MMOFL_ARENA_NEW(arena, half, double)};
    for (int i = 0; i < 2; i++) {
        f->re[i] = MMOFL_ARENA_NEW(arena, half, double);
        f->im[i] = MMOFL_ARENA_NEW(arena, half, double);
        if (!f->re[i] || !f->im[i])
            return MMOFL_E_MEMORY;
    }
    if (!f->cosine || !f->sine)
        return MMOFL_E_MEMORY;
    for (size_t k = 0; k < half; k++)
        mmofl_turns((double)k / (double)n, &f->sine[k], &f->cosine[k]);
    return MMOFL_OK;
}

/* `stride` transforms of `length` numbers become twice as many of half the length. */
static void pass(mmofl_fourier *f, size_t length, size_t stride)
{
    size_t middle = length / 2 * stride;
    for (size_t p = 0; p < length / 2; p++) {
        double c = f->cosine[2 * p * stride], s = f->sine[2 * p * stride];
        const double *re = f->re[0] + p * stride, *im = f->im[0] + p * stride;
        double *restrict to_re = f->re[1] + 2 * p * stride, *restrict to_im =
                                                                f->im[1] +
                                                                2 * p * stride;
        for (size_t q = 0; q < stride; q++) {
            double dr = re[q] - re[q + middle], di = im[q] - im[q + middle];
            to_re[q] = re[q] + re[q + middle];
            to_im[q] = im[q] + im[q + middle];
            to_re[q + stride] = dr * c + di * s;
            to_im[q + stride] = di * c - dr * s;
        }
    }
}

static void swap(double *pair[2])
{
    double *first = pair[0];
    pair[0] = pair[1];
    pair[1] = first;
}

static double square(double re, double im)
{
    return re * re + im * im;
}

void mmofl_fourier_power(mmofl_fourier *f, const double *x, double *power)
{
    size_t half = f->half;
    for (size_t i = 0; i < half; i++) {
        f->re[0][i] = x[2 * i];
        f->im[0][i] = x[2 * i + 1];
    }
    for (size_t length = half, stride = 1; length > 1; length /= 2, stride *= 2) {
        pass(f, length, stride);
        swap(f->re);
        swap(f->im);
    }
    const double *re = f->re[0], *im = f->im[0];
    power[0] = square(re[0] + im[0], 0);
    power[half] = square(re[0] - im[0], 0);
    for (size_t k = 1; k < half; k++) {
        double even_re = (re[k] + re[half - k]) / 2,
               even_im = (im[k] - im[half - k]) / 2;
        double odd_re = (im[k] + im[half - k]) / 2, odd_im = (re[half - k] - re[k]) / 2;
        double c = f->cosine[k], s = f->sine[k];
        power[k] = square(even_re + odd_re * c + odd_im * s,
                          even_im + odd_im * c - odd_re * s);
    }
}
