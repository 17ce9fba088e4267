/* synthetic_har.h - a data set of the shape of UCI-HAR that needs no download: made-up
 * people (synthetic_body.h) doing six activities.
 *
 * For trying things and for tests.  Results on it say nothing about real people. */
#ifndef MMOFL_DATA_SYNTHETIC_HAR_H
#define MMOFL_DATA_SYNTHETIC_HAR_H

#include "data/source.h"

typedef struct mmofl_synthetic_har_options {
    int persons;       /* >= 2; about 30 % of them are in the test part only */
    int train, test;   /* windows; at least one for each person of that part */
    int seed;          /* another seed, other people */
    double difficulty; /* how much people differ and sensors err; 1 = as real ones */
} mmofl_synthetic_har_options;

/** Modalities accelerometer (128, 3) in g, gravity included, and gyroscope (128, 3) in
 * rad/s, 50 Hz; the classes of UCI-HAR.  Each person makes recordings of every
 * activity, cut into windows of 2.56 s that overlap by half.  Owner = the person, from
 * 1; time = the window's number among the person's.  The same options give the same
 * bytes on every machine.  import fails with
 * @retval MMOFL_E_INFEASIBLE  fewer windows than people in a part
 * @retval MMOFL_E_MEMORY */
extern const mmofl_data_source mmofl_synthetic_har;

#endif
