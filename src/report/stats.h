/* stats.h - the few statistics that a table of paired runs needs.
 *
 * Runs are paired by seed: both methods saw the same data, devices and initial model,
 * so the difference within a seed is what is tested.  All functions are pure. */
#ifndef MMOFL_REPORT_STATS_H
#define MMOFL_REPORT_STATS_H

#include <stddef.h>

/** Mean, and sample standard deviation (n - 1; 0 for one value); NaN for n = 0. */
void mmofl_stats_spread(const double *x, size_t n, double *mean, double *sd);

/** The regularized incomplete beta function I_x(a, b), 0 <= x <= 1, a, b > 0, to about
 * 1e-14: continued fraction by Lentz's method (Numerical Recipes, 3rd ed., 6.4). */
double mmofl_stats_beta(double a, double b, double x);

/** P(|T| >= |t|) for Student's t with df > 0 degrees of freedom: I_x(df/2, 1/2) at
 * x = df / (df + t^2). */
double mmofl_stats_t_p(double t, double df);

/** The t that |T| stays below with probability `level` (0.95: the usual interval). */
double mmofl_stats_t_quantile(double level, double df);

/** Two methods over the same n seeds. */
typedef struct mmofl_paired {
    size_t n;
    double mean, sd;   /* of a - b */
    double t, p;       /* two-sided paired t-test; NaN for n < 2 */
    size_t wins, ties; /* seeds where a > b, a = b */
    double sign_p;     /* two-sided exact sign test without the ties; 1 for none */
} mmofl_paired;

mmofl_paired mmofl_stats_paired(const double *a, const double *b, size_t n);

/** The exponent g of y ~ x^g: slope of log y over log x by least squares, over the
 * points with x > 0 and y > 0; NaN when there are fewer than 3. */
double mmofl_stats_growth(const double *x, const double *y, size_t n);

#endif
