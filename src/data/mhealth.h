/* mhealth.h - MHEALTH (UCI 319): twelve activities of ten people, acceleration and
 * electrocardiogram at the chest, inertial units at the left ankle and the right arm,
 * 50 Hz.
 *
 * O. Banos, R. Garcia, J. A. Holgado-Terriza, M. Damas, H. Pomares, I. Rojas, A. Saez,
 * C. Villalonga, "mHealthDroid: A Novel Framework for Agile Development of Mobile
 * Health Applications", IWAAL 2014. */
#ifndef MMOFL_DATA_MHEALTH_H
#define MMOFL_DATA_MHEALTH_H

#include "data/activity_logs.h"
#include "data/source.h"

/** The files mHealth_subject1.log ... 10.log: 24 numbers a row, all recorded. */
extern const mmofl_activity_layout mmofl_mhealth_layout;

/** Options: a mmofl_activity_options.  Modalities by place: chest_acceleration
 * (length, 3), ecg (length, 2), ankle and arm (length, 9); by kind: accelerometer
 * (length, 9), gyroscope and magnetometer (length, 6), ecg.  Owner = the subject's
 * number.  Takes any archive of this layout, be it of all people or of some. */
extern const mmofl_data_source mmofl_mhealth;

#endif
