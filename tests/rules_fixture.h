/* rules_fixture.h - rounds of an aggregation rule on models of N numbers. */
#ifndef MMOFL_TESTS_RULES_FIXTURE_H
#define MMOFL_TESTS_RULES_FIXTURE_H

#include "coordinator_fixture.h"

/** Rules with settings that suit fleets of five or more. */
static const char *const every_rule[] = {
    "fedavg",      "fedprox mu=0.5", "fedavgm",
    "fedadam",     "fedyogi",        "fednova",
    "scaffold",    "median",         "trimmed_mean trim=0.2",
    "krum multi=2"};
enum { EVERY_RULE = (int)(sizeof every_rule / sizeof *every_rule) };

/** Round `round`, in which devices 0 ... devices - 1 answer with the rows of x after as
 * many steps; the next model. */
static inline const float *run_rows(mmofl_coordinator *c, const float (*x)[N],
                                    const uint32_t *steps, uint32_t devices)
{
    const uint32_t *who;
    uint32_t n;
    uint64_t round = open_round(c, &who, &n);
    for (uint32_t d = 0; d < devices; d++)
        CHECK_OK(mmofl_coordinator_accept(
            c, &(mmofl_update){.device = d,
                               .round = round,
                               .n_parameters = N,
                               .parameters = x[d],
                               .samples = 1,
                               .report = {.steps = steps ? steps[d] : 1}}));
    close_round(c);
    return mmofl_coordinator_parameters(c);
}

/** A round of one device whose model is the one it received plus delta everywhere. */
static inline const float *run_delta(mmofl_coordinator *c, float delta)
{
    float x[1][N];
    for (int i = 0; i < N; i++)
        x[0][i] = mmofl_coordinator_parameters(c)[i] + delta;
    return run_rows(c, (const float(*)[N])x, NULL, 1);
}

#endif
