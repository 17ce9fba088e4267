/* rebase.h - an update that began with another model than the round's, or went too far
 * from it: what it did, done to the model of the open round.
 *
 *   from   the model that training began with          to   the open round's model
 *   x      the model that came of it                   to + scale (x - from)
 *
 * A coordinator that waits for nobody takes updates of s rounds ago with
 * scale = (1 + s)^-a (FedAsync, Xie et al. 2019, section 3, polynomial; used on
 * differences as in FedBuff, Nguyen et al. 2022, algorithm 1).  Clipping to a norm
 * bounds what one device can do to the model: scale = C / |x - from| where that is
 * below 1, and to = from.  Numbers are doubles in between; P parameters. */
#ifndef MMOFL_FED_REBASE_H
#define MMOFL_FED_REBASE_H

#include <stddef.h>
#include <stdint.h>

/** (1 + s)^-a, in (0, 1] for a >= 0; 1 for s = 0. */
double mmofl_staleness_weight(uint64_t s, double a);

/** |x - from|_2; finite for finite floats.  Cost: O(P). */
double mmofl_difference_norm(const float *x, const float *from, size_t n);

/** out = to + scale (x - from); may be not finite where x is huge.  out may be x.
 * Cost: O(P). */
void mmofl_rebase(float *out, const float *x, const float *from, const float *to,
                  double scale, size_t n);

#endif
