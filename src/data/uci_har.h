/* uci_har.h - Human Activity Recognition Using Smartphones (UCI 240): six activities of
 * 30 people, accelerometer and gyroscope at the waist, 2.56 s windows at 50 Hz.
 *
 * D. Anguita, A. Ghio, L. Oneto, X. Parra, J. L. Reyes-Ortiz, "A Public Domain Dataset
 * for Human Activity Recognition Using Smartphones", ESANN 2013. */
#ifndef MMOFL_DATA_UCI_HAR_H
#define MMOFL_DATA_UCI_HAR_H

#include "data/source.h"

typedef struct mmofl_uci_har_options {
    int accelerometer; /* mmofl_uci_har_accelerometer */
} mmofl_uci_har_options;

typedef enum mmofl_uci_har_accelerometer {
    MMOFL_UCI_HAR_TOTAL_ACC, /* with gravity */
    MMOFL_UCI_HAR_BODY_ACC   /* gravity filtered out by the authors */
} mmofl_uci_har_accelerometer;

/** Modalities accelerometer (128, 3) in g and gyroscope (128, 3) in rad/s; owner = the
 * subject's number, time = the row's number in its part.  Takes any archive of this
 * layout whose files agree with each other, be it the full set or a cut of it. */
extern const mmofl_data_source mmofl_uci_har;

#endif
