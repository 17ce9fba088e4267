/* local_rule.c - the weight of a round with momentum, by its recurrence.
 *
 * The factor of the j-th last step is f_j = momentum f_(j-1) + 1, which climbs to
 * 1 / (1 - momentum) and stops there in floating point; the remaining steps are one
 * product, so that a count of steps that came from elsewhere costs no time. */
#include "learn/local_rule.h"

double mmofl_local_steps(uint32_t steps, double momentum)
{
    double sum = 0, factor = 0;
    for (; steps > 0; steps--) {
        double next = momentum * factor + 1;
        if (!(next > factor))
            break;
        factor = next;
        sum += factor;
    }
    return sum + steps * factor;
}
