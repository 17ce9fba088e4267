/* safetensors.c - the strict reader.
 *
 *   | n: 8 bytes | JSON header: n bytes | data ................ |
 *                                       ^ offsets count from here, to the file's end
 *
 * jansson parses the header (and refuses double keys); then each entry is checked by
 * itself, and the entries sorted by their begin must follow each other from 0 to the
 * end: with that, holes, overlaps and stray bytes are all the same one comparison. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "store/safetensors.h"

enum { LENGTH_BYTES = 8, HEADER_LIMIT = MMOFL_SAFETENSORS_HEADER_LIMIT };

/* One tensor of the header, with its range and where in the header it stood. */
typedef struct entry {
    mmofl_tensor tensor;
    size_t begin, end, position;
} entry;

/* What the helpers below share while one file is parsed. */
typedef struct reader {
    mmofl_arena *arena;
    const unsigned char *data; /* after the header */
    size_t data_size;
    mmofl_error *err;
} reader;

static mmofl_status no_memory(mmofl_error *err)
{
    return mmofl_fail(err, MMOFL_E_MEMORY, "no memory for the tables of the file");
}

/* The JSON text behind the length field, both checked against the file's size. */
static mmofl_status find_header(const unsigned char *bytes, size_t size,
                                size_t *header_size, mmofl_error *err)
{
    if (size < LENGTH_BYTES)
        return mmofl_fail(err, MMOFL_E_TRUNCATED,
                          "%zu bytes, a safetensors file has at least 8", size);
    uint64_t n = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        n = n << 8 | bytes[i];
    if (n > HEADER_LIMIT)
        return mmofl_fail(err, MMOFL_E_LIMIT,
                          "is no safetensors file, or one with a header of %llu bytes, "
                          "of which at most %d are read",
                          (unsigned long long)n, HEADER_LIMIT);
    if (n > size - LENGTH_BYTES)
        return mmofl_fail(err, MMOFL_E_TRUNCATED,
                          "header of %llu bytes in a file of %zu bytes",
                          (unsigned long long)n, size);
    *header_size = (size_t)n;
    return MMOFL_OK;
}

/* The format allows spaces after the object and nothing before it; JSON alone would
 * allow any white space on both sides. */
static bool is_bare_object(const char *header, size_t size)
{
    while (size > 0 && header[size - 1] == ' ')
        size--;
    return size >= 2 && header[0] == '{' && header[size - 1] == '}';
}

static mmofl_status parse_json(const char *header, size_t size, json_t **root,
                               mmofl_error *err)
{
    if (!is_bare_object(header, size))
        return mmofl_fail(err, MMOFL_E_SYNTAX,
                          "header is not one JSON object padded with spaces");
    json_error_t e;
    *root = json_loadb(header, size, JSON_REJECT_DUPLICATES, &e);
    if (*root)
        return MMOFL_OK;
    mmofl_status st = MMOFL_E_SYNTAX;
    if (json_error_code(&e) == json_error_duplicate_key)
        st = MMOFL_E_DUPLICATE;
    if (json_error_code(&e) == json_error_out_of_memory)
        st = MMOFL_E_MEMORY;
    return mmofl_fail(err, st, "header, byte %d: %s", e.position, e.text);
}

static mmofl_status read_type(const reader *r, const char *name, const json_t *dtype,
                              mmofl_tensor_type *type)
{
    if (!json_is_string(dtype))
        return mmofl_fail(r->err, MMOFL_E_TYPE, "tensor \"%s\": dtype is not a text",
                          name);
    const char *text = json_string_value(dtype);
    if (mmofl_tensor_type_find(text, type))
        return MMOFL_OK;
    static const char *const others[] = {"BOOL", "I8",   "I16",     "U16",     "U32",
                                         "U64",  "BF16", "F8_E4M3", "F8_E5M2", "F16"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(text, others[i]) == 0)
            return mmofl_fail(r->err, MMOFL_E_UNSUPPORTED,
                              "tensor \"%s\": dtype %s is not read here, only F32, "
                              "F64, I32, I64 and U8",
                              name, text);
    return mmofl_fail(r->err, MMOFL_E_UNKNOWN, "tensor \"%s\": unknown dtype \"%s\"",
                      name, text);
}

