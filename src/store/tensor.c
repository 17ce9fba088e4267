/* tensor.c - element types from the one list in tensor.h, and sizes without overflow.
 */
#include <math.h>
#include <string.h>

#include "store/tensor.h"

/* Files are little-endian and tensors are written as they lie in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "needs byte swapping");

static const struct {
    const char *name;
    size_t bytes;
    const char *descr;
} types[] = {
#define ROW(name, bytes, descr) {#name, bytes, descr},
    MMOFL_TENSOR_TYPE_LIST(ROW)
#undef ROW
};

static bool is_type(mmofl_tensor_type type)
{
    return (unsigned)type < MMOFL_TENSOR_TYPE_COUNT;
}

const char *mmofl_tensor_type_name(mmofl_tensor_type type)
{
    return is_type(type) ? types[type].name : "?";
}

const char *mmofl_tensor_type_descr(mmofl_tensor_type type)
{
    return is_type(type) ? types[type].descr : "?";
}

size_t mmofl_tensor_type_bytes(mmofl_tensor_type type)
{
    return is_type(type) ? types[type].bytes : 1;
}

bool mmofl_tensor_type_find(const char *name, mmofl_tensor_type *type)
{
    for (int i = 0; i < MMOFL_TENSOR_TYPE_COUNT; i++) {
        if (strcmp(types[i].name, name) == 0) {
            *type = (mmofl_tensor_type)i;
            return true;
        }
    }
    return false;
}

bool mmofl_tensor_bytes(const mmofl_tensor *tensor, size_t *bytes)
{
    /* A zero dim is left out of the product, so that (0, 2^63, 2^63) is refused like
     * (2^63, 2^63, 0): a reader that multiplies from the left must not overflow. */
    size_t product = mmofl_tensor_type_bytes(tensor->type);
    bool empty = false;
    for (int i = 0; i < tensor->n_dims; i++) {
        if (tensor->dim[i] == 0) {
            empty = true;
            continue;
        }
        if (product > SIZE_MAX / tensor->dim[i])
            return false;
        product *= tensor->dim[i];
    }
    *bytes = empty ? 0 : product;
    return true;
}

bool mmofl_tensor_is_finite(const mmofl_tensor *tensor)
{
    size_t bytes;
    if (!mmofl_tensor_bytes(tensor, &bytes))
        return false;
    if (tensor->type == MMOFL_TENSOR_F32) {
        const float *x = tensor->data;
        for (size_t i = 0; i < bytes / sizeof *x; i++)
            if (!isfinite(x[i]))
                return false;
    } else if (tensor->type == MMOFL_TENSOR_F64) {
        const double *x = tensor->data;
        for (size_t i = 0; i < bytes / sizeof *x; i++)
            if (!isfinite(x[i]))
                return false;
    }
    return true;
}
