/* safetensors_write.c - the writer.
 *
 * Data are laid out by element size, largest first, behind a header padded to 8 bytes:
 * every tensor then is aligned by itself, and no hole is needed (the format allows
 * none).  The header's keys keep the caller's order; only offsets tell of the layout.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "store/safetensors.h"

enum { LENGTH_BYTES = 8, ALIGN = 8, HEADER_LIMIT = MMOFL_SAFETENSORS_HEADER_LIMIT };

static mmofl_status check_tensors(const mmofl_tensor *tensors, size_t n,
                                  mmofl_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        const mmofl_tensor *t = &tensors[i];
        size_t bytes;
        if (strcmp(t->name, "__metadata__") == 0)
            return mmofl_fail(err, MMOFL_E_RANGE, "a tensor may not be named %s",
                              t->name);
        if (t->n_dims < 0 || t->n_dims > MMOFL_TENSOR_DIMS)
            return mmofl_fail(err, MMOFL_E_RANGE,
                              "tensor \"%s\": %d dims, wanted 0 to %d", t->name,
                              t->n_dims, MMOFL_TENSOR_DIMS);
        if (!mmofl_tensor_bytes(t, &bytes) || bytes > (size_t)INT64_MAX - total)
            return mmofl_fail(err, MMOFL_E_LIMIT, "tensor \"%s\": its size overflows",
                              t->name);
        total += bytes;
    }
    return MMOFL_OK;
}

/* Fill pieces[1 ... n] with the data in file order, and begin[i] for tensor i. */
static void lay_out(const mmofl_tensor *tensors, size_t n, mmofl_piece *pieces,
                    size_t *begin)
{
    size_t at = 0, k = 1;
    for (size_t size = ALIGN; size > 0; size /= 2) {
        for (size_t i = 0; i < n; i++) {
            size_t bytes = 0;
            if (mmofl_tensor_type_bytes(tensors[i].type) != size)
                continue;
            (void)mmofl_tensor_bytes(&tensors[i], &bytes); /* checked before */
            begin[i] = at;
            at += bytes;
            pieces[k++] = (mmofl_piece){tensors[i].data, bytes};
        }
    }
}

static json_t *entry_json(const mmofl_tensor *t, size_t begin)
{
    size_t bytes = 0;
    (void)mmofl_tensor_bytes(t, &bytes);
    size_t end = begin + bytes;
    json_t *shape = json_array();
    for (int i = 0; i < t->n_dims; i++)
        if (json_array_append_new(shape, json_integer((json_int_t)t->dim[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", mmofl_tensor_type_name(t->type),
                     "shape", shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)end);
}

/* Set object[key] = value, value's reference being taken; key must be new and UTF-8. */
static mmofl_status add(json_t *object, const char *key, json_t *value,
                        mmofl_error *err)
{
    if (json_object_get(object, key)) {
        json_decref(value);
        return mmofl_fail(err, MMOFL_E_DUPLICATE, "\"%s\" is given twice", key);
    }
    if (!value || json_object_set_new(object, key, value) != 0)
        return mmofl_fail(err, MMOFL_E_SYNTAX, "\"%s\": name or text is not UTF-8",
                          key);
    return MMOFL_OK;
}

static mmofl_status fill_header(json_t *root, const mmofl_tensor *tensors, size_t n,
                                const size_t *begin, const mmofl_metadata *metadata,
                                size_t n_metadata, mmofl_error *err)
{
    mmofl_status st = MMOFL_OK;
    if (n_metadata > 0) {
        json_t *map = json_object(); /* root owns it, so filling may fail half-way */
        st = add(root, "__metadata__", map, err);
        for (size_t i = 0; i < n_metadata && !st; i++)
            st = add(map, metadata[i].key, json_string(metadata[i].value), err);
    }
    for (size_t i = 0; i < n && !st; i++)
        st = add(root, tensors[i].name, entry_json(&tensors[i], begin[i]), err);
    return st;
}

/* Length field and padded JSON in one block; the caller frees it. */
static mmofl_status encode_header(const json_t *root, mmofl_piece *piece,
                                  mmofl_error *err)
{
    char *text = json_dumps(root, JSON_COMPACT);
    size_t used = text ? strlen(text) : 0, n = (used + ALIGN - 1) / ALIGN * ALIGN;
    char *block = text && n <= HEADER_LIMIT ? malloc(LENGTH_BYTES + n) : NULL;
    if (!block) {
        free(text);
        if (n > HEADER_LIMIT)
            return mmofl_fail(err, MMOFL_E_LIMIT, "header of %zu bytes, at most %d", n,
                              HEADER_LIMIT);
        return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the header");
    }
    for (int i = 0; i < LENGTH_BYTES; i++)
        block[i] = (char)(n >> (8 * i) & 0xff);
    memcpy(block + LENGTH_BYTES, text, used);
    memset(block + LENGTH_BYTES + used, ' ', n - used);
    free(text);
    *piece = (mmofl_piece){block, LENGTH_BYTES + n};
    return MMOFL_OK;
}

mmofl_status mmofl_safetensors_write(const char *path, const mmofl_tensor *tensors,
                                     size_t n_tensors, const mmofl_metadata *metadata,
                                     size_t n_metadata, bool sync, mmofl_error *err)
{
    mmofl_status st = check_tensors(tensors, n_tensors, err);
    if (st)
        return st;
    mmofl_piece header = {0};
    mmofl_piece *pieces = calloc(n_tensors + 1, sizeof *pieces);
    size_t *begin = calloc(n_tensors + 1, sizeof *begin);
    json_t *root = json_object();
    if (!pieces || !begin || !root) {
        st = mmofl_fail(err, MMOFL_E_MEMORY, "%s: no memory for the header", path);
    } else {
        lay_out(tensors, n_tensors, pieces, begin);
        st = fill_header(root, tensors, n_tensors, begin, metadata, n_metadata, err);
        if (!st)
            st = encode_header(root, &header, err);
        if (st)
            mmofl_fail_within(err, "%s", path);
    }
    if (!st) {
        pieces[0] = header;
        st = mmofl_file_write_pieces(path, pieces, n_tensors + 1, sync, err);
    }
    json_decref(root);
    free((void *)(uintptr_t)header.data);
    free(begin);
    free(pieces);
    return st;
}
