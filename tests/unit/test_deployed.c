/* test_deployed.c - a coordinator and its devices over a bus that loses, repeats,
 * reorders, damages and breaks off: the bytes are those of the simulator. */
#include "scratch.h"

#include "fake_bus.h"

#include "device/agent.h"
#include "run/setup.h"
#include "serve/server.h"

enum { DEVICES = 6, ROUNDS = 4 };

static const char experiment[] =
    "name: deployed\n"
    "seeds: 5\n"
    "data: {set: synthetic-har, persons: 3, train: 240, test: 60}\n"
    "fleet: {devices: 6, partition: {kind: iid}}\n"
    "stream: {buffer: 12, new: 4}\n"
    "rounds: 4\n"
    "imbalance: {modalities: {gyroscope: {missing: 0.4,"
    " noise: {kind: gauss, share: 0.5, sigma: 1}}}}\n"
    "model:\n"
    "  modalities:\n"
    "    accelerometer: &imu [{conv1d: {out: 4, kernel: 8, stride: 8}}, relu,"
    " global_avg_pool, {linear: {out: 6}}]\n"
    "    gyroscope: *imu\n"
    "  head: [{linear: {out: 6}}]\n"
    "train: {batch: 5, lr: 0.1}\n";

/* Everything of one deployment, in one process and on one clock. */
typedef struct deployed {
    mmofl_experiment experiment;
    mmofl_setup here, there; /* simulated, deployed */
    mmofl_simulation *simulated, *remote;
    mmofl_admission_list devices;
    mmofl_journal *journal;
    mmofl_server *server;
    fake_broker broker;
    scratch *scratch;
    mmofl_agent *agent[DEVICES];
    char name[DEVICES][32], state[DEVICES][512];
    mmofl_holding holding[DEVICES];
    mmofl_arena arena;
    int kill; /* the next agent to be replaced, somewhere in a round; -1: none */
    int kills, turns;
    int stop_every; /* turns until the server is replaced; 0: never */
} deployed;

static double now(void *context)
{
    return ((const deployed *)context)->broker.now;
}

static mmofl_status connect_device(void *context, const mmofl_bus_events *events,
                                   const mmofl_bus_will *will, mmofl_bus **bus,
                                   mmofl_error *err)
{
    (void)err;
    *bus = fake_bus_new(&((deployed *)context)->broker, *events, will, true);
    return MMOFL_OK;
}

static mmofl_status connect_server(void *context, const mmofl_bus_events *events,
                                   mmofl_bus **bus, mmofl_error *err)
{
    return connect_device(context, events, NULL, bus, err);
}

static void start_agent(deployed *d, int k)
{
    mmofl_error err = {0};
    mmofl_agent_setup setup = {.federation = "deployed",
                               .name = d->name[k],
                               .folder = d->state[k],
                               .program = "test",
                               .lockstep = true,
                               .connect = connect_device,
                               .connect_context = d,
                               .clock = now,
                               .clock_context = d};
    CHECK_OK(mmofl_agent_new(&setup, &d->agent[k], &err));
}

/* The sample that comes next to device k, as the simulator says. */
static void feed(deployed *d, int k)
{
    static float values[MMOFL_MAX_MODALITIES][512];
    mmofl_holding *h = &d->holding[k];
    mmofl_error err = {0};
    uint64_t arrival = mmofl_agent_arrivals(d->agent[k]);
    mmofl_holding_look(h, (uint64_t)k,
                       mmofl_stream_round_of(&d->experiment.stream, arrival));
    int i = (int)(arrival - h->window.first);
    mmofl_line line = {.kind = MMOFL_LINE_SAMPLE,
                       .label = h->label[i],
                       .mask = h->mask[i],
                       .standardized = true};
    for (int m = 0; m < d->here.data->n_modalities; m++) {
        line.values[m] = values[m];
        if (h->mask[i] >> m & 1)
            mmofl_holding_fetch(h, i, m, values[m]);
    }
    CHECK_OK(mmofl_agent_take(d->agent[k], &line, &err));
}

