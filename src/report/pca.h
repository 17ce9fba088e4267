/* pca.h - points in many dimensions as a picture: their two directions of largest
 * variance. */
#ifndef MMOFL_REPORT_PCA_H
#define MMOFL_REPORT_PCA_H

#include "mmofl/status.h"

/** Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations.
 * @param[in,out] a    (n,n) row-major; destroyed
 * @param[out] value   (n) descending
 * @param[out] vector  (n,n) row i is the unit vector of value i
 * Cost: O(n^3) a sweep, about ten sweeps. */
void mmofl_jacobi(double *a, size_t n, double *value, double *vector);

/** Project n points of d dimensions, n and d >= 1.
 * @param[in]  point  (n,d) row-major, finite
 * @param[out] place  (n,2) coordinates, whose mean is 0; of the two signs of an axis
 *                    the one that makes the coordinate farthest from 0 positive
 * @param[out] share  of all variance that each axis shows, in [0, 1]; 0 when the
 *                    points are one
 * @retval MMOFL_E_MEMORY
 * Cost: O(n d min(n, d)) and mmofl_jacobi of min(n, d). */
MMOFL_CHECKED mmofl_status mmofl_pca(const double *point, size_t n, size_t d,
                                     double *place, double share[2]);

#endif
