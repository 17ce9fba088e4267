/* turns.c - Taylor series on an eighth of a turn, and symmetry for the rest.
 *
 * Counting in turns makes the reduction exact: subtracting the nearest quarter turn
 * loses no bit.  What remains is at most pi/4 in radians, where the first term left out
 * is r^17/17! < 5e-17 for the sine and r^16/16! < 1.1e-15 for the cosine. */
#include <math.h>

#include "base/turns.h"

void mmofl_turns(double turns, double *sine, double *cosine)
{
    double quarters = floor(4 * turns + 0.5);
    double r = (turns - quarters / 4) * 6.283185307179586477, r2 = r * r;
    double s = 1, c = 1;
    for (int k = 14; k >= 2; k -= 2) {
        s = 1 - s * r2 / ((k + 1) * k);
        c = 1 - c * r2 / (k * (k - 1));
    }
    s *= r;
    int quadrant = (int)(quarters - 4 * floor(quarters / 4));
    *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
    *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
}
