/* npy.h - NumPy's .npy files (format 1.0 and 2.0), read from memory.
 *
 * Strict: the header must be the dictionary that NumPy writes, C order, and the bytes
 * behind it exactly as many as the shape needs. */
#ifndef MMOFL_DATA_NPY_H
#define MMOFL_DATA_NPY_H

#include "mmofl/status.h"

enum { MMOFL_NPY_DIMS = 8 };

typedef enum mmofl_npy_type {
    MMOFL_NPY_U8,  /* |u1 */
    MMOFL_NPY_I32, /* <i4 */
    MMOFL_NPY_I64, /* <i8 */
    MMOFL_NPY_F32, /* <f4 */
    MMOFL_NPY_F64  /* <f8 */
} mmofl_npy_type;

typedef struct mmofl_npy {
    mmofl_npy_type type;
    int n_dims; /* 0 ... MMOFL_NPY_DIMS */
    size_t dim[MMOFL_NPY_DIMS];
    size_t count;              /* product of the dimensions */
    const unsigned char *data; /* borrowed: inside the bytes given, any alignment */
} mmofl_npy;

/** Read the header of `size` bytes; name is used in errors.
 * @retval MMOFL_E_TRUNCATED    fewer bytes than header and shape need
 * @retval MMOFL_E_SYNTAX       no .npy file, or a header that is none
 * @retval MMOFL_E_VERSION      a format other than 1.0 and 2.0
 * @retval MMOFL_E_UNSUPPORTED  Fortran order, big endian, or a type not listed above
 * @retval MMOFL_E_LIMIT        too many dimensions, or a shape beyond size_t
 * @retval MMOFL_E_CORRUPT      bytes after the last value */
MMOFL_CHECKED mmofl_status mmofl_npy_parse(const void *bytes, size_t size,
                                           const char *name, mmofl_npy *npy,
                                           mmofl_error *err);

/** Values first ... first + n - 1 (of count) as float.
 * @retval MMOFL_E_NONFINITE  NaN, infinity, or beyond float; err says which value */
MMOFL_CHECKED mmofl_status mmofl_npy_floats(const mmofl_npy *npy, const char *name,
                                            size_t first, size_t n, float *out,
                                            mmofl_error *err);

/** Are values first ... first + n - 1 all NaN?  So people mark what was not recorded.
 */
bool mmofl_npy_all_nan(const mmofl_npy *npy, size_t first, size_t n);

/** The same as mmofl_npy_floats as integers.
 * @retval MMOFL_E_TYPE   a floating-point type
 * @retval MMOFL_E_RANGE  outside min ... max */
MMOFL_CHECKED mmofl_status mmofl_npy_integers(const mmofl_npy *npy, const char *name,
                                              size_t first, size_t n, int64_t min,
                                              int64_t max, int64_t *out,
                                              mmofl_error *err);

#endif
