/* safetensors.h - tensors in one file that PyTorch, JAX and others read too.
 *
 * Format (github.com/huggingface/safetensors): 8 bytes header length n, little-endian;
 * n bytes of JSON, {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape":
 * [2, 3], "data_offsets": [begin, end]}}, padded with spaces; then the data, which the
 * ranges cover without hole or overlap.  The reader is strict, since a checkpoint may
 * come from anybody: nothing in the header is believed before it is checked.
 * Where we differ: of the format's element types only those of tensor.h are read, a
 * tensor has at most MMOFL_TENSOR_DIMS dims, and unknown keys are refused. */
#ifndef MMOFL_STORE_SAFETENSORS_H
#define MMOFL_STORE_SAFETENSORS_H

#include "base/arena.h"
#include "base/file.h"
#include "store/tensor.h"

/** One entry of `__metadata__`; both UTF-8 texts. */
typedef struct mmofl_metadata {
    const char *key, *value;
} mmofl_metadata;

typedef struct mmofl_safetensors {
    const mmofl_tensor *tensors; /* in the order of their data */
    size_t n_tensors;
    const mmofl_metadata *metadata; /* in the order of the file */
    size_t n_metadata;
    mmofl_mapping mapping; /* of mmofl_safetensors_open: the file, and what */
    mmofl_arena arena;     /* holds the tables; both empty after _parse */
} mmofl_safetensors;

enum { MMOFL_SAFETENSORS_HEADER_LIMIT = 100 * 1000 * 1000 };

enum { MMOFL_SAFETENSORS_FINITE = 1 /* refuse NaN and infinities in F32 and F64 */ };

/** Read the `size` bytes of a file.  Tensors point into `data`, which must outlive them
 * and be 8-byte aligned (malloc and mmap are); a tensor that the file placed off its
 * alignment is copied into the arena.  Tables and names are in the caller's arena (what
 * a failed call took there stays until the arena is freed).
 * @param[in]  checks  0 or MMOFL_SAFETENSORS_FINITE
 * @retval MMOFL_E_TRUNCATED  shorter than the header or a range says
 * @retval MMOFL_E_LIMIT      header over 100 MB, too many dims, or a size that
 * overflows
 * @retval MMOFL_E_COUNT      data_offsets are not two numbers
 * @retval MMOFL_E_SYNTAX     the header is not a JSON object of the described form
 * @retval MMOFL_E_DUPLICATE  a name or key occurs twice
 * @retval MMOFL_E_MISSING    dtype, shape or data_offsets is absent
 * @retval MMOFL_E_TYPE       a value is of another JSON type
 * @retval MMOFL_E_UNKNOWN    a key or dtype that the format does not have
 * @retval MMOFL_E_UNSUPPORTED  a dtype of the format that is not read here
 * @retval MMOFL_E_RANGE      a negative number, or begin > end
 * @retval MMOFL_E_SHAPE      shape and range differ in size
 * @retval MMOFL_E_CORRUPT    ranges overlap, or bytes belong to no tensor
 * @retval MMOFL_E_NONFINITE  checks asked for it
 * @retval MMOFL_E_MEMORY
 * Cost: O(header) time, up to about 20 times the header in memory while it is read. */
MMOFL_CHECKED mmofl_status mmofl_safetensors_parse(const void *data, size_t size,
                                                   unsigned checks, mmofl_arena *arena,
                                                   mmofl_safetensors *out,
                                                   mmofl_error *err);

/** Map a file and parse it: no copy is made.  err names the file.  Statuses as above
 * and of mmofl_file_map.  The caller owns it: mmofl_safetensors_close.  The file must
 * not be shortened while it is open (replacing it by rename is fine). */
MMOFL_CHECKED mmofl_status mmofl_safetensors_open(const char *path, unsigned checks,
                                                  mmofl_safetensors *out,
                                                  mmofl_error *err);

/** The tensor of that name, or NULL.  Cost: O(n_tensors). */
const mmofl_tensor *mmofl_safetensors_find(const mmofl_safetensors *file,
                                           const char *name);

/** The metadata text of that key, or NULL. */
const char *mmofl_safetensors_metadata(const mmofl_safetensors *file, const char *key);

/** The data of the tensor that has wanted's name, type and shape, or a refusal that
 * names the tensor (wanted->data is not looked at; *data is borrowed from file).
 * @retval MMOFL_E_MISSING, MMOFL_E_TYPE, MMOFL_E_SHAPE */
MMOFL_CHECKED mmofl_status mmofl_safetensors_require(const mmofl_safetensors *file,
                                                     const mmofl_tensor *wanted,
                                                     const void **data,
                                                     mmofl_error *err);

/** Unmap; every tensor, name and text of it is gone.  NULL is allowed. */
void mmofl_safetensors_close(mmofl_safetensors *file);

/** Write a file atomically (base/file.h); synced to the disk if sync.  Equal input
 * gives equal bytes: header keys stand in the order given; data are placed by element
 * size, largest first, so that every tensor is aligned.
 * @retval MMOFL_E_DUPLICATE  two tensors of one name
 * @retval MMOFL_E_RANGE      a tensor named "__metadata__", or n_dims out of range
 * @retval MMOFL_E_SYNTAX     a name or text is not UTF-8
 * @retval MMOFL_E_LIMIT      the header would pass 100 MB, or a size overflows
 * @retval MMOFL_E_MEMORY, MMOFL_E_NO_SPACE, MMOFL_E_NOT_FOUND, MMOFL_E_IO */
MMOFL_CHECKED mmofl_status mmofl_safetensors_write(
    const char *path, const mmofl_tensor *tensors, size_t n_tensors,
    const mmofl_metadata *metadata, size_t n_metadata, bool sync, mmofl_error *err);

#endif