/* `limit` at most, `at_least` at least non-negative integers from a JSON list. */
static mmofl_status read_sizes(const reader *r, const char *name, const char *key,
                               const json_t *list, size_t at_least, size_t limit,
                               size_t *sizes)
{
    if (!json_is_array(list))
        return mmofl_fail(r->err, MMOFL_E_TYPE, "tensor \"%s\": %s is not a list", name,
                          key);
    size_t n = json_array_size(list);
    if (n < at_least || n > limit)
        return mmofl_fail(r->err, at_least == limit ? MMOFL_E_COUNT : MMOFL_E_LIMIT,
                          "tensor \"%s\": %s has %zu numbers, wanted %zu to %zu", name,
                          key, n, at_least, limit);
    for (size_t i = 0; i < n; i++) {
        const json_t *number = json_array_get(list, i);
        if (!json_is_integer(number))
            return mmofl_fail(r->err, MMOFL_E_TYPE,
                              "tensor \"%s\": %s holds something that is no integer",
                              name, key);
        json_int_t value = json_integer_value(number);
        if (value < 0)
            return mmofl_fail(r->err, MMOFL_E_RANGE,
                              "tensor \"%s\": %s holds %lld, wanted 0 or more", name,
                              key, (long long)value);
        /* More than this machine can count is more than the file holds, too. */
        sizes[i] = (uint64_t)value > SIZE_MAX ? SIZE_MAX : (size_t)value;
    }
    return MMOFL_OK;
}

/* The three keys of an entry, all there and no other. */
static mmofl_status find_keys(const reader *r, const char *name, json_t *value,
                              json_t *found[3])
{
    static const char *const keys[3] = {"dtype", "shape", "data_offsets"};
    if (!json_is_object(value))
        return mmofl_fail(r->err, MMOFL_E_TYPE, "tensor \"%s\": not an object", name);
    for (int i = 0; i < 3; i++) {
        found[i] = json_object_get(value, keys[i]);
        if (!found[i])
            return mmofl_fail(r->err, MMOFL_E_MISSING, "tensor \"%s\": no %s", name,
                              keys[i]);
    }
    const char *key;
    json_t *ignored;
    json_object_foreach(value, key, ignored)
    {
        if (strcmp(key, keys[0]) && strcmp(key, keys[1]) && strcmp(key, keys[2]))
            return mmofl_fail(r->err, MMOFL_E_UNKNOWN, "tensor \"%s\": unknown key %s",
                              name, key);
    }
    return MMOFL_OK;
}

static mmofl_status check_range(const reader *r, const entry *e)
{
    size_t bytes;
    if (e->begin > e->end)
        return mmofl_fail(r->err, MMOFL_E_RANGE,
                          "tensor \"%s\": data begin at %zu and end before, at %zu",
                          e->tensor.name, e->begin, e->end);
    if (e->end > r->data_size)
        return mmofl_fail(r->err, MMOFL_E_TRUNCATED,
                          "tensor \"%s\": data end at %zu, the file's at %zu",
                          e->tensor.name, e->end, r->data_size);
    if (!mmofl_tensor_bytes(&e->tensor, &bytes))
        return mmofl_fail(r->err, MMOFL_E_LIMIT, "tensor \"%s\": its size overflows",
                          e->tensor.name);
    if (e->end - e->begin != bytes)
        return mmofl_fail(r->err, MMOFL_E_SHAPE,
                          "tensor \"%s\": its shape takes %zu bytes, its range has %zu",
                          e->tensor.name, bytes, e->end - e->begin);
    return MMOFL_OK;
}

