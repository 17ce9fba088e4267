/* stats.c - formulas; each is checked against printed tables in test_stats.c. */
#include <math.h>

#include "report/stats.h"

void mmofl_stats_spread(const double *x, size_t n, double *mean, double *sd)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *mean = n ? sum / (double)n : (double)NAN;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - *mean) * (x[i] - *mean);
    *sd = n > 1 ? sqrt(squares / (double)(n - 1)) : n ? 0 : (double)NAN;
}

/* ---- Student's t ---- */

/* A term of Lentz's method must not be zero, as it is divided by. */
static double away_from_zero(double x)
{
    return fabs(x) < 1e-300 ? 1e-300 : x;
}

/* The continued fraction of I_x(a, b); it converges fast for x < (a+1) / (a+b+2). */
static double fraction(double a, double b, double x)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), f = d;
    for (int m = 1; m < 1000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        f *= c * d;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        f *= c * d;
        if (fabs(c * d - 1) < 1e-15)
            break;
    }
    return f;
}

double mmofl_stats_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    double front =
        exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * fraction(a, b, x) / a;
    return 1 - front * fraction(b, a, 1 - x) / b;
}

double mmofl_stats_t_p(double t, double df)
{
    return isnan(t) ? t : mmofl_stats_beta(df / 2, 0.5, df / (df + t * t));
}

double mmofl_stats_t_quantile(double level, double df)
{
    double low = 0, high = 1;
    while (mmofl_stats_t_p(high, df) > 1 - level && high < 1e12)
        high *= 2;
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (mmofl_stats_t_p(middle, df) > 1 - level)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* ---- pairs ---- */

/* 2 P(X <= k) for X ~ Binomial(n, 1/2), at most 1. */
static double two_sided_binomial(size_t k, size_t n)
{
    double sum = 0, ln_half = log(0.5);
    for (size_t i = 0; i <= k; i++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) -
                   lgamma((double)(n - i) + 1) + (double)n * ln_half);
    return fmin(1, 2 * sum);
}

mmofl_paired mmofl_stats_paired(const double *a, const double *b, size_t n)
{
    mmofl_paired p = {.n = n, .t = (double)NAN, .p = (double)NAN, .sign_p = 1};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] - b[i];
        p.wins += a[i] > b[i];
        p.ties += !(a[i] > b[i]) && !(a[i] < b[i]);
    }
    p.mean = n ? sum / (double)n : (double)NAN;
    for (size_t i = 0; i < n; i++)
        squares += pow(a[i] - b[i] - p.mean, 2);
    p.sd = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
    if (n > 1 && p.sd > 0) {
        p.t = p.mean / (p.sd / sqrt((double)n));
        p.p = mmofl_stats_t_p(p.t, (double)(n - 1));
    } else if (n > 1) {
        /* No spread: equal throughout, or different by the same amount throughout. */
        p.p = p.mean < 0 || p.mean > 0 ? 0 : 1;
    }
    size_t decided = n - p.ties, losses = decided - p.wins;
    if (decided > 0)
        p.sign_p = two_sided_binomial(p.wins < losses ? p.wins : losses, decided);
    return p;
}

double mmofl_stats_growth(const double *x, const double *y, size_t n)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0, used = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(x[i] > 0) || !(y[i] > 0))
            continue;
        double u = log(x[i]), v = log(y[i]);
        used++;
        sx += u;
        sy += v;
        sxx += u * u;
        sxy += u * v;
    }
    double spread = used * sxx - sx * sx;
    return used < 3 || !(spread > 0) ? (double)NAN : (used * sxy - sx * sy) / spread;
}
