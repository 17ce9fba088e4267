/* synthetic_body.h - a made-up person with a phone at the waist: what its accelerometer
 * and gyroscope record while the person walks, sits or lies.
 *
 * A person is a set of traits (pace, strength and timing of each movement, asymmetry,
 * how the phone sits, habits of posture).  A recording is one stretch of one activity,
 * read piece by piece in time order at 50 Hz. */
#ifndef MMOFL_DATA_SYNTHETIC_BODY_H
#define MMOFL_DATA_SYNTHETIC_BODY_H

#include "base/rng.h"

enum {
    MMOFL_BODY_ACTIVITIES = 6,
    MMOFL_BODY_SIGNALS = 6,   /* acceleration x y z, turning rate x y z */
    MMOFL_BODY_HARMONICS = 6, /* of the stride: two steps */
    MMOFL_BODY_RATE_HZ = 50
};

/** Order of the classes, as in UCI-HAR. */
typedef enum mmofl_activity {
    MMOFL_WALKING,
    MMOFL_WALKING_UPSTAIRS,
    MMOFL_WALKING_DOWNSTAIRS,
    MMOFL_SITTING,
    MMOFL_STANDING,
    MMOFL_LAYING
} mmofl_activity;

/** Traits of a person.  Angles in turns. */
typedef struct mmofl_body {
    uint64_t seed, person;
    double difficulty;
    double pace;                              /* factor on the step rate */
    double asymmetry;                         /* left leg against right, 0 = none */
    double sharpness;                         /* factor on the third harmonic and up */
    double gain[MMOFL_BODY_SIGNALS];          /* factor on each movement */
    double lag[MMOFL_BODY_SIGNALS];           /* timing of each movement */
    double style_pace[MMOFL_BODY_ACTIVITIES]; /* factors of this activity alone */
    double style_gain[MMOFL_BODY_ACTIVITIES];
    double pitch[MMOFL_BODY_ACTIVITIES]; /* usual lean */
    double roll[MMOFL_BODY_ACTIVITIES];
    double mount[3];                 /* how the phone is turned */
    double bias[MMOFL_BODY_SIGNALS]; /* of its sensors, g and rad/s */
} mmofl_body;

/** Draw a person.  difficulty: 0 = all people alike and no noise, 1 = as real people,
 * above = harder. */
void mmofl_body_init(mmofl_body *body, uint64_t seed, uint64_t person,
                     double difficulty);

/** One recording, underway. */
typedef struct mmofl_recording {
    mmofl_rng rng;
    int activity;
    double noise[MMOFL_BODY_SIGNALS]; /* sd */
    double bias[MMOFL_BODY_SIGNALS];
    double rotation[3][3]; /* trunk to phone */
    double up[3];          /* at rest, in the trunk's frame */
    double cosine[MMOFL_BODY_SIGNALS][MMOFL_BODY_HARMONICS]; /* the gait */
    double sine[MMOFL_BODY_SIGNALS][MMOFL_BODY_HARMONICS];
    double stride_hz;
    double phase; /* of the stride, turns */
    double pace_drift, gain_drift;
    double breath_hz, breath_phase, breath; /* radians */
    double sway;                            /* drive of the pendulum, rad/s^2 */
    double fidget;                          /* chance per sample */
    double angle[3], rate[3], rest[3];      /* the trunk's sway: rad, rad/s, rad */
} mmofl_recording;

/** Start person's number-th recording. */
void mmofl_recording_begin(mmofl_recording *recording, const mmofl_body *body,
                           mmofl_activity activity, uint64_t number);

/** The next `steps` samples: acceleration (steps, 3) in g, gravity included, and
 * turning rate (steps, 3) in rad/s.  x points up along the standing trunk, y to the
 * right, z to the front. */
void mmofl_recording_read(mmofl_recording *recording, int steps, float *acceleration,
                          float *turning);

#endif
