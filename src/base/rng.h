/* rng.h - counter-based random numbers: what a number is for decides what it is.
 *
 * A stream is named by (seed, device, round, use).  Two streams with different names
 * are independent; the same name gives the same numbers on every machine, at any thread
 * count and after any resume, because there is no state but the position in the stream.
 * Generator: Philox4x64-10 (Salmon et al., SC 2011) from Random123; word i of a stream
 * is word i % 4 of philox(counter = {i / 4, round, use, 0}, key = {seed, device}). */
#ifndef MMOFL_BASE_RNG_H
#define MMOFL_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/** What random numbers are for.  Values are part of the result: append, never renumber.
 */
typedef enum mmofl_use {
    MMOFL_USE_INIT = 1,          /* initial parameters; round = layer number */
    MMOFL_USE_PARTITION = 2,     /* who owns which sample */
    MMOFL_USE_STREAM = 3,        /* order of arrival; round = pass over the pool */
    MMOFL_USE_BATCH_ORDER = 4,   /* order of mini-batches in a round */
    MMOFL_USE_PARTICIPATION = 5, /* which devices take part */
    MMOFL_USE_DROPOUT = 6,       /* dropout masks */
    MMOFL_USE_SYNTHETIC = 7,     /* generated data */
    MMOFL_USE_TEST = 8,          /* unit tests and benchmarks */
    MMOFL_USE_MISSING = 9, /* which modalities are lost; round = number of the arrival,
                              or a round */
    MMOFL_USE_NOISE = 10,  /* what is disturbed, and how; round = 16 * arrival + m */
    MMOFL_USE_TEST_MISSING = 11, /* the same for test samples; round = sample */
    MMOFL_USE_TEST_NOISE = 12,
    MMOFL_USE_GROUP = 13,            /* which devices are bad ones */
    MMOFL_USE_MODALITY_DROPOUT = 14, /* whole modalities dropped in training */
    MMOFL_USE_REPLAY = 15,           /* pseudo samples from prototypes */
    MMOFL_USE_GRADIENT_NOISE = 16,   /* OGM-GE */
    MMOFL_USE_BOOTSTRAP = 17,        /* confidence intervals */
    MMOFL_USE_VALIDATION = 18,       /* what is held out; round = training sample */
    MMOFL_USE_LINK = 19 /* when to try again; shows in no result.  seed = session */
} mmofl_use;

/** A device number for things that belong to no device. */
#define MMOFL_NO_DEVICE UINT64_MAX

typedef struct mmofl_rng {
    uint64_t key[2];     /* seed, device */
    uint64_t counter[4]; /* block, round, use, 0 */
    uint64_t word[4];    /* the current block */
    int next;            /* next word of it; 4 = used up */
} mmofl_rng;

/** The stream (seed, device, round, use), at its start. */
mmofl_rng mmofl_rng_open(uint64_t seed, uint64_t device, uint64_t round, mmofl_use use);

/** The next 64 random bits. */
uint64_t mmofl_rng_bits(mmofl_rng *rng);

/** Uniform integer in [0, n), unbiased; n >= 1. */
uint64_t mmofl_rng_below(mmofl_rng *rng, uint64_t n);

/** Uniform in [0, 1): a multiple of 2^-53. */
double mmofl_rng_uniform(mmofl_rng *rng);

/** Standard normal: one uniform through the inverse of its distribution (Wichura, AS
 * 241, PPND16), with our own logarithm so that every C library gives the same bits. */
double mmofl_rng_normal(mmofl_rng *rng);

/** Gamma(shape, 1), shape > 0 (Marsaglia and Tsang 2000; for shape < 1 their boost). */
double mmofl_rng_gamma(mmofl_rng *rng, double shape);

/** Fisher-Yates shuffle of n numbers in place. */
void mmofl_rng_shuffle(mmofl_rng *rng, uint32_t *values, size_t n);

#endif