/* The server's loop asks whether to stop: time goes on, and the devices have their
 * turn.
 */
static bool give_devices_a_turn(void *context)
{
    deployed *d = context;
    mmofl_error err = {0};
    d->broker.now += 0.05;
    d->turns++;
    for (int k = 0; k < DEVICES; k++) {
        while (mmofl_agent_wants_samples(d->agent[k]))
            feed(d, k);
        CHECK_OK(mmofl_agent_step(d->agent[k], 0, &err));
    }
    if (d->kill >= 0 && d->turns % 40 == 0) { /* anywhere in a round */
        int k = d->kill++ % DEVICES;
        mmofl_agent_delete(d->agent[k]);
        start_agent(d, k);
        d->kills++;
    }
    CHECK(d->turns < 200000);
    return d->stop_every > 0 && d->turns % d->stop_every == 0;
}

static void start_server(deployed *d)
{
    char path[600];
    mmofl_error err = {0};
    snprintf(path, sizeof path, "%s/journal", d->scratch->folder);
    CHECK_OK(mmofl_journal_open(path, &d->journal, &err));
    mmofl_server_setup setup = {.federation = "deployed",
                                .devices = &d->devices,
                                .run = &d->there,
                                .seed = 5,
                                .journal = d->journal,
                                .connect = connect_server,
                                .connect_context = d,
                                .stop_asked = give_devices_a_turn,
                                .stop_context = d,
                                .clock = now,
                                .clock_context = d};
    CHECK_OK(mmofl_server_new(&setup, &d->server, &err));
    d->there.remote = mmofl_server_fleet(d->server);
    CHECK_OK(mmofl_setup_simulation(&d->there, 5, &d->remote, &err));
}

static void stop_server(deployed *d)
{
    mmofl_simulation_delete(d->remote);
    mmofl_server_delete(d->server);
    mmofl_journal_close(d->journal);
}

static void begin_deployed_with(deployed *d, scratch *s, const char *const *settings,
                                int n_settings, fake_faults faults)
{
    mmofl_error err = {0};
    *d = (deployed){.scratch = s, .kill = -1};
    CHECK_OK(mmofl_experiment_parse(experiment, strlen(experiment), "test", NULL,
                                    settings, n_settings, &d->experiment, &err));
    CHECK_OK(mmofl_setup_init(&d->here, &d->experiment, 1, &err));
    CHECK_OK(mmofl_setup_share(&d->there, &d->experiment, d->here.data, 1, &err));
    CHECK_OK(mmofl_setup_simulation(&d->here, 5, &d->simulated, &err));
    CHECK_OK(mmofl_admission_number(DEVICES, &d->devices, &err));
    fake_broker_init(&d->broker, 7);
    d->broker.faults = faults;
    for (int k = 0; k < DEVICES; k++) {
        snprintf(d->name[k], sizeof d->name[k], "device-%d", k);
        snprintf(d->state[k], sizeof d->state[k], "%s/%d", s->folder, k);
        CHECK_INT(mkdir(d->state[k], 0700), 0);
        CHECK_OK(mmofl_holding_init(&d->holding[k],
                                    mmofl_simulation_source(d->simulated), &d->arena));
        start_agent(d, k);
    }
    start_server(d);
}

static void begin_deployed(deployed *d, scratch *s, const char *setting,
                           fake_faults faults)
{
    begin_deployed_with(d, s, &setting, setting ? 1 : 0, faults);
}

static void end_deployed(deployed *d)
{
    stop_server(d);
    for (int k = 0; k < DEVICES; k++)
        mmofl_agent_delete(d->agent[k]);
    fake_broker_free(&d->broker);
    mmofl_simulation_delete(d->simulated);
    mmofl_setup_free(&d->there);
    mmofl_setup_free(&d->here);
    mmofl_admission_free(&d->devices);
    mmofl_experiment_free(&d->experiment);
    mmofl_arena_free(&d->arena);
}

/* The server's process is replaced: the new one has what a checkpoint has, and the
 * journal. */
