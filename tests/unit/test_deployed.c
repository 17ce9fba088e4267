/* test_deployed.c - a coordinator and its devices over a bus that loses, repeats,
 * reorders, damages and breaks off: the bytes are those of the simulator. */
#include "deployed_fixture.h"

#include "serve/server.h"

/* Everything of one deployment, in one process and on one clock. */
typedef struct deployed {
    real_devices devices;
    real_server served;
    fake_broker broker;
    int kills;
    int stop_every; /* turns until the server is replaced; 0: never */
} deployed;

/* The server's loop asks whether to stop: time goes on, and the devices have their
 * turn.
 */
static bool take_turn(void *context)
{
    deployed *d = context;
    d->broker.now += 0.05;
    give_devices_a_turn(&d->devices);
    return d->stop_every > 0 && d->devices.turns % d->stop_every == 0;
}

static void start_server(deployed *d)
{
    start_real_server(&d->served, &d->devices, &d->broker, 0, take_turn, d);
}

static void begin_deployed(deployed *d, scratch *s, deployed_settings settings,
                           fake_faults faults)
{
    *d = (deployed){0};
    fake_broker_init(&d->broker, 7);
    d->broker.faults = faults;
    fake_broker *broker[DEVICES];
    for (int k = 0; k < DEVICES; k++)
        broker[k] = &d->broker;
    begin_devices(&d->devices, s, settings, broker);
    prepare_real_server(&d->served, &d->devices, "device", DEVICES);
    start_server(d);
}

static void end_deployed(deployed *d)
{
    end_real_server(&d->served);
    end_devices(&d->devices);
    fake_broker_free(&d->broker);
}

/* The arrays beside the model that a checkpoint has, out of a simulation or into it:
 * those of before the open round, as only its close changes them. */
static void copy_state(mmofl_simulation *simulation, void *data[MMOFL_STATE_ARRAYS],
                       bool out)
{
    mmofl_state_array array[MMOFL_STATE_ARRAYS];
    int n = mmofl_simulation_state(simulation, array, MMOFL_STATE_ARRAYS);
    for (int i = 0; i < n; i++) {
        size_t bytes = array[i].n * (array[i].type == MMOFL_STATE_F64 ? 8 : 4);
        if (out)
            data[i] = malloc(bytes);
        CHECK(data[i]);
        memcpy(out ? data[i] : array[i].data, out ? array[i].data : data[i], bytes);
        if (!out)
            free(data[i]);
    }
}

/* The server's process is replaced: the new one has what a checkpoint has, and the
 * journal. */
static void replace_server(deployed *d, uint64_t rounds)
{
    float *kept = copy_model(&d->devices);
    void *state[MMOFL_STATE_ARRAYS];
    copy_state(d->served.remote, state, true);
    stop_real_server(&d->served);
    start_server(d);
    copy_state(d->served.remote, state, false);
    CHECK_OK(mmofl_simulation_restore(d->served.remote, rounds, kept));
    free(kept);
    d->kills++;
}

static void check_settings(void **state, deployed_settings settings, fake_faults faults,
                           bool kill, int stop_every)
{
    deployed d;
    begin_deployed(&d, *state, settings, faults);
    d.devices.kill = kill;
    d.stop_every = stop_every;
    for (uint64_t t = 0; t < ROUNDS; t++) {
        mmofl_round_summary summary;
        mmofl_error err = {0};
        mmofl_status st;
        while ((st = mmofl_simulation_round(d.served.remote, NULL, &summary, &err)) ==
               MMOFL_E_INTERRUPTED)
            replace_server(&d, t);
        CHECK_OK(st);
        check_same_round(&d.devices, d.served.remote, &summary);
    }
    CHECK((!kill && stop_every == 0) || d.kills + d.devices.kills > 0);
    end_deployed(&d);
}

static void check_same_bytes(void **state, const char *setting, fake_faults faults,
                             bool kill, int stop_every)
{
    check_settings(state, (deployed_settings){{setting}}, faults, kill, stop_every);
}

