/* pamap2.h - PAMAP2 Physical Activity Monitoring (UCI 231): twelve activities of nine
 * people, three inertial units at hand, chest and ankle at 100 Hz, and a heart rate.
 *
 * A. Reiss, D. Stricker, "Introducing a New Benchmarked Dataset for Activity
 * Monitoring", ISWC 2012. */
#ifndef MMOFL_DATA_PAMAP2_H
#define MMOFL_DATA_PAMAP2_H

#include "data/activity_logs.h"
#include "data/source.h"

/** The files Protocol/subject101.dat ... 109.dat: 54 numbers a row, NaN where nothing
 * was recorded. */
extern const mmofl_activity_layout mmofl_pamap2_layout;

/** Options: a mmofl_activity_options.  Modalities by place: hand, chest, ankle
 * (length, 9) and heart_rate (length, 1); by kind: accelerometer, gyroscope,
 * magnetometer (length, 9) and heart_rate.  Owner = the subject's number.  Takes any
 * archive of this layout, be it of all people or of some. */
extern const mmofl_data_source mmofl_pamap2;

#endif
