/* turns.h - sine and cosine that every C library agrees on, of angles in turns.
 *
 * One turn is 2 pi.  Generated data must have the same bytes everywhere, and libm's
 * functions differ in their last bits between systems. */
#ifndef MMOFL_BASE_TURNS_H
#define MMOFL_BASE_TURNS_H

/** Sine and cosine of |turns| < 2^51 turns, within 1e-15 of the truth.
 * Uses + - * and floor only; about 10 ns. */
void mmofl_turns(double turns, double *sine, double *cosine);

#endif
