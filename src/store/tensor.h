/* tensor.h - a named array, as the files of this layer hold it.
 *
 * Row-major, little-endian.  The list of element types is the one place that knows
 * their size and what safetensors and NumPy call them. */
#ifndef MMOFL_STORE_TENSOR_H
#define MMOFL_STORE_TENSOR_H

#include "mmofl/status.h"

/** Element types: name (also safetensors' name), bytes, NumPy's descr. */
#define MMOFL_TENSOR_TYPE_LIST(X)                                                      \
    X(F32, 4, "<f4")                                                                   \
    X(F64, 8, "<f8")                                                                   \
    X(I32, 4, "<i4")                                                                   \
    X(I64, 8, "<i8")                                                                   \
    X(U8, 1, "|u1")

typedef enum mmofl_tensor_type {
#define MMOFL_TENSOR_TYPE_ENUM(name, bytes, descr) MMOFL_TENSOR_##name,
    MMOFL_TENSOR_TYPE_LIST(MMOFL_TENSOR_TYPE_ENUM)
#undef MMOFL_TENSOR_TYPE_ENUM
        MMOFL_TENSOR_TYPE_COUNT
} mmofl_tensor_type;

enum { MMOFL_TENSOR_DIMS = 8 };

/** A borrowed view: name and data belong to whoever made it. */
typedef struct mmofl_tensor {
    const char *name; /* UTF-8 */
    mmofl_tensor_type type;
    int n_dims;                    /* 0 ... MMOFL_TENSOR_DIMS; 0 is one number */
    size_t dim[MMOFL_TENSOR_DIMS]; /* a 0 among them means no elements */
    const void *data;              /* aligned for its type */
} mmofl_tensor;

/** "F32"; "?" for a number that is no type. */
const char *mmofl_tensor_type_name(mmofl_tensor_type type);

/** "<f4"; "?" for a number that is no type. */
const char *mmofl_tensor_type_descr(mmofl_tensor_type type);

/** Bytes of one element, a power of two. */
size_t mmofl_tensor_type_bytes(mmofl_tensor_type type);

/** The type of that safetensors name; false when there is none. */
bool mmofl_tensor_type_find(const char *name, mmofl_tensor_type *type);

/** Bytes of the whole tensor: product of the dims times the element size.
 * False when that overflows, even where another dim is 0. */
bool mmofl_tensor_bytes(const mmofl_tensor *tensor, size_t *bytes);

/** True when no element is NaN or infinite; integers always are finite. */
bool mmofl_tensor_is_finite(const mmofl_tensor *tensor);

#endif
