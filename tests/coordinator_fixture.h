/* coordinator_fixture.h - a coordinator of tiny models, and answers to it. */
#ifndef MMOFL_TESTS_COORDINATOR_FIXTURE_H
#define MMOFL_TESTS_COORDINATOR_FIXTURE_H

#include "fed/aggregation.h"
#include "fed/coordinator.h"
#include "nn_fixture.h"

/** Parameters of the models. */
enum { N = 3 };

static const float initial[N] = {0.5f, -1, 2};

static inline mmofl_coordinator_setup setup_of(uint32_t devices, double participation,
                                               const char *aggregation)
{
    return (mmofl_coordinator_setup){
        .seed = 7,
        .devices = devices,
        .participation = participation,
        .n_parameters = N,
        .aggregation = fixture_pick(mmofl_aggregation_kinds(), aggregation)};
}

static inline mmofl_coordinator *new_coordinator(uint32_t devices, double participation,
                                                 const char *aggregation)
{
    mmofl_coordinator_setup setup = setup_of(devices, participation, aggregation);
    mmofl_coordinator *c = NULL;
    CHECK_OK(mmofl_coordinator_new(&setup, initial, &c, NULL));
    return c;
}

/** Open a round; its number is returned. */
static inline uint64_t open_round(mmofl_coordinator *c, const uint32_t **participants,
                                  uint32_t *n)
{
    mmofl_broadcast broadcast;
    CHECK_OK(mmofl_coordinator_open(c, &broadcast, participants, n));
    CHECK_INT(broadcast.n_parameters, N);
    CHECK(broadcast.parameters == mmofl_coordinator_parameters(c));
    return broadcast.round;
}

static inline mmofl_round_summary close_round(mmofl_coordinator *c)
{
    mmofl_round_summary summary;
    CHECK_OK(mmofl_coordinator_close(c, &summary));
    return summary;
}

/** A device's answer whose numbers are its own. */
static inline mmofl_update answer(uint64_t device, uint64_t round, float *w)
{
    fixture_fill(w, N, 100 * round + device);
    return (mmofl_update){.device = device,
                          .round = round,
                          .n_parameters = N,
                          .parameters = w,
                          .samples = 1 + (uint32_t)device,
                          .report = {.fresh = 4,
                                     .fresh_correct = (uint32_t)device % 5,
                                     .fresh_loss = 1.0 / (double)(device + 3),
                                     .steps = 2,
                                     .train_loss = 1.0 / (double)(device + 7)}};
}

static inline mmofl_status send_answer(mmofl_coordinator *c, uint64_t device,
                                       uint64_t round)
{
    float w[N];
    mmofl_update update = answer(device, round, w);
    return mmofl_coordinator_accept(c, &update);
}

#endif
