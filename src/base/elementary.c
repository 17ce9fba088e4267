/* elementary.c - reduction to a short interval, and a series there. */
#include <math.h>

#include "base/elementary.h"

#define LN2 0.69314718055994531

/* x = f * 2^e with f in [sqrt(1/2), sqrt(2)), then
 * ln f = 2 atanh(s) = 2 (s + s^3/3 + s^5/5 + ...), s = (f-1)/(f+1), |s| < 0.1716. */
double mmofl_ln(double x)
{
    int e;
    double f = frexp(x, &e);
    if (f < 0.70710678118654752) {
        f *= 2;
        e--;
    }
    double s = (f - 1) / (f + 1), s2 = s * s, sum = 0;
    for (int k = 21; k >= 1; k -= 2)
        sum = sum * s2 + 1.0 / k;
    return 2 * s * sum + e * LN2;
}

/* x = n ln 2 + r, |r| <= ln 2 / 2, Taylor series of 14 terms. */
double mmofl_exp(double x)
{
    double n = floor(x / LN2 + 0.5), r = x - n * LN2, sum = 1;
    for (int k = 14; k >= 1; k--)
        sum = 1 + sum * r / k;
    return ldexp(sum, (int)n);
}
