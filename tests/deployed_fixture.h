/* deployed_fixture.h - real agents on fake buses, fed with what the simulator's devices
 * get, beside that simulator: whoever coordinates them must come to its bytes. */
#ifndef MMOFL_TESTS_DEPLOYED_FIXTURE_H
#define MMOFL_TESTS_DEPLOYED_FIXTURE_H

#include "scratch.h"

#include "fake_bus.h"

#include "device/agent.h"
#include "run/setup.h"
#include "serve/server.h"

enum { DEVICES = 6, ROUNDS = 4, SEED = 5 };

static const char deployed_experiment[] =
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

static const fake_faults no_faults, many_faults = {.lose = 0.1,
                                                   .repeat = 0.1,
                                                   .damage = 0.05,
                                                   .cut = 0.05,
                                                   .delay = 0.2,
                                                   .late_s = 3,
                                                   .break_off = 0.01,
                                                   .forget = 0.5,
                                                   .away_s = 2};

/** Devices, and the fleet that is simulated beside them. */
typedef struct real_devices {
    scratch *scratch;
    mmofl_experiment experiment;
    mmofl_setup here;
    mmofl_simulation *simulated;
    fake_broker *broker[DEVICES];
    mmofl_agent *agent[DEVICES];
    char name[DEVICES][32], state[DEVICES][512];
    mmofl_holding holding[DEVICES];
    mmofl_arena arena;
    bool kill; /* one after the other is replaced, somewhere in a round */
    int kills, turns;
} real_devices;

/** All brokers of a test have the same time. */
static inline double devices_clock(void *context)
{
    return ((const real_devices *)context)->broker[0]->now;
}

static inline mmofl_status connect_device(void *context, const mmofl_bus_events *events,
                                          const mmofl_bus_will *will, mmofl_bus **bus,
                                          mmofl_error *err)
{
    (void)err;
    *bus = fake_bus_new(context, *events, will, true);
    return MMOFL_OK;
}

static inline mmofl_status connect_server(void *context, const mmofl_bus_events *events,
                                          mmofl_bus **bus, mmofl_error *err)
{
    return connect_device(context, events, NULL, bus, err);
}

static inline void start_agent(real_devices *d, int k)
{
    mmofl_error err = {0};
    mmofl_agent_setup setup = {.federation = "deployed",
                               .name = d->name[k],
                               .folder = d->state[k],
                               .program = "test",
                               .lockstep = true,
                               .connect = connect_device,
                               .connect_context = d->broker[k],
                               .clock = devices_clock,
                               .clock_context = d};
    CHECK_OK(mmofl_agent_new(&setup, &d->agent[k], &err));
}

/** The sample that comes next to device k, as the simulator says. */
static inline void feed_device(real_devices *d, int k)
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

/** Settings beyond those of the experiment; NULL: no more. */
typedef struct deployed_settings {
    const char *text[2];
} deployed_settings;

/** The simulated fleet, and its devices for real, each with its broker. */
static inline void begin_devices(real_devices *d, scratch *s,
                                 deployed_settings settings,
                                 fake_broker *const broker[DEVICES])
{
    mmofl_error err = {0};
    *d = (real_devices){.scratch = s};
    CHECK_OK(mmofl_experiment_parse(
        deployed_experiment, strlen(deployed_experiment), "test", NULL, settings.text,
        !!settings.text[0] + !!settings.text[1], &d->experiment, &err));
    CHECK_OK(mmofl_setup_init(&d->here, &d->experiment, 1, &err));
    CHECK_OK(mmofl_setup_simulation(&d->here, SEED, &d->simulated, &err));
    for (int k = 0; k < DEVICES; k++) {
        d->broker[k] = broker[k];
        snprintf(d->name[k], sizeof d->name[k], "device-%d", k);
        snprintf(d->state[k], sizeof d->state[k], "%s/%d", s->folder, k);
        CHECK_INT(mkdir(d->state[k], 0700), 0);
        CHECK_OK(mmofl_holding_init(&d->holding[k],
                                    mmofl_simulation_source(d->simulated), &d->arena));
        start_agent(d, k);
    }
}

/** After whatever coordinates them. */
static inline void end_devices(real_devices *d)
{
    for (int k = 0; k < DEVICES; k++)
        mmofl_agent_delete(d->agent[k]);
    mmofl_simulation_delete(d->simulated);
    mmofl_setup_free(&d->here);
    mmofl_experiment_free(&d->experiment);
    mmofl_arena_free(&d->arena);
}

