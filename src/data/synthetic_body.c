/* synthetic_body.c - gait as harmonics of the stride, posture as a pendulum.
 *
 * Gait: every movement repeats with the stride (two steps), so each of the six signals
 * is a Fourier series over the stride's phase.  Left and right steps mirror each other:
 * up-down, forward and pitch repeat with every step (even harmonics), sideways, yaw and
 * roll with every stride (odd ones); asymmetry of the legs leaks into the others.
 * Amplitudes follow published trunk accelerations (walking about 0.2 g at the step
 * rate); stairs differ by pace, sharpness of the impact, lean and timing between axes,
 * by less than people differ from each other.
 *
 * Posture: gravity is 1 g along `up`, tilted by small angles: those of the gait, the
 * integral of its turning rates, and those of a damped pendulum pushed by noise and,
 * now and then, by a change of position.  Both sensors see the same angles, the
 * gyroscope their rate, so the two are bound together as in a real phone.
 *
 * Only + - * /, sqrt and floor are used: the bytes are the same on every machine. */
#include <math.h>
#include <stdbool.h>

#include "base/turns.h"
#include "data/synthetic_body.h"

enum {
    ACTIVITIES = MMOFL_BODY_ACTIVITIES,
    SIGNALS = MMOFL_BODY_SIGNALS,
    HARMONICS = MMOFL_BODY_HARMONICS,
    AXES = 3
};

#define TWO_PI 6.283185307179586477
#define DEGREE (1.0 / 360) /* in turns */
#define STEP_SECONDS (1.0 / MMOFL_BODY_RATE_HZ)

/* What people have in common in one activity. */
struct habit {
    double steps_hz;                      /* 0 = still */
    double amplitude[SIGNALS][HARMONICS]; /* g and rad/s */
    double lag[SIGNALS];                  /* turns of the stride */
    double pitch, pitch_spread;           /* lean to the front, degrees */
    double roll_spread;                   /* degrees */
    double sway, breath;                  /* degrees */
    double fidgets_hz;
};

static const struct habit habits[ACTIVITIES] = {
    [MMOFL_WALKING] = {.steps_hz = 1.90,
                       .amplitude = {{.02, .22, .01, .08, .01, .03},
                                     {.10, .02, .06, .01, .02, .00},
                                     {.02, .14, .01, .05, .01, .02},
                                     {.35, .04, .12, .02, .04, .00},
                                     {.06, .25, .02, .10, .01, .03},
                                     {.30, .04, .10, .02, .03, .00}},
                       .lag = {.00, .10, .12, .30, .20, .05},
                       .pitch = 3,
                       .pitch_spread = 4,
                       .roll_spread = 3,
                       .sway = 1.0},
    [MMOFL_WALKING_UPSTAIRS] = {.steps_hz = 1.68,
                                .amplitude = {{.04, .20, .02, .06, .01, .02},
                                              {.11, .02, .05, .01, .02, .00},
                                              {.03, .13, .02, .04, .01, .02},
                                              {.30, .05, .10, .02, .03, .00},
                                              {.12, .30, .03, .09, .01, .02},
                                              {.36, .05, .09, .02, .02, .00}},
                                .lag = {.00, .12, .07, .30, .14, .08},
                                .pitch = 7,
                                .pitch_spread = 4,
                                .roll_spread = 3,
                                .sway = 1.3},
    [MMOFL_WALKING_DOWNSTAIRS] = {.steps_hz = 2.02,
                                  .amplitude = {{.04, .28, .02, .14, .02, .07},
                                                {.12, .03, .07, .02, .03, .01},
                                                {.03, .14, .02, .07, .01, .03},
                                                {.38, .05, .14, .03, .05, .01},
                                                {.09, .28, .03, .13, .02, .05},
                                                {.28, .05, .12, .03, .04, .01}},
                                  .lag = {.00, .08, .16, .33, .24, .03},
                                  .pitch = 2,
                                  .pitch_spread = 4,
                                  .roll_spread = 3,
                                  .sway = 1.3},
    [MMOFL_SITTING] = {.pitch = -10,
                       .pitch_spread = 8,
                       .roll_spread = 4,
                       .sway = 0.30,
                       .breath = 0.45,
                       .fidgets_hz = 0.05},
    [MMOFL_STANDING] = {.pitch = 3,
                        .pitch_spread = 4,
                        .roll_spread = 3,
                        .sway = 0.65,
                        .breath = 0.25,
                        .fidgets_hz = 0.05},
    [MMOFL_LAYING] = {.pitch = -80,
                      .pitch_spread = 9,
                      .roll_spread = 20,
                      .sway = 0.25,
                      .breath = 0.60,
                      .fidgets_hz = 0.03}};

