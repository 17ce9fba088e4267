/* pca.c - principal components by Jacobi's eigenvalue method.
 *
 * With X the centred points, X'X (d,d) and XX' (n,n) have the same eigenvalues; the
 * smaller is taken.  Coordinates are X v for an eigenvector v of the first, and
 * sqrt(value) u for one of the second. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/pca.h"

enum { SWEEPS = 60 }; /* convergence is quadratic: far more than any matrix takes */

/* ---- eigenvalues ---- */

/* Turn rows p and q of a matrix by an angle. */
static void turn_rows(double *a, size_t n, size_t p, size_t q, double c, double s)
{
    for (size_t k = 0; k < n; k++) {
        double x = a[p * n + k], y = a[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
    }
}

static void turn_columns(double *a, size_t n, size_t p, size_t q, double c, double s)
{
    for (size_t k = 0; k < n; k++) {
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
}

/* Make a[p][q] zero by the smaller of the two angles that do; false when it is so
 * small beside the diagonal that it already counts as zero. */
static bool rotate(double *a, double *vector, size_t n, size_t p, size_t q)
{
    double off = a[p * n + q], app = a[p * n + p], aqq = a[q * n + q];
    if (fabs(off) <= 1e-15 * sqrt(fabs(app) * fabs(aqq)) || fabs(off) < 1e-300)
        return false;
    double theta = (aqq - app) / (2 * off);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    turn_rows(a, n, p, q, c, s);
    turn_columns(a, n, p, q, c, s);
    turn_rows(vector, n, p, q, c, s);
    return true;
}

static void swap_rows(double *a, size_t n, size_t p, size_t q)
{
    for (size_t k = 0; k < n; k++) {
        double x = a[p * n + k];
        a[p * n + k] = a[q * n + k];
        a[q * n + k] = x;
    }
}

static void sort_descending(double *value, double *vector, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t largest = i;
        for (size_t k = i + 1; k < n; k++)
            largest = value[k] > value[largest] ? k : largest;
        double x = value[i];
        value[i] = value[largest];
        value[largest] = x;
        if (largest != i)
            swap_rows(vector, n, i, largest);
    }
}

void mmofl_jacobi(double *a, size_t n, double *value, double *vector)
{
    memset(vector, 0, n * n * sizeof *vector);
    for (size_t i = 0; i < n; i++)
        vector[i * n + i] = 1;
    bool turned = true;
    for (int sweep = 0; turned && sweep < SWEEPS; sweep++) {
        turned = false;
        for (size_t p = 0; p + 1 < n; p++)
            for (size_t q = p + 1; q < n; q++)
                turned |= rotate(a, vector, n, p, q);
    }
    for (size_t i = 0; i < n; i++)
        value[i] = a[i * n + i];
    sort_descending(value, vector, n);
}

/* ---- projection ---- */

static void centre(const double *point, size_t n, size_t d, double *x)
{
    for (size_t k = 0; k < d; k++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += point[i * d + k];
        for (size_t i = 0; i < n; i++)
            x[i * d + k] = point[i * d + k] - sum / (double)n;
    }
}

/* XX' (of_points) or X'X, (m,m). */
static void multiply(const double *x, size_t n, size_t d, bool of_points, double *out)
{
    size_t m = of_points ? n : d, inner = of_points ? d : n;
    size_t step = of_points ? d : 1, along = of_points ? 1 : d;
    for (size_t i = 0; i < m; i++)
        for (size_t j = i; j < m; j++) {
            double sum = 0;
            for (size_t k = 0; k < inner; k++)
                sum += x[i * step + k * along] * x[j * step + k * along];
            out[i * m + j] = out[j * m + i] = sum;
        }
}

/* Coordinate `axis` of every point, for that eigenvalue and vector. */
static void project(const double *x, size_t n, size_t d, bool of_points, double value,
                    const double *vector, double *place, int axis)
{
    double farthest = 0;
    for (size_t i = 0; i < n; i++) {
        double at = 0;
        if (of_points)
            at = sqrt(fmax(0, value)) * vector[i];
        else
            for (size_t k = 0; k < d; k++)
                at += x[i * d + k] * vector[k];
        place[2 * i + (size_t)axis] = at;
        farthest = fabs(at) > fabs(farthest) ? at : farthest;
    }
    for (size_t i = 0; farthest < 0 && i < n; i++)
        place[2 * i + (size_t)axis] *= -1;
}

mmofl_status mmofl_pca(const double *point, size_t n, size_t d, double *place,
                       double share[2])
{
    bool of_points = n < d;
    size_t m = of_points ? n : d;
    double *x = calloc(n * d, sizeof *x), *square = calloc(m * m, sizeof *square);
    double *vector = calloc(m * m, sizeof *vector), *value = calloc(m, sizeof *value);
    bool has_room = x && square && vector && value;
    if (has_room) {
        centre(point, n, d, x);
        multiply(x, n, d, of_points, square);
        double trace = 0;
        for (size_t i = 0; i < m; i++)
            trace += square[i * m + i];
        mmofl_jacobi(square, m, value, vector);
        for (int axis = 0; axis < 2; axis++) {
            bool exists = (size_t)axis < m && trace > 0;
            share[axis] = exists ? fmax(0, value[axis]) / trace : 0;
            for (size_t i = 0; i < n; i++)
                place[2 * i + (size_t)axis] = 0;
            if (exists)
                project(x, n, d, of_points, value[axis], vector + (size_t)axis * m,
                        place, axis);
        }
    }
    free(x);
    free(square);
    free(vector);
    free(value);
    return has_room ? MMOFL_OK : MMOFL_E_MEMORY;
}