static mmofl_status read_entry(const reader *r, const char *name, json_t *value,
                               entry *e)
{
    json_t *found[3];
    size_t range[2];
    mmofl_status st = find_keys(r, name, value, found);
    if (!st)
        st = read_type(r, name, found[0], &e->tensor.type);
    if (!st)
        st =
            read_sizes(r, name, "shape", found[1], 0, MMOFL_TENSOR_DIMS, e->tensor.dim);
    if (!st)
        st = read_sizes(r, name, "data_offsets", found[2], 2, 2, range);
    if (st)
        return st;
    e->tensor.n_dims = (int)json_array_size(found[1]);
    e->begin = range[0];
    e->end = range[1];
    e->tensor.name = mmofl_arena_text(r->arena, name);
    if (!e->tensor.name)
        return no_memory(r->err);
    return check_range(r, e);
}

static mmofl_status read_metadata(const reader *r, json_t *object,
                                  mmofl_safetensors *out)
{
    if (!json_is_object(object))
        return mmofl_fail(r->err, MMOFL_E_TYPE, "__metadata__ is not an object");
    size_t n = json_object_size(object), i = 0;
    mmofl_metadata *pairs = MMOFL_ARENA_NEW(r->arena, n, mmofl_metadata);
    if (!pairs)
        return no_memory(r->err);
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return mmofl_fail(r->err, MMOFL_E_TYPE, "__metadata__: %s is not a text",
                              key);
        pairs[i].key = mmofl_arena_text(r->arena, key);
        pairs[i].value = mmofl_arena_text(r->arena, json_string_value(value));
        if (!pairs[i].key || !pairs[i].value)
            return no_memory(r->err);
        i++;
    }
    out->metadata = pairs;
    out->n_metadata = n;
    return MMOFL_OK;
}

/* By place; empty tensors share a place and keep the order of the header. */
static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->position < y->position ? -1 : 1;
}

static mmofl_status check_cover(const reader *r, const entry *entries, size_t n)
{
    size_t covered = 0;
    for (size_t i = 0; i < n; covered = entries[i++].end) {
        if (entries[i].begin == covered)
            continue;
        return mmofl_fail(r->err, MMOFL_E_CORRUPT,
                          "tensor \"%s\": data begin at %zu, wanted %zu (%s)",
                          entries[i].tensor.name, entries[i].begin, covered,
                          entries[i].begin < covered ? "they overlap another tensor"
                                                     : "a hole is left");
    }
    if (covered != r->data_size)
        return mmofl_fail(r->err, MMOFL_E_CORRUPT,
                          "tensors end at %zu, the data go on to %zu", covered,
                          r->data_size);
    return MMOFL_OK;
}

/* Point the tensor at its data; where those are not aligned for its type (a foreign
 * writer need not care), at a copy. */
static mmofl_status place(const reader *r, const entry *e, unsigned checks,
                          mmofl_tensor *tensor)
{
    *tensor = e->tensor;
    tensor->data = r->data ? r->data + e->begin : r->data;
    if (tensor->data &&
        (uintptr_t)tensor->data % mmofl_tensor_type_bytes(tensor->type) != 0) {
        void *copy = mmofl_arena_take(r->arena, e->end - e->begin, 1);
        if (!copy)
            return no_memory(r->err);
        tensor->data = memcpy(copy, tensor->data, e->end - e->begin);
    }
    if (checks & MMOFL_SAFETENSORS_FINITE && !mmofl_tensor_is_finite(tensor))
        return mmofl_fail(r->err, MMOFL_E_NONFINITE,
                          "tensor \"%s\": holds NaN or infinity", tensor->name);
    return MMOFL_OK;
}

