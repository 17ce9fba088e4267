/* dataset.h - labelled multimodal samples with owners, times and a train/test part.
 *
 * Shapes: N samples (the first N_train are for training, the rest for testing), M
 * modalities, K classes; modality m has shape S_m, channels last: (T,C) for a sensor
 * window, (H,W,C) for an image, (L) for a text.  Values are row-major (N, S_m).
 * Values are kept as recorded (in the modality's unit), in as few bytes as lose nothing
 * (mmofl_stored); mmofl_dataset_values hands them out as they are or standardised
 * (mmofl_standardize). */
#ifndef MMOFL_DATASET_H
#define MMOFL_DATASET_H

#include "mmofl/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MMOFL_MAX_MODALITIES = 16,
    MMOFL_MAX_CLASSES = 1024,
    MMOFL_MAX_DIMS = 4,
    MMOFL_NAME_BYTES = 48
};

typedef enum mmofl_dtype {
    MMOFL_F32,   /* float */
    MMOFL_TOKENS /* int32_t ids in [0, vocabulary), 0 = padding; never standardised */
} mmofl_dtype;

/** How values lie in memory.  A data set that is built has floats and ids; a data cache
 * file keeps a modality of small whole numbers (pictures, counts of a converter) in
 * fewer bytes, out of which come the very same floats. */
typedef enum mmofl_stored {
    MMOFL_STORED_F32, /* float */
    MMOFL_STORED_I32, /* int32_t: token ids */
    MMOFL_STORED_U8,  /* uint8_t: all are whole, 0 ... 255 */
    MMOFL_STORED_I16  /* int16_t: all are whole, -32768 ... 32767 */
} mmofl_stored;

typedef struct mmofl_shape {
    int n;                   /* number of dimensions, 1 ... MMOFL_MAX_DIMS */
    int dim[MMOFL_MAX_DIMS]; /* each >= 1; the last one is the channels (or L for
                                tokens) */
} mmofl_shape;

/** Number of values: the product of the dimensions. */
MMOFL_API size_t mmofl_shape_count(mmofl_shape shape);
/** The same number of dimensions, and each as long. */
MMOFL_API bool mmofl_shape_equal(mmofl_shape a, mmofl_shape b);
/** Write "(128, 3)" into text: size bytes of the caller's, cut to fit, the last one
 * zero; nothing when size is 0. */
MMOFL_API void mmofl_shape_text(mmofl_shape shape, char *text, size_t size);

/** How real values are handed out; token ids never change. */
typedef enum mmofl_standardize {
    MMOFL_STANDARDIZE_NONE,    /* as recorded */
    MMOFL_STANDARDIZE_CHANNEL, /* (x - mean) / sd, by channel, of the training part */
    MMOFL_STANDARDIZE_WINDOW   /* (x - mean) / (sd + 1e-5), by channel, of the sample
                                  itself, sd being that of the population: posture and
                                  loudness are gone (FedMultimodal's way) */
} mmofl_standardize;
#define MMOFL_STANDARDIZE_CHOICES "none|channel|window"

typedef struct mmofl_modality {
    char name[MMOFL_NAME_BYTES]; /* "accelerometer" */
    char unit[MMOFL_NAME_BYTES]; /* "g", "rad/s", "" */
    double rate_hz;              /* samples per second along the first axis; 0 = none */
    mmofl_dtype dtype;
    int vocabulary; /* MMOFL_TOKENS only: 2 ... 2^24, so that a float holds an id */
    mmofl_shape shape;
} mmofl_modality;