/* --- drawing ---------------------------------------------------------------------- */

/* 1 + spread * normal, kept between a third and three: a factor near one. */
static double draw_factor(mmofl_rng *rng, double spread)
{
    double factor = 1 + spread * mmofl_rng_normal(rng);
    return factor < 1.0 / 3 ? 1.0 / 3 : factor > 3 ? 3 : factor;
}

/* Noise of variance 1 in one draw: the sum of a word's four 16-bit quarters (Irwin and
 * Hall) is normal enough for a sensor and many times cheaper than a true normal. */
static double draw_noise(mmofl_rng *rng)
{
    uint64_t bits = mmofl_rng_bits(rng);
    double sum = (double)((bits & 0xffff) + (bits >> 16 & 0xffff) +
                          (bits >> 32 & 0xffff) + (bits >> 48));
    return (sum - 131070) * (1 / 37837.22); /* sd of the sum: 65536 / sqrt(3) */
}

/* --- the person ------------------------------------------------------------------- */

void mmofl_body_init(mmofl_body *body, uint64_t seed, uint64_t person,
                     double difficulty)
{
    mmofl_rng rng = mmofl_rng_open(seed, person, 0, MMOFL_USE_SYNTHETIC);
    double d = difficulty;
    *body = (mmofl_body){.seed = seed, .person = person, .difficulty = d};
    body->pace = draw_factor(&rng, 0.04 * d);
    body->asymmetry = 0.5 * d * mmofl_rng_normal(&rng);
    body->sharpness = draw_factor(&rng, 0.25 * d);
    for (int i = 0; i < SIGNALS; i++) {
        body->gain[i] = draw_factor(&rng, 0.16 * d);
        body->lag[i] = 0.025 * d * mmofl_rng_normal(&rng);
        body->bias[i] = (i < AXES ? 0.01 : 0.02) * d * mmofl_rng_normal(&rng);
    }
    for (int a = 0; a < ACTIVITIES; a++) {
        const struct habit *habit = &habits[a];
        body->style_pace[a] = draw_factor(&rng, 0.03 * d);
        body->style_gain[a] = draw_factor(&rng, 0.10 * d);
        body->pitch[a] =
            (habit->pitch + habit->pitch_spread * d * mmofl_rng_normal(&rng)) * DEGREE;
        body->roll[a] = habit->roll_spread * d * mmofl_rng_normal(&rng) * DEGREE;
    }
    for (int i = 0; i < AXES; i++)
        body->mount[i] = 3 * DEGREE * d * mmofl_rng_normal(&rng);
}

/* --- a recording ------------------------------------------------------------------ */

/* Rotations about x, then y, then z, by angles in turns. */
static void rotation_of(const double angle[AXES], double r[AXES][AXES])
{
    double sx, cx, sy, cy, sz, cz;
    mmofl_turns(angle[0], &sx, &cx);
    mmofl_turns(angle[1], &sy, &cy);
    mmofl_turns(angle[2], &sz, &cz);
    const double made[AXES][AXES] = {
        {cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx},
        {sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx},
        {-sy, cy * sx, cy * cx}};
    for (int i = 0; i < AXES; i++)
        for (int j = 0; j < AXES; j++)
            r[i][j] = made[i][j];
}

