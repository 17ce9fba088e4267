/* test_fleet_remote.c - devices that are elsewhere are asked, and nothing else is
 * different. */
#define _GNU_SOURCE
#include "fleet_fixture.h"

/* Devices with the samples of a simulated fleet, learning outside of it. */
typedef struct elsewhere {
    const fleet *simulated;
    mmofl_status refuses; /* what the round ends with */
    int rounds;
} elsewhere;

static mmofl_status round_elsewhere(void *context, mmofl_coordinator *coordinator,
                                    const mmofl_broadcast *broadcast,
                                    const uint32_t *participants, uint32_t n,
                                    mmofl_error *err)
{
    elsewhere *e = context;
    if (e->refuses)
        return mmofl_fail(err, e->refuses, "nobody is there");
    const fleet *f = e->simulated;
    const mmofl_simulation_setup *u = &f->setup;
    mmofl_learner_setup learner = {.model = mmofl_simulation_model(f->simulation),
                                   .train = u->train,
                                   .seed = u->seed,
                                   .buffer = u->stream->buffer};
    mmofl_learner_space *space;
    mmofl_holding holding;
    mmofl_arena arena = MMOFL_ARENA_INIT;
    CHECK_OK(mmofl_learner_space_new(&learner, false, 0, &space));
    CHECK_OK(
        mmofl_holding_init(&holding, mmofl_simulation_source(f->simulation), &arena));
    for (uint32_t i = n; i-- > 0;) { /* in another order than the simulator's */
        mmofl_update update;
        mmofl_holding_look(&holding, participants[i], broadcast->round);
        mmofl_buffer_view view = mmofl_holding_view(&holding);
        CHECK_OK(mmofl_learner_round(&learner, space, participants[i], broadcast, &view,
                                     NULL, &update));
        CHECK_OK(mmofl_coordinator_accept(coordinator, &update));
    }
    e->rounds++;
    mmofl_arena_free(&arena);
    mmofl_learner_space_delete(space);
    return MMOFL_OK;
}

static void devices_elsewhere_give_the_bytes_of_simulated_ones(void **state)
{
    (void)state;
    fleet here, there;
    fleet_prepare(&here, 5, 200, 2);
    here.setup.participation = 3;
    fleet_start(&here);
    elsewhere e = {.simulated = &here};
    mmofl_remote_fleet remote = {round_elsewhere, &e};
    fleet_prepare(&there, 5, 200, 1);
    there.setup.participation = 3;
    there.setup.partition = NULL; /* samples are the devices' business */
    there.setup.remote = &remote;
    fleet_start(&there);
    for (int t = 0; t < 4; t++) {
        mmofl_round_summary a, b;
        mmofl_error err = {0};
        CHECK_OK(mmofl_simulation_round(here.simulation, NULL, &a, &err));
        CHECK_OK(mmofl_simulation_round(there.simulation, NULL, &b, &err));
        assert_memory_equal(&a, &b, sizeof a);
    }
    CHECK_INT(e.rounds, 4);
    assert_memory_equal(mmofl_simulation_parameters(here.simulation),
                        mmofl_simulation_parameters(there.simulation),
                        mmofl_simulation_model(here.simulation)->n_parameters *
                            sizeof(float));
    CHECK(mmofl_simulation_evaluate(here.simulation).loss ==
          mmofl_simulation_evaluate(there.simulation).loss);
    fleet_delete(&here);
    fleet_delete(&there);
}

static void a_round_that_cannot_be_had_ends_with_its_reason(void **state)
{
    (void)state;
    fleet there;
    elsewhere e = {.refuses = MMOFL_E_INTERRUPTED};
    mmofl_remote_fleet remote = {round_elsewhere, &e};
    mmofl_round_summary summary;
    mmofl_error err = {0};
    fleet_prepare(&there, 5, 200, 1);
    there.setup.remote = &remote;
    fleet_start(&there);
    CHECK_STATUS(mmofl_simulation_round(there.simulation, NULL, &summary, &err),
                 MMOFL_E_INTERRUPTED);
    CHECK_TEXT(err.text, "nobody is there");
    fleet_delete(&there);
}

CHECK_MAIN(TEST(devices_elsewhere_give_the_bytes_of_simulated_ones),
           TEST(a_round_that_cannot_be_had_ends_with_its_reason))