typedef struct mmofl_dataset {
    char name[MMOFL_NAME_BYTES]; /* "uci-har" */
    char citation[512];          /* whom to cite, and the licence */
    int n_modalities;            /* M, 1 ... MMOFL_MAX_MODALITIES */
    mmofl_modality modality[MMOFL_MAX_MODALITIES];
    int n_classes;                              /* K, 2 ... MMOFL_MAX_CLASSES */
    const char (*class_name)[MMOFL_NAME_BYTES]; /* (K) */
    size_t n_samples, n_train;                  /* 1 <= N_train <= N */
    mmofl_stored stored[MMOFL_MAX_MODALITIES];  /* what values[m] points to */
    const void *values[MMOFL_MAX_MODALITIES];   /* (N, S_m) */
    const float *mean[MMOFL_MAX_MODALITIES]; /* (C_m) of the training part; F32 only */
    const float *sd[MMOFL_MAX_MODALITIES];   /* (C_m), > 0 (1 for a constant channel) */
    const uint32_t *mask;                /* (N) bit m: modality m was recorded; != 0 */
    const int32_t *label;                /* (N) in [0, K) */
    const int32_t *owner;                /* (N) person or station number, >= 0 */
    const int64_t *time;                 /* (N) rises with time within an owner */
    mmofl_standardize standardize;       /* what mmofl_dataset_values does */
    float *scale[MMOFL_MAX_MODALITIES];  /* (S_m) 1/sd, tiled over the sample */
    float *shift[MMOFL_MAX_MODALITIES];  /* (S_m) -mean/sd */
    struct mmofl_dataset_memory *memory; /* what the arrays live in */
} mmofl_dataset;

/** Write sample's S_m values of modality m into out: standardised as the set says, and
 * token ids as whole numbers.  Cost: one pass (window: three), allocates nothing.
 * sample < N, m < M and the mask bit set, else undefined (asserted). */
MMOFL_API void mmofl_dataset_values(const mmofl_dataset *set, size_t sample, int m,
                                    float *out);

/** Write sample's S_m values of modality m into out as they were recorded, whatever
 * set->standardize says.  Otherwise as mmofl_dataset_values. */
MMOFL_API void mmofl_dataset_recorded(const mmofl_dataset *set, size_t sample, int m,
                                      float *out);

/** Map a data cache file (docs/data-cache.md) and check all of it, digest and values:
 * one pass, about 0.2 ms per MB, the digest on all cores; nothing is copied.
 * @retval MMOFL_E_NOT_FOUND, MMOFL_E_IO
 * @retval MMOFL_E_TRUNCATED, MMOFL_E_CORRUPT, MMOFL_E_VERSION, MMOFL_E_SHAPE,
 *         MMOFL_E_RANGE, MMOFL_E_DUPLICATE, MMOFL_E_NONFINITE, MMOFL_E_MEMORY  each
 *         names the file and what was wrong
 * On success *set owns the mapping: mmofl_dataset_close. */
MMOFL_API MMOFL_CHECKED mmofl_status mmofl_dataset_open(const char *path,
                                                        mmofl_dataset **set,
                                                        mmofl_error *err);

/** Write the data cache file atomically.
 * @retval MMOFL_E_NO_SPACE, MMOFL_E_NOT_FOUND (folder), MMOFL_E_IO
 * @retval MMOFL_E_LIMIT  more bytes than this machine can count
 * @retval MMOFL_E_MEMORY  for the smaller copy of a modality of whole numbers */
MMOFL_API MMOFL_CHECKED mmofl_status mmofl_dataset_save(const mmofl_dataset *set,
                                                        const char *path,
                                                        mmofl_error *err);

/** Keep of the test part only every stride-th sample (the first, the stride+1-th, ...),
 * in place; what stands behind the samples kept is undefined.
 * @retval MMOFL_E_RANGE  stride < 1 */
MMOFL_API MMOFL_CHECKED mmofl_status mmofl_dataset_stride_test(mmofl_dataset *set,
                                                               int stride,
                                                               mmofl_error *err);

/** Memory that the set takes, in bytes: the file that it is mapped from, all of which
 * is looked at when it is opened, and its arrays. */
MMOFL_API size_t mmofl_dataset_bytes(const mmofl_dataset *set);

/** NULL is allowed. */
MMOFL_API void mmofl_dataset_close(mmofl_dataset *set);

#ifdef __cplusplus
}
#endif
#endif