/** All devices have their turn. */
static inline void give_devices_a_turn(real_devices *d)
{
    mmofl_error err = {0};
    d->turns++;
    for (int k = 0; k < DEVICES; k++) {
        while (mmofl_agent_wants_samples(d->agent[k]))
            feed_device(d, k);
        CHECK_OK(mmofl_agent_step(d->agent[k], 0, &err));
    }
    if (d->kill && d->turns % 40 == 0) { /* anywhere in a round */
        int k = d->kills++ % DEVICES;
        mmofl_agent_delete(d->agent[k]);
        start_agent(d, k);
    }
    CHECK(d->turns < 200000);
}

/** The simulated fleet has the same round, and comes to the same. */
static inline void check_same_round(real_devices *d, mmofl_simulation *remote,
                                    const mmofl_round_summary *summary)
{
    mmofl_round_summary simulated;
    mmofl_error err = {0};
    CHECK_OK(mmofl_simulation_round(d->simulated, NULL, &simulated, &err));
    assert_memory_equal(&simulated, summary, sizeof simulated);
    assert_memory_equal(
        mmofl_simulation_parameters(d->simulated), mmofl_simulation_parameters(remote),
        mmofl_simulation_model(d->simulated)->n_parameters * sizeof(float));
}

/** A server of the devices, or of shards, and the simulation whose rounds it runs. */
typedef struct real_server {
    mmofl_setup there;
    mmofl_simulation *remote;
    mmofl_admission_list list;
    mmofl_journal *journal;
    mmofl_server *server;
} real_server;

/** What any server of a test is made with; stop_asked and the like are the test's. */
static inline mmofl_server_setup server_setup(real_devices *d, fake_broker *broker,
                                              const mmofl_admission_list *list,
                                              const mmofl_setup *run,
                                              mmofl_journal *journal)
{
    return (mmofl_server_setup){.federation = "deployed",
                                .devices = list,
                                .run = run,
                                .seed = SEED,
                                .journal = journal,
                                .connect = connect_server,
                                .connect_context = broker,
                                .clock = devices_clock,
                                .clock_context = d};
}

/** One life of its process; stop_asked gives the others their turn. */
static inline void start_real_server(real_server *r, real_devices *d,
                                     fake_broker *broker, uint32_t shards,
                                     bool (*stop_asked)(void *context), void *context)
{
    char path[600];
    mmofl_error err = {0};
    snprintf(path, sizeof path, "%s/journal", d->scratch->folder);
    CHECK_OK(mmofl_journal_open(path, &r->journal, &err));
    mmofl_server_setup setup = server_setup(d, broker, &r->list, &r->there, r->journal);
    setup.shards = shards;
    setup.stop_asked = stop_asked;
    setup.stop_context = context;
    CHECK_OK(mmofl_server_new(&setup, &r->server, &err));
    r->there.remote = mmofl_server_fleet(r->server);
    CHECK_OK(mmofl_setup_simulation(&r->there, SEED, &r->remote, &err));
}

static inline void stop_real_server(real_server *r)
{
    mmofl_simulation_delete(r->remote);
    mmofl_server_delete(r->server);
    mmofl_journal_close(r->journal);
}

/** The run of n that are called STEM-0, STEM-1, ...; then it may be started. */
static inline void prepare_real_server(real_server *r, const real_devices *d,
                                       const char *stem, uint32_t n)
{
    mmofl_error err = {0};
    CHECK_OK(mmofl_setup_share(&r->there, &d->experiment, d->here.data, 1, &err));
    CHECK_OK(mmofl_admission_number(stem, n, &r->list, &err));
}

/** For good. */
static inline void end_real_server(real_server *r)
{
    stop_real_server(r);
    mmofl_setup_free(&r->there);
    mmofl_admission_free(&r->list);
}

/** A copy of the simulated model before its next round (free it). */
static inline float *copy_model(const real_devices *d)
{
    size_t n = mmofl_simulation_model(d->simulated)->n_parameters;
    float *copy = malloc(n * sizeof *copy);
    CHECK(copy);
    return memcpy(copy, mmofl_simulation_parameters(d->simulated), n * sizeof *copy);
}

#endif