static void devices_over_a_bus_learn_what_simulated_ones_do(void **state)
{
    check_same_bytes(state, "method=qqr", no_faults, false, 0);
}

static void devices_that_keep_numbers_for_the_rule_do_so_too(void **state)
{
    check_same_bytes(state, "aggregation=scaffold", no_faults, false, 0);
}

static void a_bad_bus_costs_time_and_no_bits(void **state)
{
    check_same_bytes(state, "method=qqr", many_faults, false, 0);
}

static void devices_that_die_anywhere_cost_no_bits(void **state)
{
    check_same_bytes(state, "aggregation=scaffold", many_faults, true, 0);
}

static void a_coordinator_that_dies_anywhere_costs_no_bits(void **state)
{
    check_same_bytes(state, NULL, many_faults, false, 30);
}

static void everybody_may_die(void **state)
{
    check_same_bytes(state, "aggregation=median", many_faults, true, 150);
}

static void only_those_that_are_drawn_are_asked(void **state)
{
    check_same_bytes(state, "participation=2", many_faults, false, 0);
}

/* Where most take part, a task could go to everybody at once: it must not, as who was
 * not drawn would learn, and keep other numbers for the rule. */
static void those_that_are_not_drawn_do_not_learn(void **state)
{
    check_settings(state,
                   (deployed_settings){{"aggregation=scaffold", "participation=5"}},
                   no_faults, false, 0);
}

/* Who hears late, and from another process, that its update was used goes on with it.
 */
static void who_is_seldom_drawn_may_die_too(void **state)
{
    check_settings(state,
                   (deployed_settings){{"aggregation=scaffold", "participation=2"}},
                   many_faults, true, 60);
}

static void count_notice(void *context, const char *topic, const void *payload,
                         size_t size)
{
    (void)topic, (void)payload, (void)size;
    ++*(int *)context;
}

static void say_nothing(void *context, bool resumed)
{
    (void)context, (void)resumed;
}

/* Devices that hear of tasks need no notice of each round; who comes later needs one,
 * but not at once. */
static void rounds_are_announced_once_a_second_at_most(void **state)
{
    deployed d;
    int notices = 0;
    begin_deployed(&d, *state, (deployed_settings){{NULL}}, no_faults);
    mmofl_bus *bus = fake_bus_new(&d.broker,
                                  (mmofl_bus_events){.connected = say_nothing,
                                                     .message = count_notice,
                                                     .context = &notices},
                                  NULL, true);
    CHECK_OK(bus->kind->subscribe(bus, "mmofl/deployed/round"));
    double begun = d.broker.now;
    for (uint64_t t = 0; t < 2 * ROUNDS; t++) {
        mmofl_round_summary summary;
        mmofl_error err = {0};
        CHECK_OK(bus->kind->step(bus, 0, &err));
        CHECK_OK(mmofl_simulation_round(d.served.remote, NULL, &summary, &err));
        CHECK_OK(bus->kind->step(bus, 0, &err));
    }
    CHECK(notices >= 1 && notices <= 1 + d.broker.now - begun);
    CHECK(2 * ROUNDS > 1 + d.broker.now - begun); /* rounds were more */
    bus->kind->destroy(bus);
    end_deployed(&d);
}

CHECK_MAIN(IN_A_FOLDER(devices_over_a_bus_learn_what_simulated_ones_do),
           IN_A_FOLDER(devices_that_keep_numbers_for_the_rule_do_so_too),
           IN_A_FOLDER(a_bad_bus_costs_time_and_no_bits),
           IN_A_FOLDER(devices_that_die_anywhere_cost_no_bits),
           IN_A_FOLDER(a_coordinator_that_dies_anywhere_costs_no_bits),
           IN_A_FOLDER(everybody_may_die),
           IN_A_FOLDER(only_those_that_are_drawn_are_asked),
           IN_A_FOLDER(those_that_are_not_drawn_do_not_learn),
           IN_A_FOLDER(who_is_seldom_drawn_may_die_too),
           IN_A_FOLDER(rounds_are_announced_once_a_second_at_most))
