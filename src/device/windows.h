/* windows.h - from single readings of sensors to samples: windows of equal length in
 * time, with each modality at its own rate.
 *
 *   readings   x  x x  x   x x x  x x        x x x x     any times, each sensor its own
 *   window k   |<---- length_s ---->|
 *   window k+1          |<---- length_s ---->|           step_s later
 *   values     |  .  .  .  .  .  .  |                    at the modality's rate,
 * between readings on a straight line
 *
 * A modality without a reading for more than gap_s somewhere in a window is missing in
 * it.  A window is made once every sensor has gone past its end, or when some sensor is
 * late_s past it: who has stopped holds nobody up.  Times are the sensors' own, in
 * seconds; a time that goes back by more than a window begins anew from there (a sensor
 * or its clock was restarted), a smaller step back is a reading that came too late and
 * is dropped.  Memory is bounded by the readings of two windows. Shapes: M modalities,
 * of (T_m, C_m): T_m values of C_m channels in each window. */
#ifndef MMOFL_DEVICE_WINDOWS_H
#define MMOFL_DEVICE_WINDOWS_H

#include "device/sample_line.h"

typedef struct mmofl_windows mmofl_windows;

/** {0} takes the values in brackets. */
typedef struct mmofl_windows_spec {
    double rate_hz[MMOFL_MAX_MODALITIES]; /* values each second [the signal's] */
    double step_s; /* between the beginnings of windows [half a window] */
    double gap_s;  /* longest time without a reading [5 periods of the modality] */
    double late_s; /* how long the slowest sensor is waited for [one window] */
} mmofl_windows_spec;

/** For these signals (borrowed).
 * @retval E_SHAPE  a modality that is no window of (T, C)
 * @retval E_RANGE  no rate is known of a modality, or windows of different lengths:
 *                  T_m / rate_m must be the same for all, within one value
 * @retval E_MEMORY */
MMOFL_CHECKED mmofl_status mmofl_windows_new(const mmofl_signals *signals,
                                             const mmofl_windows_spec *spec,
                                             mmofl_windows **windows, mmofl_error *err);
void mmofl_windows_delete(mmofl_windows *windows);

/** Take a reading (a line of that kind).  The label of a window is that of its last
 * reading that had one.  Allocates nothing. */
void mmofl_windows_add(mmofl_windows *windows, const mmofl_line *reading);

/** The next window that is complete, as a line of kind sample, valid until the next
 * call; NULL: none yet.  A window in which every modality is missing is passed over. */
const mmofl_line *mmofl_windows_next(mmofl_windows *windows);

#endif
