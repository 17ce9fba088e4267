/* utd_mhad.h - UTD Multimodal Human Action Dataset: 27 actions of 8 people, each done
 * four times, seen by an inertial sensor on the wrist or thigh and by a Kinect camera.
 *
 * C. Chen, R. Jafari, N. Kehtarnavaz, "UTD-MHAD: A Multimodal Dataset for Human Action
 * Recognition Utilizing a Depth Camera and a Wearable Inertial Sensor", ICIP 2015. */
#ifndef MMOFL_DATA_UTD_MHAD_H
#define MMOFL_DATA_UTD_MHAD_H

#include "data/source.h"

typedef struct mmofl_utd_mhad_options {
    const char *train_subjects; /* "1 3 5 7" */
} mmofl_utd_mhad_options;

/** Modalities accelerometer (128, 3) in g, gyroscope (128, 3) in deg/s, skeleton
 * (64, 60) in m: x, y, z of 20 joints; and depth (30, 40, 8): eight frames as channels,
 * in units of 16 mm, 0 where the camera saw nothing.  A sample is one action from start
 * to end, stretched in time to that many steps.  Owner = subject 1 ... 8; samples are
 * in the order of action, subject and trial, and time counts them within their part.
 *
 * Read from a folder or zip with either
 *   acc_f32.npy, gyro_f32.npy, skeleton_f32.npy, depth_u8.npy and index.tsv, or
 *   a<i>_s<j>_t<k>_inertial.mat and ..._skeleton.mat, the authors' MATLAB files, in any
 *   folders; this set has no depth.
 * Either may be a cut of the full set, whose files must agree with each other. */
extern const mmofl_data_source mmofl_utd_mhad;

#endif
