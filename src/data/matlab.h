/* matlab.h - one real array out of a MATLAB file (format 5: `save -v6` and `-v7`), read
 * from memory.
 *
 * The file is taken for hostile: what a variable claims to be is checked against what
 * the caller wants before anything is unpacked or allocated for it. */
#ifndef MMOFL_DATA_MATLAB_H
#define MMOFL_DATA_MATLAB_H

#include "mmofl/status.h"

enum { MMOFL_MATLAB_DIMS = 4, MMOFL_MATLAB_MOST = 1 << 28 };

typedef struct mmofl_matlab_array {
    int n_dims; /* 1 ... MMOFL_MATLAB_DIMS; MATLAB itself writes 2 or more */
    size_t dim[MMOFL_MATLAB_DIMS];
    size_t count;   /* product of the dimensions */
    double *values; /* malloc'ed; the first dimension runs fastest, as in MATLAB */
} mmofl_matlab_array;

/** Find `variable` in the `size` bytes of a file and read it: an array of class double
 * or single, not complex, of at most `most` values (<= MMOFL_MATLAB_MOST), all finite.
 * Other variables are passed over.  name is used in errors.  The caller frees
 * array->values.
 * @retval MMOFL_E_MEMORY
 * @retval MMOFL_E_MISSING      no variable of that name
 * @retval MMOFL_E_DUPLICATE    more than one
 * @retval MMOFL_E_TYPE         of another class, or complex
 * @retval MMOFL_E_LIMIT        more dimensions or values than asked for
 * @retval MMOFL_E_NONFINITE    NaN or infinity; err says which value
 * @retval MMOFL_E_TRUNCATED    the file ends inside its header or a variable
 * @retval MMOFL_E_SYNTAX       no MATLAB file, or something that is no variable
 * @retval MMOFL_E_CORRUPT      sizes that contradict each other, or damaged packed data
 * @retval MMOFL_E_UNSUPPORTED  format 4 or 7.3 (HDF5), or big endian
 * Cost: a packed variable that is wanted is unpacked once, of others 512 bytes are. */
MMOFL_CHECKED mmofl_status mmofl_matlab_read(const void *bytes, size_t size,
                                             const char *name, const char *variable,
                                             size_t most, mmofl_matlab_array *array,
                                             mmofl_error *err);

#endif