static void replace_server(deployed *d, uint64_t round, const float *parameters)
{
    size_t n = mmofl_simulation_model(d->simulated)->n_parameters;
    float *kept = malloc(n * sizeof *kept);
    CHECK(kept);
    memcpy(kept, parameters, n * sizeof *kept);
    stop_server(d);
    start_server(d);
    CHECK_OK(mmofl_simulation_restore(d->remote, round, kept));
    free(kept);
    d->kills++;
}

static void check_round(deployed *d, uint64_t round)
{
    mmofl_round_summary a, b;
    mmofl_error err = {0};
    mmofl_status st;
    while ((st = mmofl_simulation_round(d->remote, NULL, &b, &err)) ==
           MMOFL_E_INTERRUPTED)
        replace_server(d, round - 1, mmofl_simulation_parameters(d->simulated));
    CHECK_OK(st);
    CHECK_OK(mmofl_simulation_round(d->simulated, NULL, &a, &err));
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_equal(mmofl_simulation_parameters(d->simulated),
                        mmofl_simulation_parameters(d->remote),
                        mmofl_simulation_model(d->simulated)->n_parameters *
                            sizeof(float));
}

static void check_same_bytes(void **state, const char *setting, fake_faults faults,
                             int kill, int stop_every)
{
    deployed d;
    begin_deployed(&d, *state, setting, faults);
    d.kill = kill;
    d.stop_every = stop_every;
    for (int t = 0; t < ROUNDS; t++)
        check_round(&d, (uint64_t)t + 1);
    CHECK((kill < 0 && stop_every == 0) || d.kills > 0);
    end_deployed(&d);
}

static const fake_faults none, many = {.lose = 0.1,
                                       .repeat = 0.1,
                                       .damage = 0.05,
                                       .cut = 0.05,
                                       .delay = 0.2,
                                       .late_s = 3,
                                       .break_off = 0.01,
                                       .forget = 0.5,
                                       .away_s = 2};

static void devices_over_a_bus_learn_what_simulated_ones_do(void **state)
{
    check_same_bytes(state, "method=qqr", none, -1, 0);
}

static void devices_that_keep_numbers_for_the_rule_do_so_too(void **state)
{
    check_same_bytes(state, "aggregation=scaffold", none, -1, 0);
}

static void a_bad_bus_costs_time_and_no_bits(void **state)
{
    check_same_bytes(state, "method=qqr", many, -1, 0);
}

static void devices_that_die_anywhere_cost_no_bits(void **state)
{
    check_same_bytes(state, "aggregation=scaffold", many, 0, 0);
}

static void a_coordinator_that_dies_anywhere_costs_no_bits(void **state)
{
    check_same_bytes(state, NULL, many, -1, 30);
}

static void everybody_may_die(void **state)
{
    check_same_bytes(state, "aggregation=median", many, 0, 150);
}

static void only_those_that_are_drawn_are_asked(void **state)
{
    check_same_bytes(state, "participation=2", many, -1, 0);
}

/* Where most take part, a task could go to everybody at once: it must not, as who was
 * not drawn would learn, and keep other numbers for the rule. */
static void those_that_are_not_drawn_do_not_learn(void **state)
{
    deployed d;
    const char *settings[] = {"aggregation=scaffold", "participation=5"};
    begin_deployed_with(&d, *state, settings, 2, none);
    for (int t = 0; t < ROUNDS; t++)
        check_round(&d, (uint64_t)t + 1);
    end_deployed(&d);
}

CHECK_MAIN(IN_A_FOLDER(devices_over_a_bus_learn_what_simulated_ones_do),
           IN_A_FOLDER(devices_that_keep_numbers_for_the_rule_do_so_too),
           IN_A_FOLDER(a_bad_bus_costs_time_and_no_bits),
           IN_A_FOLDER(devices_that_die_anywhere_cost_no_bits),
           IN_A_FOLDER(a_coordinator_that_dies_anywhere_costs_no_bits),
           IN_A_FOLDER(everybody_may_die),
           IN_A_FOLDER(only_those_that_are_drawn_are_asked),
           IN_A_FOLDER(those_that_are_not_drawn_do_not_learn))