/* Which way is up for a trunk that leans by pitch to the front and roll to the right.
 * Lying on the back is a pitch of -90 degrees, turned by roll about the trunk. */
static void point_up(mmofl_activity activity, double pitch, double roll,
                     double up[AXES])
{
    double sp, cp, sr, cr;
    mmofl_turns(pitch, &sp, &cp);
    mmofl_turns(roll, &sr, &cr);
    if (activity == MMOFL_LAYING) {
        up[0] = cp;
        up[1] = -sp * sr;
        up[2] = -sp * cr;
    } else {
        up[0] = cp * cr;
        up[1] = -cp * sr;
        up[2] = -sp;
    }
}

/* Fourier coefficients of the gait: amplitude a and timing l turns of the stride give
 * a cos(2 pi h (phase - l)) for harmonic h. */
static void begin_gait(mmofl_recording *r, const mmofl_body *body)
{
    const struct habit *habit = &habits[r->activity];
    double d = body->difficulty;
    r->stride_hz = habit->steps_hz / 2 * body->pace * body->style_pace[r->activity] *
                   draw_factor(&r->rng, 0.02 * d);
    for (int i = 0; i < SIGNALS; i++) {
        bool sideways = i % 2 == 1; /* as opposed to in step */
        double gain = body->gain[i] * body->style_gain[r->activity] *
                      draw_factor(&r->rng, 0.06 * d);
        double lag =
            habit->lag[i] + body->lag[i] + 0.01 * d * mmofl_rng_normal(&r->rng);
        for (int h = 1; h <= HARMONICS; h++) {
            bool leaks = (h % 2 == 0) == sideways;
            double amplitude = gain * habit->amplitude[i][h - 1];
            amplitude *= h >= 3 ? body->sharpness : 1;
            amplitude *= leaks ? 1 + body->asymmetry : 1;
            double s, c;
            mmofl_turns(h * lag, &s, &c);
            r->cosine[i][h - 1] = amplitude * c;
            r->sine[i][h - 1] = amplitude * s;
        }
    }
}

void mmofl_recording_begin(mmofl_recording *recording, const mmofl_body *body,
                           mmofl_activity activity, uint64_t number)
{
    mmofl_recording *r = recording;
    const struct habit *habit = &habits[activity];
    double d = body->difficulty, mount[AXES];
    *r = (mmofl_recording){.activity = (int)activity};
    r->rng = mmofl_rng_open(body->seed, body->person, 1 + number, MMOFL_USE_SYNTHETIC);
    for (int i = 0; i < SIGNALS; i++) {
        r->noise[i] = (i < AXES ? 0.008 : 0.02) * d;
        r->bias[i] = body->bias[i];
    }
    for (int i = 0; i < AXES; i++)
        mount[i] = body->mount[i] + 1.5 * DEGREE * d * mmofl_rng_normal(&r->rng);
    rotation_of(mount, r->rotation);
    /* One draw a statement: C leaves the order of arguments to the compiler. */
    double pitch = body->pitch[activity] + 2 * DEGREE * d * mmofl_rng_normal(&r->rng);
    double roll = body->roll[activity] + 2 * DEGREE * d * mmofl_rng_normal(&r->rng);
    point_up(activity, pitch, roll, r->up);
    r->phase = mmofl_rng_uniform(&r->rng);
    r->breath_hz = 0.2 + 0.15 * mmofl_rng_uniform(&r->rng);
    r->breath_phase = mmofl_rng_uniform(&r->rng);
    r->breath = habit->breath * draw_factor(&r->rng, 0.3 * d) * DEGREE * TWO_PI;
    r->sway = habit->sway * draw_factor(&r->rng, 0.4 * d) * DEGREE * TWO_PI;
    r->fidget = habit->fidgets_hz * STEP_SECONDS * d;
    begin_gait(r, body);
}

/* Move the gait on by one sample: signals receives accelerations and turning rates,
 * angle the integral of the rates. */
