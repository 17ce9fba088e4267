/* npz.h - arrays for NumPy: numpy.load("file.npz")["name"].
 *
 * An .npz is a zip of .npy files (format 1.0), here stored without compression.  Equal
 * input gives equal bytes: no clock, user or time zone enters the file.  It appears
 * under its name when it is whole, never before.  Threads: one owner. */
#ifndef MMOFL_STORE_NPZ_H
#define MMOFL_STORE_NPZ_H

#include "store/tensor.h"

typedef struct mmofl_npz mmofl_npz;

/** Begin "path.part".  The caller owns it and ends it with finish or abandon.
 * @retval MMOFL_E_LIMIT  path too long
 * @retval MMOFL_E_NOT_FOUND (folder), MMOFL_E_NO_SPACE, MMOFL_E_IO, MMOFL_E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_npz_new(const char *path, mmofl_npz **npz,
                                         mmofl_error *err);

/** Append one array, tensor->name its key.  Cost: O(bytes); nothing is kept but names.
 * @retval MMOFL_E_DUPLICATE  an array of that name is there
 * @retval MMOFL_E_RANGE      n_dims out of range, or a name that is empty or begins
 * with '/' or '.' (inside it a '/' is fine: "step0/loss")
 * @retval MMOFL_E_LIMIT      its size overflows
 * @retval MMOFL_E_STATE      an earlier write failed; only abandon is left
 * @retval MMOFL_E_NO_SPACE, MMOFL_E_IO, MMOFL_E_MEMORY  the file is lost: abandon it */
MMOFL_CHECKED mmofl_status mmofl_npz_add(mmofl_npz *npz, const mmofl_tensor *tensor,
                                         mmofl_error *err);

/** Append a text as its UTF-8 bytes, a u1 array without the zero at the end:
 * bytes(npz[name]).decode() in Python.  Statuses as mmofl_npz_add. */
MMOFL_CHECKED mmofl_status mmofl_npz_add_text(mmofl_npz *npz, const char *name,
                                              const char *text, mmofl_error *err);

/** Write the directory of the zip and give the file its name.  npz is gone afterwards,
 * whatever the status; on failure path is as it was and the part is removed.
 * @retval MMOFL_E_STATE  an earlier write failed
 * @retval MMOFL_E_NO_SPACE, MMOFL_E_IO */
MMOFL_CHECKED mmofl_status mmofl_npz_finish(mmofl_npz *npz, mmofl_error *err);

/** Remove the part and leave path as it was.  NULL is allowed. */
void mmofl_npz_abandon(mmofl_npz *npz);

#endif