static mmofl_status read_root(const reader *r, json_t *root, unsigned checks,
                              mmofl_safetensors *out)
{
    size_t n = 0, limit = json_object_size(root);
    entry *entries = MMOFL_ARENA_NEW(r->arena, limit, entry);
    mmofl_tensor *tensors = MMOFL_ARENA_NEW(r->arena, limit, mmofl_tensor);
    if (!entries || !tensors)
        return no_memory(r->err);
    mmofl_status st = MMOFL_OK;
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        if (strcmp(name, "__metadata__") == 0) {
            st = read_metadata(r, value, out);
        } else {
            entries[n].position = n;
            st = read_entry(r, name, value, &entries[n++]);
        }
        if (st)
            return st;
    }
    if (n > 1)
        qsort(entries, n, sizeof *entries, compare_entries);
    st = check_cover(r, entries, n);
    for (size_t i = 0; i < n && !st; i++)
        st = place(r, &entries[i], checks, &tensors[i]);
    out->tensors = tensors;
    out->n_tensors = n;
    return st;
}

mmofl_status mmofl_safetensors_parse(const void *data, size_t size, unsigned checks,
                                     mmofl_arena *arena, mmofl_safetensors *out,
                                     mmofl_error *err)
{
    const unsigned char *bytes = data;
    size_t header_size = 0;
    mmofl_status st = find_header(bytes, size, &header_size, err);
    if (st)
        return st;
    json_t *root;
    st = parse_json((const char *)bytes + LENGTH_BYTES, header_size, &root, err);
    if (st)
        return st;
    reader r = {arena, bytes + LENGTH_BYTES + header_size,
                size - LENGTH_BYTES - header_size, err};
    mmofl_safetensors file = {0};
    st = read_root(&r, root, checks, &file);
    json_decref(root);
    if (!st)
        *out = file;
    return st;
}

mmofl_status mmofl_safetensors_open(const char *path, unsigned checks,
                                    mmofl_safetensors *out, mmofl_error *err)
{
    mmofl_mapping mapping;
    mmofl_status st = mmofl_file_map(path, &mapping, err);
    if (st)
        return st;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    mmofl_safetensors file;
    st =
        mmofl_safetensors_parse(mapping.data, mapping.size, checks, &arena, &file, err);
    if (st) {
        mmofl_file_unmap(&mapping);
        mmofl_arena_free(&arena);
        mmofl_fail_within(err, "%s", path);
        return st;
    }
    file.mapping = mapping;
    file.arena = arena;
    *out = file;
    return MMOFL_OK;
}

const mmofl_tensor *mmofl_safetensors_find(const mmofl_safetensors *file,
                                           const char *name)
{
    for (size_t i = 0; i < file->n_tensors; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

const char *mmofl_safetensors_metadata(const mmofl_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->n_metadata; i++)
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    return NULL;
}

mmofl_status mmofl_safetensors_require(const mmofl_safetensors *file,
                                       const mmofl_tensor *wanted, const void **data,
                                       mmofl_error *err)
{
    const mmofl_tensor *found = mmofl_safetensors_find(file, wanted->name);
    if (!found)
        return mmofl_fail(err, MMOFL_E_MISSING, "no tensor \"%s\"", wanted->name);
    if (found->type != wanted->type)
        return mmofl_fail(err, MMOFL_E_TYPE, "tensor \"%s\" is %s, wanted %s",
                          wanted->name, mmofl_tensor_type_name(found->type),
                          mmofl_tensor_type_name(wanted->type));
    if (found->n_dims != wanted->n_dims)
        return mmofl_fail(err, MMOFL_E_SHAPE, "tensor \"%s\" has %d dims, wanted %d",
                          wanted->name, found->n_dims, wanted->n_dims);
    for (int i = 0; i < found->n_dims; i++)
        if (found->dim[i] != wanted->dim[i])
            return mmofl_fail(err, MMOFL_E_SHAPE,
                              "tensor \"%s\": dim %d is %zu, wanted %zu", wanted->name,
                              i, found->dim[i], wanted->dim[i]);
    *data = found->data;
    return MMOFL_OK;
}

void mmofl_safetensors_close(mmofl_safetensors *file)
{
    if (!file)
        return;
    mmofl_file_unmap(&file->mapping);
    mmofl_arena_free(&file->arena);
    *file = (mmofl_safetensors){0};
}