static void step_gait(mmofl_recording *r, double signals[SIGNALS], double angle[AXES])
{
    /* Pace and strength wander by some percent over a few seconds. */
    r->pace_drift = 0.99 * r->pace_drift + 0.004 * draw_noise(&r->rng);
    r->gain_drift = 0.99 * r->gain_drift + 0.014 * draw_noise(&r->rng);
    r->phase += r->stride_hz * (1 + r->pace_drift) * STEP_SECONDS;
    double s1, c1, s = 0, c = 1, gain = 1 + r->gain_drift;
    mmofl_turns(r->phase, &s1, &c1);
    for (int h = 0; h < HARMONICS; h++) {
        double next = c * c1 - s * s1;
        s = s * c1 + c * s1;
        c = next;
        double seconds = 1 / (TWO_PI * r->stride_hz * (h + 1));
        for (int i = 0; i < SIGNALS; i++)
            signals[i] += gain * (r->cosine[i][h] * c + r->sine[i][h] * s);
        for (int i = 0; i < AXES; i++)
            angle[i] += gain * seconds *
                        (r->cosine[AXES + i][h] * s - r->sine[AXES + i][h] * c);
    }
}

/* Move the trunk's pendulum on by one sample: it swings at 0.5 Hz about `rest`, damped
 * to half of critical, which makes its angle wander with sd `sway`. */
static void step_posture(mmofl_recording *r, double rate[AXES], double angle[AXES])
{
    const double w = TWO_PI * 0.5, damping = 0.5;
    /* Stationary variance of the angle under white noise q: q^2 / (4 damping w^3). */
    const double drive = sqrt(4 * damping * w * w * w / STEP_SECONDS);
    if (r->fidget > 0 && mmofl_rng_uniform(&r->rng) < r->fidget)
        for (int i = 0; i < AXES; i++)
            r->rest[i] = 3 * DEGREE * TWO_PI * mmofl_rng_normal(&r->rng);
    for (int i = 0; i < AXES; i++) {
        double push = w * w * (r->rest[i] - r->angle[i]) -
                      2 * damping * w * r->rate[i] +
                      drive * r->sway * draw_noise(&r->rng);
        r->rate[i] += push * STEP_SECONDS;
        r->angle[i] += r->rate[i] * STEP_SECONDS;
        rate[i] += r->rate[i];
        angle[i] += r->angle[i];
    }
    double s, c;
    r->breath_phase += r->breath_hz * STEP_SECONDS;
    mmofl_turns(r->breath_phase, &s, &c);
    angle[1] += r->breath * s;
    rate[1] += r->breath * c * TWO_PI * r->breath_hz;
}

/* Gravity seen from a trunk that turned by small angles: up - angle x up, of length 1.
 */
static void add_gravity(const double up[AXES], const double angle[AXES],
                        double acceleration[AXES])
{
    double g[AXES] = {up[0] - (angle[1] * up[2] - angle[2] * up[1]),
                      up[1] - (angle[2] * up[0] - angle[0] * up[2]),
                      up[2] - (angle[0] * up[1] - angle[1] * up[0])};
    double length = sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]);
    for (int i = 0; i < AXES; i++)
        acceleration[i] += g[i] / length;
}

void mmofl_recording_read(mmofl_recording *recording, int steps, float *acceleration,
                          float *turning)
{
    mmofl_recording *r = recording;
    for (int t = 0; t < steps; t++) {
        double signals[SIGNALS] = {0}, angle[AXES] = {0};
        if (habits[r->activity].steps_hz > 0)
            step_gait(r, signals, angle);
        step_posture(r, signals + AXES, angle);
        add_gravity(r->up, angle, signals);
        for (int i = 0; i < SIGNALS; i++) {
            const double *row = r->rotation[i % AXES];
            const double *from = i < AXES ? signals : signals + AXES;
            double value = row[0] * from[0] + row[1] * from[1] + row[2] * from[2] +
                           r->bias[i] + r->noise[i] * draw_noise(&r->rng);
            float *to = i < AXES ? acceleration : turning;
            to[AXES * t + i % AXES] = (float)value;
        }
    }
}
